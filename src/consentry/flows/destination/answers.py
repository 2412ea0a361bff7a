"""Records that writes were answered with, kept as a dataset of the destination's own where somebody wants that."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import Protocol

from consentry.connectors import Record, Stream
from consentry.core.log import get_logger
from consentry.errors import ConsentryError
from consentry.flows.destination.model import Destination
from consentry.flows.destination.work import Holding, Work
from consentry.flows.model import Source, SourceId, WarehouseSpec
from consentry.flows.room import Room
from consentry.flows.rows import Moments, Rows
from consentry.flows.warehouse import Dataset, open_dataset

log = get_logger("flows.destination.answers")


class Answers(Protocol):
    """Keeps what writes were answered with."""

    async def keep(self, records: Sequence[Record], deleted: Sequence[int]) -> None:
        """Keep records as they are now, and note which are gone; may wait for a warehouse that is busy."""

    async def close(self) -> None:
        """Let go of the dataset, and let others see it."""


class NoAnswers:
    """Keeps nothing."""

    async def keep(self, records: Sequence[Record], deleted: Sequence[int]) -> None:
        """Let it go."""

    async def close(self) -> None:
        """There is nothing to let go of."""


class KeptAnswers:
    """Keeps records in a dataset named after the destination, in the warehouse of the home.

    A record is kept before its row has its outcome: who takes up the run after a crash finds the record when it looks
    what became of the request, and keeps it then.
    """

    def __init__(self, room: Room, work: Work, watch: Holding, stream: Stream) -> None:
        self.fence = work.fence
        self.clock = work.clock
        self.randomness = work.randomness
        self._home = room.home
        self._stream = stream
        self._source = _as_source(work.destination, stream)
        self._moments = Moments(work.clock, None)
        self._rows = Rows(self, watch)
        self._has_kept = False

    def open_dataset(self) -> AbstractContextManager[Dataset]:
        """Open the dataset, in a thread."""
        return open_dataset(self._source, (self._stream,), home=self._home)

    async def keep(self, records: Sequence[Record], deleted: Sequence[int]) -> None:
        """Write records, and mark those that are gone."""
        whole = [record for record in records if all(record.get(key) is not None for key in self._stream.primary_key)]
        if whole or deleted:
            await self._rows.use(partial(self._write, whole, deleted))
            self._has_kept = True

    def _write(self, records: list[Record], deleted: Sequence[int], dataset: Dataset) -> None:
        from consentry.flows.shape import plan_of  # heavy, and needed only here

        name, at = self._stream.name, self._moments.now()
        if records:
            batch = plan_of(self._stream).shape(records)
            dataset.write(name, batch, state={}, fence=self.fence, at=at, seen=False)
        if deleted:
            dataset.delete(name, [(each,) for each in deleted], state={}, fence=self.fence, at=at)

    async def close(self) -> None:
        """Let others see what was kept, and let go of the dataset."""
        try:
            if self._has_kept:
                await self._rows.use(lambda dataset: dataset.finish(fence=self.fence))
        except ConsentryError as error:
            log.warning("the answers of a run can be seen only after the next one", reason=error.message)
        finally:
            await self._rows.close()


def _as_source(destination: Destination, stream: Stream) -> Source:
    """Return what would fill the dataset if it were a source's."""
    return Source(
        id=SourceId(destination.id),
        name=destination.name,
        connector=destination.connector,
        credential_id=destination.credential_id,
        credential_name=destination.credential_name,
        streams=(stream.name,),
        manual=None,
        dataset=destination.dataset or "",
        warehouse=WarehouseSpec(),
        deletions="mark",
        full_listing_every=timedelta(days=1),
        schedule=None,
        is_active=True,
        next_run_at=None,
        created_by=destination.created_by,
        created_at=destination.created_at,
        updated_at=destination.updated_at,
    )
