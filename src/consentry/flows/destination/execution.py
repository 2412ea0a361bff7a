"""Executes one claimed run of a destination: rows taken in, sorted out, then written window by window."""

from typing import Final

from consentry.core.log import get_logger
from consentry.errors import ConsentryError, DataError, LeaseTaken, StorageBroken, StorageBusy
from consentry.flows.destination import row_store, taking_in
from consentry.flows.destination.answers import Answers
from consentry.flows.destination.copying import find_copy
from consentry.flows.destination.kit import Bearings, Kit, take_bearings
from consentry.flows.destination.model import RowCounts
from consentry.flows.destination.records import AtProvider, Records
from consentry.flows.destination.row_store import Stage
from consentry.flows.destination.windows import write_all
from consentry.flows.destination.work import Held, Holding, Work, WritingUpstream
from consentry.flows.model import RunStatus, Trouble
from consentry.flows.room import Room
from consentry.flows.work import Cancelled

_PUT_OFF: Final = (LeaseTaken, StorageBusy, StorageBroken)
"""What leaves the run where it is: whoever takes it up next goes on from what is written down."""

log = get_logger("flows.destination")


async def execute(room: Room, work: Work, watch: Holding, answers: Answers) -> tuple[RunStatus, Trouble | None]:
    """Write every row; return the outcome, and what a person has to know.

    Raises LeaseTaken when a later holder of the run is at work, and StorageBusy or StorageBroken when the database
    doesn't take outcomes; everything else becomes the outcome.
    """
    upstream = WritingUpstream(work, watch)
    held = Held(work, upstream)
    try:
        ended = await _end(room, work, watch, upstream, held, answers)
        async with held.transaction():
            return ended  # the last requests are counted
    finally:
        await answers.close()


async def _end(
    room: Room, work: Work, watch: Holding, upstream: WritingUpstream, held: Held, answers: Answers
) -> tuple[RunStatus, Trouble | None]:
    try:
        await _go(room, work, watch, upstream, held, answers)
        return await _outcome(work, held)
    except Cancelled:
        return RunStatus.CANCELLED, None
    except _PUT_OFF:
        raise
    except ConsentryError as error:
        log.warning("a run of a destination failed", run_id=work.run_id, code=error.code)
        return RunStatus.FAILED, Trouble(code=error.code, message=error.message, hint=error.hint)


async def _go(room: Room, work: Work, watch: Holding, upstream: WritingUpstream, held: Held, answers: Answers) -> None:
    taken_at = work.clock.now()
    bearings = await take_bearings(upstream, work.connector, work.writing, work.template, work.destination)
    async with held.reading() as connection:
        standing = await row_store.get_standing(connection, work.run_id)
    kit = Kit(
        work=work,
        watch=watch,
        upstream=upstream,
        held=held,
        bearings=bearings,
        records=await records_of(room, work, upstream, bearings),
        answers=answers,
        refused=standing.refused,
        taken_at=taken_at,
    )
    await _take_in(kit, standing.stage)
    await write_all(kit, standing.position)
    await work.steps.reached("run.written")


async def _take_in(kit: Kit, stage: Stage) -> None:
    if stage is Stage.TAKING_IN:
        await taking_in.take_in(kit)
        await taking_in.enter(kit, Stage.SORTING)
        stage = Stage.SORTING
    if stage is Stage.SORTING:
        await taking_in.sort_out(kit)
        await taking_in.enter(kit, Stage.WRITING)


async def records_of(room: Room, work: Work, upstream: WritingUpstream, bearings: Bearings) -> Records:
    """Return where records are looked up: in a dataset of a source where one keeps them, else at the provider."""
    provider = AtProvider(client=upstream, writing=work.writing, template=work.template, known=bearings.known)
    return await find_copy(room, work, upstream, provider) or provider


async def _outcome(work: Work, held: Held) -> tuple[RunStatus, Trouble | None]:
    async with held.reading() as connection:
        counts = await row_store.get_counts(connection, work.run_id)
    bad, good = counts.refused + counts.failed, counts.created + counts.changed + counts.unchanged + counts.deleted
    if not bad:
        return RunStatus.SUCCEEDED, None
    if good:
        return RunStatus.PARTLY_FAILED, None
    return RunStatus.FAILED, _none_good(counts)


def _none_good(counts: RowCounts) -> Trouble:
    words = f"No row was written: {counts.refused} were refused, and {counts.failed} failed."
    return Trouble(code=DataError.code, message=words, hint="See what each row says; mend them, and try them again.")
