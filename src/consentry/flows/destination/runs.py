"""Begin runs of destinations, try rows again, and look at rows."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import CONSENTRY, Action, Actor, Outcome
from consentry.core.log import get_logger
from consentry.errors import Conflict, FieldError, InvalidInput, NotFound
from consentry.flows import flow, flow_store
from consentry.flows import store as run_store
from consentry.flows.destination import form, row_listing, row_store, store
from consentry.flows.destination.model import Destination, RowOutcome, RowResult, RowsSpec, RunRequest
from consentry.flows.model import ENDED, Run, RunId, Trigger
from consentry.flows.room import Room
from consentry.flows.schedule import next_after

_BATCH: Final = 200
_PAGE: Final = 500

log = get_logger("flows.destination.runs")


async def begin_destination_run(
    room: Room, actor: Actor, destination_id: int, trigger: Trigger = "hand", rows: RowsSpec | None = None
) -> Run:
    """Queue a run, of rows given now or of those that the destination names.

    Raises NotFound, InvalidInput for the rows, or Conflict when a run of the destination hasn't ended.
    """
    if rows is not None:
        form.check_rows(rows)
    async with room.database.transaction() as connection:
        destination = await store.get(connection, destination_id)
        run_id = await queue(room, connection, actor, destination, trigger, RunRequest(rows=rows))
        return await run_store.get_run(connection, run_id)


async def queue(
    room: Room,
    connection: AsyncConnection,
    actor: Actor,
    destination: Destination,
    trigger: Trigger,
    request: RunRequest,
) -> RunId:
    """Queue a run inside a transaction of the caller's; raise Conflict when one hasn't ended."""
    run_id = await flow.queue_run(room, connection, destination, trigger)
    await row_store.add_run(connection, run_id, request)
    await room.trail.record(
        connection,
        actor,
        Action.DESTINATION_RUN,
        Outcome.DONE,
        credential_id=destination.credential_id,
        detail=destination.name,
    )
    return run_id


async def queue_due_destinations(room: Room) -> int:
    """Queue a run of each destination whose time has come, and say when it comes again; return how many were due."""
    now = room.clock.now()
    async with room.database.reading() as connection:
        due = await flow_store.list_due(connection, "destination", now, _BATCH)
    for destination_id in due:
        async with room.database.transaction() as connection:
            current = await store.get(connection, destination_id)
            if not current.is_active or current.next_run_at is None or current.next_run_at > now:
                continue  # another node was faster, or somebody paused it
            following = next_after(current.schedule, current.next_run_at, now)
            await flow_store.change(connection, "destination", current.id, {"next_run_at": following})
            await _queue_unless_running(room, connection, current)
    return len(due)


async def queue_followers(room: Room, connection: AsyncConnection, source_id: int) -> None:
    """Queue the destinations that run after a source, in the transaction that ends the source's run."""
    for destination in await store.list_followers(connection, source_id):
        await _queue_unless_running(room, connection, destination)


async def _queue_unless_running(room: Room, connection: AsyncConnection, destination: Destination) -> None:
    try:
        await queue(room, connection, CONSENTRY, destination, "schedule", RunRequest())
    except Conflict:
        log.info("a destination is due while its last run goes on; left out", destination_id=destination.id)


async def list_rows(
    room: Room, run_id: int, *, outcome: RowOutcome | None = None, page: int = 1, per_page: int = 50
) -> tuple[list[RowResult], bool]:
    """Return a page of a run's rows in order, and whether there are more; raise NotFound."""
    async with room.database.reading() as connection:
        await _get_run(connection, run_id)
        return await row_listing.list_page(connection, run_id, outcome=outcome, page=page, per_page=per_page)


async def iterate_rows(room: Room, run_id: int, outcome: RowOutcome | None = None) -> AsyncIterator[RowResult]:
    """Yield all rows of a run in order, without holding them; raise NotFound."""
    async with room.database.reading() as connection:
        await _get_run(connection, run_id)
    after = 0
    while True:
        async with room.database.reading() as connection:
            rows = await row_listing.list_after(connection, run_id, outcome=outcome, after=after, limit=_PAGE)
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        after = rows[-1].row


async def retry(room: Room, actor: Actor, run_id: int, mended: Mapping[int, Mapping[str, Any]] | None = None) -> Run:
    """Queue a run of the rows that an ended run refused, failed at or never came to, some with mended values.

    Raises NotFound, InvalidInput for rows that aren't among them, or Conflict when the run, or another one of the
    destination, hasn't ended, or there is nothing to try again.
    """
    given = dict(mended or {})
    async with room.database.transaction() as connection:
        run = await _get_run(connection, run_id)
        if run.status not in ENDED:
            raise Conflict("This run hasn't ended yet.", hint="Wait until it has ended, or cancel it.")
        unknown = set(given) - await row_listing.find_retryable(connection, run_id, list(given))
        if unknown:
            words = "Row {} is none that can be tried again."
            raise InvalidInput(*[FieldError(field="rows", message=words.format(each)) for each in sorted(unknown)])
        if not await row_listing.list_to_retry(connection, run_id, 0, 1):
            raise Conflict("This run has no row to try again.", hint="Every row of it is as it should be.")
        destination = await store.get(connection, run.flow_id)
        request = RunRequest(retry_of=run_id, mended=given)
        new_id = await queue(room, connection, actor, destination, "hand", request)
        return await run_store.get_run(connection, new_id)


async def _get_run(connection: AsyncConnection, run_id: int) -> Run:
    run = await run_store.get_run(connection, run_id)
    if run.kind != "destination":
        raise NotFound("This run has no rows: it is a source's.")
    return run
