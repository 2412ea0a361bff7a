"""Takes in a stream's records page by page and writes them in batches, while the next pages are on their way."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from consentry.connectors import Record, Stream
from consentry.flows.manual import name_records
from consentry.flows.reading import Key, Stand, key_of, write_stand
from consentry.flows.rows import Moments, Rows
from consentry.flows.shape import plan_of
from consentry.flows.tally import Tally
from consentry.flows.warehouse.contract import Dataset, Written

BATCH: Final = 4_000
"""So many records are written in one transaction."""
SECONDS: Final = 5.0
"""What has been read for so long is written, however little it is."""


class Intake:
    """The records of one stream on their way into the dataset; one batch is written while the next is collected."""

    def __init__(self, stream: Stream, rows: Rows, moments: Moments, tally: Tally, steady: Callable[[], float]) -> None:
        self.plan = plan_of(stream)
        self._stream = stream
        self._rows = rows
        self._moments = moments
        self._tally = tally
        self._steady = steady
        self._waiting: dict[Key, Record] = {}
        self._stand: Stand | None = None
        self._since = steady()
        self._writing: asyncio.Task[None] | None = None

    def sort_out(self, records: list[Record]) -> list[tuple[Key, Record]]:
        """Return the records with their keys; those without one are refused, and counted."""
        keyed = [(key_of(self._stream, record), record) for record in name_records(self._stream, records)]
        self._tally.came(len(records), refused=sum(key is None for key, _ in keyed))
        return [(key, record) for key, record in keyed if key is not None]

    async def add(self, keyed: Sequence[tuple[Key, Record]], stand: Stand, *, seen: bool) -> None:
        """Take records in; once they are written, the stream stands as is said here."""
        self._waiting.update(keyed)
        self._stand = stand
        if len(self._waiting) >= BATCH or self._steady() - self._since >= SECONDS:
            await self._write(seen=seen)

    async def drain(self, *, seen: bool) -> None:
        """Come back when everything that was taken in is written."""
        if self._stand is not None:
            await self._write(seen=seen)
        await self.settle()

    async def settle(self) -> None:
        """Come back when the batch under way is written."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def drop(self) -> None:
        """Let go after a failure: what was not written yet will be read again."""
        self._waiting, self._stand = {}, None
        writing, self._writing = self._writing, None
        if writing is not None:  # its thread can't be stopped, and the next stream must not meet it
            await asyncio.gather(writing, return_exceptions=True)

    async def _write(self, *, seen: bool) -> None:
        await self.settle()
        records, stand = list(self._waiting.values()), self._stand or Stand()
        self._waiting, self._stand, self._since = {}, None, self._steady()
        self._writing = asyncio.create_task(self._bring(records, stand, seen=seen), name="batch")

    async def _bring(self, records: list[Record], stand: Stand, *, seen: bool) -> None:
        written = await self._rows.use(lambda dataset: self.put(dataset, records, stand, seen=seen))
        self._tally.wrote(written)

    def put(self, dataset: Dataset, records: list[Record], stand: Stand, *, seen: bool) -> Written:
        """Write records and how the stream stands, in one transaction. Blocking."""
        state, at = write_stand(stand), self._moments.now()
        if not records:
            dataset.delete(self._stream.name, (), state=state, fence=self._rows.fence, at=at)
            return Written(new=0, changed=0, unchanged=0)
        batch = self.plan.shape(records)
        return dataset.write(self._stream.name, batch, state=state, fence=self._rows.fence, at=at, seen=seen)
