"""Takes runs, keeps their leases, shows how they go, and writes down how they ended. What a run does is elsewhere.

The lease is measured by the database's clock, and the fence grows with every holder: whoever lost it can't write any
more, neither here nor in the warehouse.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry import credentials
from consentry.audit import CONSENTRY, Action
from consentry.core.clock import uptime
from consentry.core.log import get_logger
from consentry.errors import ConsentryError, FieldError, LeaseTaken, StorageBroken, StorageBusy
from consentry.flows import sources, store
from consentry.flows.destination import row_store
from consentry.flows.destination import store as destination_store
from consentry.flows.destination.model import Destination
from consentry.flows.destination.runs import queue_followers
from consentry.flows.model import Run, RunStatus, Source, StreamRun, StreamStatus, Trouble
from consentry.flows.room import Room
from consentry.flows.work import Work

_LOOK_SECONDS: Final = 1.0
_RENEW_EVERY: Final = 3  # looks
_SHOWN_SECONDS: Final = 1.0
_MARGIN_SECONDS: Final = 3.0
"""So long before its end a lease doesn't count as surely held any more."""
_NEVER_ANSWERED: Final = FieldError(
    field="", message="No answer came to its request before the run ended; the next run sees first what it did."
)
_WENT_WELL: Final = (RunStatus.SUCCEEDED, RunStatus.PARTLY_FAILED)
_MOVING: Final = (StreamStatus.PENDING, StreamStatus.RUNNING)

log = get_logger("flows.engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A run, and the right to work on it as long as nobody holds a higher fence."""

    run: Run
    flow: Source | Destination
    fence: int
    taken_at: float  # uptime before the lease was asked for

    @property
    def source(self) -> Source:
        """The source that the run is of."""
        if not isinstance(self.flow, Source):
            raise LookupError(f"run {self.run.id} is no source's")
        return self.flow


async def claim(room: Room, limit: int, *, only: int | None = None) -> list[Claimed]:
    """Take runs that nobody works on, the oldest first; what another process takes at the same moment isn't ours."""
    async with room.database.reading() as connection:
        free = await store.list_free(connection, limit, only)
    claimed: list[Claimed] = []
    for run_id, fence in free:
        taken_at = uptime()
        async with room.database.transaction() as connection:
            if await store.take_run(connection, run_id, fence, room.owner, room.clock.now()):
                run = await store.get_run(connection, run_id)
                flow = await _flow_of(connection, run)
                claimed.append(Claimed(run=run, flow=flow, fence=fence + 1, taken_at=taken_at))
    return claimed


async def _flow_of(connection: AsyncConnection, run: Run) -> Source | Destination:
    if run.kind == "destination":
        return await destination_store.get(connection, run.flow_id)
    return await store.get(connection, run.flow_id)


async def work(room: Room, claimed: Claimed) -> None:
    """Work on a run to its end, or until it is somebody else's; cancelling this gives the run back."""
    watch = RunWatch(room, claimed)
    doing = asyncio.create_task(_carry_out(room, claimed, watch), name=f"run {claimed.run.id}")
    async with watch.kept(doing):
        try:
            status, trouble = await doing
        except LeaseTaken:
            log.warning("a run is somebody else's now", run_id=claimed.run.id)
            return
        except asyncio.CancelledError:
            if watch.is_lost:
                return
            await _give_back(room, claimed, watch)
            raise
        await watch.flush()
    await finish(room, claimed, status, trouble)


async def _carry_out(room: Room, claimed: Claimed, watch: "RunWatch") -> tuple[RunStatus, Trouble | None]:
    if isinstance(claimed.flow, Destination):
        from consentry.flows.destination.carrying import carry_out

        return await carry_out(room, claimed.run, claimed.flow, claimed.fence, watch)
    from consentry.flows.source_run import execute  # heavy libraries, needed only where runs work

    try:
        prepared = await _prepare(room, claimed)
    except LeaseTaken:
        raise
    except ConsentryError as error:
        return RunStatus.FAILED, Trouble(code=error.code, message=error.message, hint=error.hint)
    return await execute(prepared, watch)


async def _prepare(room: Room, claimed: Claimed) -> Work:
    from consentry.flows.reading import streams_of
    from consentry.flows.warehouse import Dataset, open_dataset

    source = claimed.source
    connector = room.catalogue.get(source.connector)
    client = await credentials.client(room.credentials, CONSENTRY, source.credential_id, action=Action.SOURCE_READ)
    address = await sources.find_address(room, source.id)
    streams = streams_of(source, connector)
    async with room.database.reading() as connection:
        expected = await store.last_reads(connection, source.id)

    def opened() -> AbstractContextManager[Dataset]:
        return open_dataset(source, streams, home=room.home, address=address)

    return Work(
        source=source,
        connector=connector,
        client=client,
        open_dataset=opened,
        fence=claimed.fence,
        clock=room.clock,
        randomness=room.randomness,
        expected=expected,
    )


async def finish(room: Room, claimed: Claimed, status: RunStatus, trouble: Trouble | None) -> bool:
    """Write down how a run ended, if it is still ours; tell whether it was."""
    values = {
        "status": status,
        "finished_at": room.clock.now(),
        "waiting_for": "",
        "waiting_until": None,
        "error": store.encode_trouble(trouble),
        "lease_owner": None,
        "lease_until": None,
    }
    async with room.database.transaction() as connection:
        is_ours = await store.change_held(connection, claimed.run.id, claimed.fence, values)
        if is_ours and claimed.run.kind == "destination":
            await row_store.give_up_sent(connection, claimed.run.id, _NEVER_ANSWERED)
        if is_ours and claimed.run.kind == "source" and status in _WENT_WELL:
            await queue_followers(room, connection, claimed.run.flow_id)
        return is_ours


async def _give_back(room: Room, claimed: Claimed, watch: "RunWatch") -> None:
    """Let somebody else go on with a run at once: this process was told to end."""
    with contextlib.suppress(StorageBusy, StorageBroken):  # then the lease runs out by itself
        await watch.flush()
        async with room.database.transaction() as connection:
            given = {"lease_owner": None, "lease_until": None, "status": RunStatus.QUEUED}
            await store.change_held(connection, claimed.run.id, claimed.fence, given)


class RunWatch:
    """Shows how one run goes, about once a second, and hears whether it should end."""

    def __init__(self, room: Room, claimed: Claimed) -> None:
        self._room = room
        self._run_id = claimed.run.id
        self._fence = claimed.fence
        self._places: dict[str, int] = {}
        self._unwritten: dict[str, StreamRun] = {}
        self._shown_at = float("-inf")
        self._cancelled = asyncio.Event()
        self._sure_until = _sure_until(claimed.taken_at)
        self.is_lost = False

    def surely_holds(self) -> bool:
        """Tell whether nobody else can have taken the run up yet."""
        return not self.is_lost and uptime() < self._sure_until

    async def confirm(self) -> None:
        """Prolong the lease now; raise LeaseTaken when it is somebody else's."""
        if await self._look(renew=True) is None:
            self.is_lost = True
            raise LeaseTaken("A later holder of this run is at work.")

    def is_cancelled(self) -> bool:
        """Tell whether somebody asked for an end."""
        return self._cancelled.is_set()

    async def report(self, stream: StreamRun) -> None:
        """Take note of how one stream is doing; ends are written at once."""
        self._places.setdefault(stream.name, len(self._places))
        self._unwritten[stream.name] = stream
        due = self._room.clock.monotonic() - self._shown_at >= _SHOWN_SECONDS
        if due or stream.status not in _MOVING:
            await self.flush()

    async def flush(self) -> None:
        """Write what wasn't written yet; while the database is away it waits for the next time."""
        changed = [(self._places[name], stream) for name, stream in self._unwritten.items()]
        if not changed:
            return
        with contextlib.suppress(StorageBusy, StorageBroken):
            async with self._room.database.transaction() as connection:
                if await store.change_held(connection, self._run_id, self._fence, {"waiting_for": ""}):
                    await store.write_streams(connection, self._run_id, changed)
            self._unwritten.clear()
        self._shown_at = self._room.clock.monotonic()

    async def wait(self, words: str, until: datetime) -> None:
        """Show what is waited for, and come back at that moment, or at once when the run is cancelled."""
        await self.flush()
        shown = {"status": RunStatus.WAITING, "waiting_for": words, "waiting_until": until}
        await self._show(shown)
        seconds = max(timedelta(0), until - self._room.clock.now()).total_seconds()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._cancelled.wait(), seconds)
        await self._show({"status": RunStatus.RUNNING, "waiting_for": "", "waiting_until": None})

    async def _show(self, values: dict[str, object]) -> None:
        with contextlib.suppress(StorageBusy, StorageBroken):
            async with self._room.database.transaction() as connection:
                await store.change_held(connection, self._run_id, self._fence, values)

    @asynccontextmanager
    async def kept(self, doing: asyncio.Task[object]) -> AsyncIterator[None]:
        """Keep the lease as long as the work takes; end the work when the lease is somebody else's."""
        keeping = asyncio.create_task(self._keep(doing), name=f"lease of run {self._run_id}")
        try:
            yield
        finally:
            keeping.cancel()
            doing.cancel()
            await asyncio.wait({keeping, doing})

    async def _keep(self, doing: asyncio.Task[object]) -> None:
        looks = 0
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            looks += 1
            try:
                asked = await self._look(renew=looks % _RENEW_EVERY == 0)
            except (StorageBusy, StorageBroken) as error:
                log.warning("could not renew the lease of a run", run_id=self._run_id, reason=error.message)
                continue
            if asked is None:
                self.is_lost = True
                doing.cancel()
                return
            if asked:
                self._cancelled.set()

    async def _look(self, *, renew: bool) -> bool | None:
        if renew:
            begun = uptime()
            async with self._room.database.transaction() as connection:
                asked = await store.renew(connection, self._run_id, self._fence)
            if asked is not None:
                self._sure_until = _sure_until(begun)
            return asked
        async with self._room.database.reading() as connection:
            return await store.is_cancel_asked(connection, self._run_id, self._fence)


def _sure_until(begun: float) -> float:
    """Return until when a lease is surely held that was asked for at a moment: the database counts from later on."""
    return begun + store.LEASE_SECONDS - _MARGIN_SECONDS
