"""Looks after the hooks of a credential: compares them with the provider's list, sets up, renews and removes.

A round begins with the list, so it may stop anywhere: the next one finds what came of it. It comes every hour, after
runs, and whenever somebody wants something else.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from consentry import credentials
from consentry.audit import CONSENTRY, Action, Outcome
from consentry.connectors import (
    Answer,
    Connector,
    Hooks,
    WritingClient,
    address_of,
    read_record,
    read_records,
    token_of,
)
from consentry.core.log import get_logger
from consentry.credentials import Credential, Status
from consentry.errors import ConsentryError, NotFound, PassingError, ReplyNotUnderstood, ScopeMissing
from consentry.flows import store as sources_store
from consentry.flows.hooks import hints, store, wanting
from consentry.flows.hooks.model import (
    EVERYTHING,
    Comparison,
    Hook,
    HookState,
    RemoteHook,
    compare,
    hash_of,
    why_unreachable,
)
from consentry.flows.room import Room
from consentry.outbound import backoff

EVERY: Final = timedelta(hours=1)
"""How often the provider's list is looked at: it drops hooks whose deliveries failed for too long."""
_BATCH: Final = 5
_USABLE: Final = (Status.AUTHORIZED, Status.REFRESH_FAILING)

log = get_logger("flows.hooks")


async def tend_due(room: Room) -> int:
    """Look after the credentials whose time has come; return how many there were."""
    async with room.database.reading() as connection:
        due = await store.list_due_rounds(connection, room.clock.now(), _BATCH)
    for credential_id in due:
        try:
            await tend(room, credential_id)
        except ConsentryError as error:
            log.warning("hooks were not looked after", credential_id=credential_id, problem=error.code)
    return len(due)


async def look_again(room: Room) -> int:
    """Have all hooks looked after: who was away may have been given up by a provider."""
    async with room.database.transaction() as connection:
        return await store.nudge_all(connection, room.clock.now())


async def notice_credentials(room: Room) -> int:
    """Have hooks looked after whose credential was authorized again, lost its grant or got another account."""
    async with room.database.reading() as connection:
        rounds = await store.list_rounds(connection)
    changed = 0
    for credential_id, before in rounds:
        if await _standing(room, credential_id) != before:
            changed += 1
            async with room.database.transaction() as connection:
                await store.nudge(connection, credential_id, room.clock.now())
    return changed


async def _standing(room: Room, credential_id: int) -> str:
    try:
        return _standing_of(await credentials.get(room.credentials, credential_id))
    except NotFound:
        return "gone"


def _standing_of(credential: Credential) -> str:
    account = credential.grant.account if credential.grant else None
    grant, subdomain = (credential.grant.id if credential.grant else None, account.subdomain if account else None)
    return f"{credential.status in _USABLE} {credential.client_id} {grant} {subdomain}"


async def tend(room: Room, credential_id: int) -> None:
    """Look after one credential's hooks, unless somebody else is at it."""
    async with room.database.transaction() as connection:
        held = await store.claim_round(connection, credential_id, room.owner)
    if held is None:
        return
    try:
        credential = await credentials.get(room.credentials, credential_id)
    except NotFound:  # its tokens were withdrawn; whoever still calls is told that the address is gone
        async with room.database.transaction() as connection:
            await store.remove_all_of(connection, credential_id)
        return
    failures, pause = 0, EVERY
    try:
        await _Round(room, credential).go()
    except PassingError as error:
        failures = held.failures + 1
        pause = backoff(failures, room.randomness.fraction(), longest=EVERY)
        log.info("hooks wait for the provider", credential_id=credential_id, problem=error.code)
    now, before = room.clock.now(), _standing_of(credential)
    standing = before if await _standing(room, credential_id) == before else ""  # it changed: soon looked at again
    async with room.database.transaction() as connection:
        if await store.list_of_credential(connection, credential_id):
            ended = {"due_at": now + pause, "failures": failures, "standing": standing, "checked_at": now}
            await store.end_round(connection, held, **ended)
        else:
            await store.drop_round(connection, held)


class _Round:
    """One round. Whatever the provider says that doesn't pass by itself becomes the state of hooks."""

    def __init__(self, room: Room, credential: Credential) -> None:
        self._room = room
        self._credential = credential
        self._connector: Connector = room.catalogue.get(credential.connector)
        self._public_url = room.credentials.public_url
        self._names: dict[int, str] = {}
        self._done: dict[tuple[int, Action, Outcome], list[str]] = {}

    async def go(self) -> None:
        """Bring the provider's list and ours together; raises PassingError."""
        await self._refresh_wishes()
        ours = await self._ours()
        facts = self._connector.hooks
        unreachable = why_unreachable(self._public_url, self._connector.provider, self._connector.base_url)
        if not ours or facts is None or (unreachable and not any(hook.token_hash for hook in ours)):
            await self._mark(ours, HookState.UNREACHABLE, unreachable)
            return
        try:
            room_left = await self._compare(facts)
            wanting_room = [hook for hook in await self._ours() if hook.state in _UNSUBSCRIBED]
            if unreachable:
                await self._mark(wanting_room, HookState.UNREACHABLE, unreachable)
            else:
                await self._subscribe_all(facts, wanting_room, room_left)
        except PassingError:
            raise
        except ConsentryError as error:
            await self._refuse(
                [hook for hook in await self._ours() if hook.token_hash is None or _is_final(error)], error
            )
        finally:
            await self._record()

    async def _refresh_wishes(self) -> None:
        """Ask the sources again what they want: the connector may have got events with a release."""
        now = self._room.clock.now()
        async with self._room.database.transaction() as connection:
            found = await sources_store.list_of_credential(connection, self._credential.id)
            self._names = {source.id: source.name for source in found}
            for source in found:
                await wanting.want(connection, source, self._connector, now, nudges=False)

    async def _ours(self) -> list[Hook]:
        async with self._room.database.reading() as connection:
            return await store.list_of_credential(connection, self._credential.id)

    async def _compare(self, facts: Hooks) -> int:
        """Find out what is left of our hooks, and remove what nobody needs; return how many there is room for."""
        client = await self._client()
        listed = _read_list(facts, (await client.get(facts.path)).body)
        hashes = {hash_of(token) for remote in listed if (token := token_of(remote.address))}
        async with self._room.database.reading() as connection:  # after the list: what is in it was written before
            ours = await store.list_of_credential(connection, self._credential.id)
            known = await store.known_hashes(connection, hashes)
        found = compare(ours, listed, public_url=self._public_url, known=known)
        await self._write(found)
        await self._remove(client, facts, found)
        return facts.most - len(listed) + len(found.unwanted)

    async def _write(self, found: Comparison) -> None:
        """Write down what the list says; what was dropped gets a new address, and its source reads all changes."""
        now = self._room.clock.now()
        async with self._room.database.transaction() as connection:
            for hook, remote in found.alive:
                if hook.state is not HookState.SUBSCRIBED or hook.remote_id != remote.id:
                    await store.mark(connection, [hook], HookState.SUBSCRIBED, "")
                    since = hook.subscribed_at or now
                    await store.change(connection, [hook], remote_id=remote.id, subscribed_at=since)
                    self._note(hook, Action.HOOK_SUBSCRIBE, Outcome.DONE)
            await store.mark(connection, found.dropped, HookState.WAITING, "")
            await store.change(connection, found.dropped, token_hash=None, remote_id=None)
            for source_id in {hook.source_id for hook in found.dropped if hook.subscribed_at is not None}:
                await hints.put(connection, source_id, EVERYTHING, (), now)
        for hook in found.dropped:
            if hook.subscribed_at is not None:
                log.info("the provider dropped a hook", source_id=hook.source_id, hook_event=hook.event)

    async def _remove(self, client: WritingClient, facts: Hooks, found: Comparison) -> None:
        for remote in found.unwanted:
            try:
                self._accepted(await client.send("DELETE", f"{facts.path}/{remote.id}"))
            except NotFound:
                log.info("a hook was gone already", remote_id=remote.id)
        for hook in found.left:
            self._note(hook, Action.HOOK_REMOVE, Outcome.DONE)
        async with self._room.database.transaction() as connection:
            await store.remove(connection, found.left)

    async def _subscribe_all(self, facts: Hooks, wanted: Sequence[Hook], room_left: int) -> None:
        """Set up as many hooks as there is room for; the first refusal is taken for all that would follow."""
        client = await self._client()
        without = wanted[max(0, room_left) :]
        words = (
            f"{self._connector.provider} allows {facts.most} hooks in an account, and all are taken; "
            "changes of this kind come by the schedule."
        )
        await self._mark(without, HookState.NO_ROOM, words)
        for place, hook in enumerate(wanted[: max(0, room_left)]):
            try:
                await self._subscribe(client, facts, hook)
            except PassingError:
                raise
            except ConsentryError as error:
                await self._refuse(wanted[place : max(0, room_left)], error)
                return

    async def _subscribe(self, client: WritingClient, facts: Hooks, hook: Hook) -> None:
        """Set up one hook. Its address is known here before the provider knows it, so that the next list shows both."""
        token = self._room.randomness.token(32)
        async with self._room.database.transaction() as connection:
            await store.change(connection, [hook], token_hash=hash_of(token))
        body = {facts.item_key: self._request(facts, hook, token)}
        answer = self._accepted(await client.send("POST", facts.path, body))
        remote_id = str(read_record(answer.body, facts.item_key).get(facts.id_key))
        async with self._room.database.transaction() as connection:
            await store.mark(connection, [hook], HookState.SUBSCRIBED, "")
            await store.change(connection, [hook], remote_id=remote_id, subscribed_at=self._room.clock.now())
        self._note(hook, Action.HOOK_SUBSCRIBE, Outcome.DONE)

    def _accepted(self, answer: Answer) -> Answer:
        """Return an answer that says yes; raise what another one means."""
        if 200 <= answer.status < 300:
            return answer
        raise credentials.refusal(self._connector, answer)

    def _request(self, facts: Hooks, hook: Hook, token: str) -> dict[str, str]:
        wish = {facts.event_key: hook.event, facts.address_key: address_of(self._public_url, token), **facts.more}
        if facts.description_key is not None:
            wish[facts.description_key] = f"Consentry: {self._names.get(hook.source_id, 'a source')}"
        return wish

    async def _client(self) -> credentials.SignedIn:
        return await credentials.client(
            self._room.credentials, CONSENTRY, self._credential.id, action=Action.HOOK_CHECK
        )

    async def _refuse(self, refused: Sequence[Hook], error: ConsentryError) -> None:
        needs = self._connector.hooks.needs if self._connector.hooks and isinstance(error, ScopeMissing) else ""
        reason = f"{error.message} {needs} Changes come by the schedule.".replace("  ", " ")
        for hook in refused:
            if hook.state is not HookState.REFUSED:
                self._note(hook, Action.HOOK_SUBSCRIBE, Outcome.REFUSED)
        await self._mark(refused, HookState.REFUSED, reason)

    async def _mark(self, changed: Sequence[Hook], state: HookState, reason: str) -> None:
        async with self._room.database.transaction() as connection:
            await store.mark(connection, changed, state, reason)

    def _note(self, hook: Hook, action: Action, outcome: Outcome) -> None:
        if hook.state is not HookState.LEAVING or action is Action.HOOK_REMOVE:
            self._done.setdefault((hook.source_id, action, outcome), []).append(hook.event)

    async def _record(self) -> None:
        """Enter into the trail what was done, one entry for a source."""
        done, self._done = self._done, {}
        if not done:
            return
        async with self._room.database.transaction() as connection:
            for (source_id, action, outcome), events in done.items():
                name = self._names.get(source_id, f"source {source_id}")
                await self._room.trail.record(
                    connection,
                    CONSENTRY,
                    action,
                    outcome,
                    credential_id=self._credential.id,
                    detail=f"{name}: {', '.join(events)}",
                )


_UNSUBSCRIBED: Final = (HookState.WAITING, HookState.NO_ROOM, HookState.REFUSED, HookState.UNREACHABLE)


def _is_final(error: ConsentryError) -> bool:
    """Tell whether an error says that hooks that were set up aren't to be had any more."""
    return isinstance(error, ScopeMissing)


def _read_list(facts: Hooks, body: bytes) -> list[RemoteHook]:
    """Read the provider's list; raise ReplyNotUnderstood."""
    return [
        RemoteHook(
            id=str(record[facts.id_key]), event=_text(record, facts.event_key), address=_text(record, facts.address_key)
        )
        for record in read_records(body, facts.list_key)
        if _has_id(record.get(facts.id_key))
    ]


def _has_id(value: object) -> bool:
    if not isinstance(value, int | str):
        raise ReplyNotUnderstood("The provider's list names a hook without an id.")
    return True


def _text(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    return value if isinstance(value, str) else ""
