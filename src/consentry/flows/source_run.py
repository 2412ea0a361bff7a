"""Executes one claimed run of a source: its streams one after another, each with an outcome of its own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from consentry.connectors import Stream
from consentry.core.log import get_logger
from consentry.errors import (
    ConsentryError,
    DataError,
    LeaseTaken,
    OperatorError,
    OwnerError,
    ReplyNotUnderstood,
    ScopeMissing,
    WarehouseBusy,
)
from consentry.flows import feed, hinted, listing, walk
from consentry.flows.intake import Intake
from consentry.flows.model import RunStatus, StreamRun, StreamStatus, Trouble, outcome_of
from consentry.flows.reading import Stand, Way, next_step, read_stand, streams_of, way_of
from consentry.flows.rows import Moments, Rows
from consentry.flows.stream_read import StreamRead
from consentry.flows.tally import Tally
from consentry.flows.upstream import Upstream
from consentry.flows.warehouse.contract import Dataset
from consentry.flows.work import Cancelled, OpenDataset, Watch, Work

__all__ = ["OpenDataset", "Watch", "Work", "execute"]

_ENDS_THE_RUN: Final = (OwnerError, OperatorError, DataError, WarehouseBusy)
"""What no other stream would fare better with; of these, ScopeMissing alone concerns one stream."""

SHORT_WALK_EVERY: Final = timedelta(minutes=10)
"""How often the children of a short list are read whole, such as the milestones of all pipelines."""

log = get_logger("flows.source_run")


async def execute(work: Work, watch: Watch) -> tuple[RunStatus, Trouble | None]:
    """Read every stream of the source into its dataset; return the outcome, and what a person has to know.

    Raises LeaseTaken when a later holder of the run is at work; everything else becomes the outcome.
    """
    run = _Run(work=work, watch=watch)
    try:
        return await run.go()
    except LeaseTaken:
        raise
    except Cancelled:
        await run.leave_out_the_rest()
        return RunStatus.CANCELLED, None
    except ConsentryError as error:
        await run.leave_out_the_rest()
        return RunStatus.FAILED, _trouble(error)
    finally:
        await run.close()


class _Run:
    def __init__(self, *, work: Work, watch: Watch) -> None:
        self._work = work
        self._watch = watch
        self._all = streams_of(work.source, work.connector)
        self._streams = tuple(each for each in self._all if work.hinted is None or each.name in work.hinted)
        self._upstream = Upstream(work, watch)
        self._rows = Rows(work, watch)
        self._ends: dict[str, StreamStatus] = {}

    async def go(self) -> tuple[RunStatus, Trouble | None]:
        stands = await self._rows.use(lambda dataset: _read_stands(dataset, self._all))
        moments = Moments(self._work.clock, max(_moments_in(stands), default=None))
        for stream in self._streams:
            await self._tell(stream, StreamStatus.PENDING)
        for stream in self._streams:
            if self._watch.is_cancelled():
                raise Cancelled
            await self._read(stream, stands[stream.name], moments)
        await self._rows.use(lambda dataset: dataset.finish(fence=self._work.fence))
        return outcome_of(self._ends), None

    async def close(self) -> None:
        """Let go of the dataset."""
        await self._rows.close()

    async def leave_out_the_rest(self) -> None:
        """Say of every stream whose turn didn't come that it won't."""
        for stream in self._streams:
            if stream.name not in self._ends:
                await self._tell(stream, StreamStatus.CANCELLED)

    async def _tell(self, stream: Stream, status: StreamStatus) -> None:
        expected = self._expected(stream)
        await self._watch.report(StreamRun(name=stream.name, status=status, expected=expected))

    def _expected(self, stream: Stream) -> int | None:
        if self._work.hinted is not None:
            return len(self._work.hinted[stream.name])
        return self._work.expected.get(stream.name)

    async def _read(self, stream: Stream, stand: Stand, moments: Moments) -> None:
        """Read one stream to an end of its own; raise what ends the whole run."""
        steady = self._work.clock.monotonic
        tally = Tally(stream.name, self._upstream, steady, self._expected(stream))
        read = StreamRead(
            work=self._work,
            watch=self._watch,
            upstream=self._upstream,
            rows=self._rows,
            moments=moments,
            stream=stream,
            stand=stand,
            intake=Intake(stream, self._rows, moments, tally, steady),
            tally=tally,
        )
        try:
            await read.show()
            await self._follow(read)
            await self._end(stream, tally, *_judge(tally, stream))
        except LeaseTaken:
            raise
        except Cancelled:
            await self._end(stream, tally, StreamStatus.CANCELLED)
            raise
        except ConsentryError as error:
            log.warning("a stream failed", stream=stream.name, code=error.code)
            await self._end(stream, tally, StreamStatus.FAILED, _trouble(error))
            if isinstance(error, _ENDS_THE_RUN) and not isinstance(error, ScopeMissing):
                raise
        finally:
            await read.intake.drop()

    async def _end(self, stream: Stream, tally: Tally, status: StreamStatus, trouble: Trouble | None = None) -> None:
        self._ends[stream.name] = status
        await self._watch.report(tally.run(status, trouble))

    async def _follow(self, read: StreamRead) -> None:
        """Read a stream in its way, as much of it as is due; or the records that hooks told of."""
        if self._work.hinted is not None:
            await hinted.read_records(read, self._work.hinted[read.stream.name])
            return
        way = way_of(read.stream)
        step = next_step(
            way,
            read.stand,
            self._work.clock.now(),
            self._work.source.full_listing_every,
            always=self._is_due(read),
        )
        match way, step.what:
            case (Way.FEED, "whole"):
                await feed.read_whole(read, step)
            case (Way.FEED, _):
                await feed.read_changes(read)
            case (Way.WALK, "whole"):
                await walk.read_whole(read, self._parents(read.stream), step)
            case (Way.WALK, _):
                await walk.read_changes(read, self._parents(read.stream))
            case (_, "whole"):
                await listing.read_whole(read, step)
            case (Way.NEWEST, _):
                await listing.read_newest(read)
            case _:
                await listing.read_changes(read)

    def _is_due(self, read: StreamRead) -> bool:
        """Tell whether the whole is read now, whatever else is said: described by hand, or children of a short list."""
        if self._work.source.manual is not None:
            return True
        parent = self._work.connector.stream(read.stream.parent) if read.stream.parent else None
        if parent is None or way_of(parent) is not Way.LISTING:
            return False
        return read.stand.listed_at is None or self._work.clock.now() - read.stand.listed_at >= SHORT_WALK_EVERY

    def _parents(self, stream: Stream) -> walk.Parents:
        parent = self._work.connector.stream(stream.parent or "")
        if parent is None:
            raise LookupError(f"the stream {stream.name} names a parent that doesn't exist")
        return walk.Parents(stream=parent, in_dataset=parent in self._all)


def _read_stands(dataset: Dataset, streams: tuple[Stream, ...]) -> Mapping[str, Stand]:
    return {stream.name: read_stand(dataset.state(stream.name)) for stream in streams}


def _moments_in(stands: Mapping[str, Stand]) -> list[datetime]:
    return [moment for stand in stands.values() for moment in (stand.walked_at, stand.walk_began) if moment]


def _judge(tally: Tally, stream: Stream) -> tuple[StreamStatus, Trouble | None]:
    """Say how a stream ended that was read to its end."""
    if tally.refused == 0:
        return StreamStatus.SUCCEEDED, None
    key = " and ".join(stream.primary_key)
    records = "1 record" if tally.refused == 1 else f"{tally.refused} records"
    words = f"{records} came without {key}, and can't be kept; all others are in the dataset."
    return StreamStatus.FAILED, _trouble(ReplyNotUnderstood(words))


def _trouble(error: ConsentryError) -> Trouble:
    return Trouble(code=error.code, message=error.message, hint=error.hint)
