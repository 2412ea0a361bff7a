"""REST hooks of the sandbox: who wants to hear of what, and the deliveries, to addresses of this machine only.

Deliveries leave in a thread of their own. A failed one is tried again after each pause of the knob; after the last one
its hook is dropped, as Capsule does it.
"""

import http.client
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit
from zlib import crc32

import msgspec

from consentry.core.clock import Clock
from consentry.sandbox.accounts import User
from consentry.sandbox.journal import Journal
from consentry.sandbox.knobs import Knobs
from consentry.sandbox.records import Collection, Record, What, stamp
from consentry.sandbox.seed import Crm

MOST: Final = 20
MOST_AT_ONCE: Final = 50
_FIRST_ID: Final = 90_001
ENTITIES: Final = {
    "parties": "party", "opportunities": "opportunity", "kases": "kase", "tasks": "task", "users": "user",
}  # fmt: skip
_PLAIN: Final = ("created", "updated", "deleted")
EVENTS: Final = frozenset(
    {f"{entity}/{what}" for entity in ENTITIES.values() for what in _PLAIN} - {"task/deleted"}
    | {f"{entity}/{what}" for entity in ("opportunity", "kase") for what in ("closed", "moved")}
    | {"task/completed"}
)
_ANSWER_SECONDS: Final = 5.0


class HookRefused(Exception):
    """A hook can't be had; the text says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One subscription: an event, and the address that is called."""

    id: int
    crm: Crm
    client_id: str
    event: str
    target_url: str
    embeds: frozenset[str]


@dataclass(slots=True)
class _Delivery:
    hook: Hook
    payload: list[Record]
    due: float  # steady seconds
    failures: int = 0


class Hooks:
    """Every hook of a world. Safe to be used from several threads."""

    def __init__(self, *, clock: Clock, journal: Journal, knobs: Callable[[], Knobs]) -> None:
        self._clock = clock
        self._journal = journal
        self._knobs = knobs
        self._hooks: dict[int, Hook] = {}
        self._next_id = _FIRST_ID
        self._waiting: list[_Delivery] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._is_delivering = False

    def listen(self, crm: Crm) -> None:
        """Hear of every change of an account's records."""
        for path, entity in ENTITIES.items():
            crm[path].listener = self._listener(crm, entity)

    def _listener(self, crm: Crm, entity: str) -> Callable[[What, Record, Record | None], None]:
        def hear(what: What, record: Record, before: Record | None) -> None:
            for event in events_of(entity, what, record, before) if self._hooks else ():
                self._tell(crm, event, record)

        return hear

    def subscribe(self, crm: Crm, user: User, client_id: str, wanted: dict[str, Any]) -> Record:
        """Add a hook of an application; raises HookRefused."""
        event, target = str(wanted.get("event", "")), str(wanted.get("targetUrl", ""))
        if event not in EVENTS:
            raise HookRefused("event", "event is not known")
        if urlsplit(target).scheme not in ("http", "https"):
            raise HookRefused("targetUrl", "targetUrl must be an address")
        embed = str(wanted.get("embed") or "")
        with self._changed:
            if len(crm["resthooks"]) >= MOST:
                raise HookRefused("event", f"no more than {MOST} hooks are allowed")
            hook = Hook(
                id=self._next_id,
                crm=crm,
                client_id=client_id,
                event=event,
                target_url=target,
                embeds=frozenset(embed.split(",")),
            )
            self._next_id += 1
            self._hooks[hook.id] = hook
            record = _record(crm["resthooks"], hook, user, wanted, embed, stamp(self._clock.now()))
            self._begin()
        return record

    def list_of(self, crm: Crm, client_id: str) -> tuple[Record, ...]:
        """Return the hooks of one application; those that somebody put there by hand belong to all."""
        return tuple(record for record in crm["resthooks"].all() if self._is_of(record.id, client_id))

    def remove(self, crm: Crm, client_id: str, hook_id: int) -> bool:
        """Remove a hook of an application; tell whether there was one."""
        if crm["resthooks"].find(hook_id) is None or not self._is_of(hook_id, client_id):
            return False
        if hook_id in self._hooks:
            self.drop(hook_id)
        else:
            crm["resthooks"].remove(hook_id, at=stamp(self._clock.now()))
        return True

    def _is_of(self, hook_id: int, client_id: str) -> bool:
        hook = self._hooks.get(hook_id)
        return hook is None or hook.client_id == client_id

    def drop(self, hook_id: int) -> None:
        """Forget a hook and what was to be delivered to it."""
        with self._changed:
            hook = self._hooks.pop(hook_id, None)
            self._waiting = [each for each in self._waiting if each.hook.id != hook_id]
            if hook is not None and hook.crm["resthooks"].find(hook_id) is not None:
                hook.crm["resthooks"].remove(hook_id, at=stamp(self._clock.now()))

    def picture(self) -> list[dict[str, object]]:
        """Return the hooks for people: without their addresses, which are secret."""
        return [
            {"id": hook.id, "event": hook.event, "host": urlsplit(hook.target_url).netloc}
            for hook in tuple(self._hooks.values())
        ]

    def is_idle(self) -> bool:
        """Tell whether everything was delivered that can be."""
        with self._changed:
            return not self._waiting and not self._is_delivering

    def stop(self) -> None:
        """Deliver nothing more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    # -- deliveries

    def _tell(self, crm: Crm, event: str, record: Record) -> None:
        with self._changed:
            for hook in self._hooks.values():
                if hook.crm is crm and hook.event == event:
                    self._put(hook, record)
            self._changed.notify_all()

    def _put(self, hook: Hook, record: Record) -> None:
        """Let a record travel with others that wait for their first try."""
        for delivery in self._waiting:
            if delivery.hook.id == hook.id and delivery.failures == 0 and len(delivery.payload) < MOST_AT_ONCE:
                delivery.payload.append(record)
                return
        self._waiting.append(_Delivery(hook, [record], self._clock.monotonic()))

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver_all, name="sandbox hooks", daemon=True)
            self._thread.start()

    def _deliver_all(self) -> None:
        while (delivery := self._take_due()) is not None:
            status = _post(delivery)
            self._journal.count("deliveries", "taken" if 200 <= status < 300 else "failed")
            if status == 410:
                self.drop(delivery.hook.id)
            elif not 200 <= status < 300:
                self._put_off(delivery)

    def _take_due(self) -> _Delivery | None:
        with self._changed:
            self._is_delivering = False
            while not self._stopping:
                now = self._clock.monotonic()
                due = min(self._waiting, key=lambda each: each.due, default=None)
                if due is not None and due.due <= now:
                    self._waiting.remove(due)
                    self._is_delivering = True
                    return due
                self._changed.wait(None if due is None else due.due - now)
            return None

    def _put_off(self, delivery: _Delivery) -> None:
        pauses = self._knobs().hook_retries_seconds
        with self._changed:
            if delivery.hook.id not in self._hooks:
                return
            if delivery.failures >= len(pauses):
                self.drop(delivery.hook.id)
                return
            delivery.due = self._clock.monotonic() + pauses[delivery.failures]
            delivery.failures += 1
            self._waiting.append(delivery)


def events_of(entity: str, what: What, record: Record, before: Record | None) -> Iterable[str]:
    """Yield the events that a change is. Pure."""
    if f"{entity}/{what}" in EVENTS:
        yield f"{entity}/{what}"
    if what != "updated" or before is None:
        return
    now, then = record.decode(), before.decode()
    place = "milestone" if entity == "opportunity" else "stage"
    if entity in ("opportunity", "kase"):
        if now.get(place) != then.get(place):
            yield f"{entity}/moved"
        if now.get("closedOn") and not then.get("closedOn"):
            yield f"{entity}/closed"
    if entity == "task" and now.get("status") == "COMPLETED" != then.get("status"):
        yield "task/completed"


def _record(hooks: Collection, hook: Hook, user: User, wanted: dict[str, Any], embed: str, now: str) -> Record:
    return hooks.add(
        {
            "id": hook.id,
            "user": {"id": user.id, "username": user.username, "name": user.name},
            "clientId": crc32(hook.client_id.encode()),
            "description": wanted.get("description"),
            "event": hook.event,
            "targetUrl": hook.target_url,
            "embed": embed or None,
            "batched": True,
            "createdAt": now,
            "updatedAt": now,
        }
    )


def _post(delivery: _Delivery) -> int:
    """Send a delivery, and return the status of its answer; 0 when there is none. Only this machine is called."""
    target = urlsplit(delivery.hook.target_url)
    if target.scheme != "http" or not _is_loopback(target.hostname or ""):
        return 0
    records = [msgspec.Raw(record.render(delivery.hook.embeds)) for record in delivery.payload]
    body = msgspec.json.encode({"event": delivery.hook.event, "payload": records})
    connection = http.client.HTTPConnection(target.hostname or "", target.port or 80, timeout=_ANSWER_SECONDS)
    try:
        connection.request("POST", target.path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
