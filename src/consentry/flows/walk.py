"""Streams that are read once for each parent: all parents at an interval, in between those that were written lately."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from consentry.connectors import MOST_MISSING, Record, Stream, read, read_children
from consentry.errors import NotFound
from consentry.flows.listing import CHUNK
from consentry.flows.reading import Key, Stand, Step, write_stand
from consentry.flows.stream_read import StreamRead
from consentry.flows.warehouse.contract import Dataset

TOGETHER: Final = 200
"""So many parents' lists are compared with the dataset in one go."""


@dataclass(slots=True, kw_only=True)
class Parents:
    """The parents of a stream: from the dataset where it has them, else from the provider."""

    stream: Stream
    in_dataset: bool


@dataclass(slots=True)
class _Gone:
    """Counts parents that were deleted since they were listed; if all of them are, the list itself is gone."""

    found: int = 0
    missing: int = 0

    def miss(self, error: NotFound) -> None:
        self.missing += 1
        if self.found == 0 and self.missing >= MOST_MISSING:
            raise error


@dataclass(slots=True)
class _Walked:
    """What the lists of some parents hold."""

    keys: dict[Any, set[Key]] = field(default_factory=dict)
    records: dict[Key, Record] = field(default_factory=dict)


async def read_whole(reading: StreamRead, parents: Parents, step: Step) -> None:
    """Read the list of every parent, then delete what none of them has any more."""
    stand, began = reading.stand, reading.moments.now()
    after = stand.walked if step.resume else None
    if step.resume and stand.walk_began is not None:
        began = stand.walk_began
    else:
        stand = replace(stand, walk_began=began, walked=None)
        state = write_stand(stand)
        await reading.use(
            lambda dataset: dataset.begin_listing(reading.stream.name, state=state, fence=reading.rows.fence)
        )
    gone = _Gone()
    async for parent_id in _all_parents(reading, parents, after):
        keyed = await _read_one(reading, parent_id, gone)
        stand = replace(stand, walked=parent_id) if parents.in_dataset else stand
        await reading.intake.add(keyed, stand, seen=True)
        await reading.show()
    await reading.intake.drain(seen=True)
    done = Stand(listed_at=began, walked_at=began)
    await reading.use(partial(_close, reading, stand, done))


async def read_changes(reading: StreamRead, parents: Parents) -> None:
    """Read the lists of the parents that were written since the last walk began; nothing to ask when none was."""
    if not parents.in_dataset:
        return
    began, since = reading.moments.now(), reading.stand.walked_at
    name, where = parents.stream.name, reading.stream.parent_where
    keys = await reading.use(lambda dataset: dataset.keys(name, where, written_since=since))
    gone, walked = _Gone(), _Walked()
    for key in keys:
        keyed = await _read_one(reading, key[0], gone)
        walked.keys[key[0]] = {each for each, _ in keyed}
        walked.records.update(keyed)
        if len(walked.keys) >= TOGETHER:
            await reading.use(partial(_compare, reading, walked, reading.stand))
            walked = _Walked()
        await reading.show()
    if keys:
        reading.stand = replace(reading.stand, walked_at=began)
        await reading.use(partial(_compare, reading, walked, reading.stand))


async def _all_parents(reading: StreamRead, parents: Parents, after: str | int | None) -> AsyncIterator[Any]:
    """Yield the parents' ids, in order where the dataset has them, behind the last one that a killed walk finished."""
    where = reading.stream.parent_where
    if parents.in_dataset:
        keys = await reading.use(lambda dataset: dataset.keys(parents.stream.name, where))
        for each in sorted(key[0] for key in keys):
            if after is None or each > after:
                yield each
        return
    async for page in read(reading.upstream, reading.work.connector, parents.stream):
        for record in page.records:
            if all(record.get(name) == value for name, value in where.items()):
                yield record[parents.stream.primary_key[0]]


async def _read_one(reading: StreamRead, parent_id: Any, gone: _Gone) -> list[tuple[Key, Record]]:
    """Return one parent's list; a list of several pages is read until it gives the same keys twice."""
    before: dict[Key, Record] | None = None
    for _ in range(3):
        pages = 0
        found: dict[Key, Record] = {}
        try:
            async for page in read_children(reading.upstream, reading.work.connector, reading.stream, parent_id):
                pages += 1
                found.update(reading.intake.sort_out(page.records))
        except NotFound as error:
            gone.miss(error)
            return []
        if pages <= 1 or (before is not None and before.keys() == found.keys()):
            break
        before = found
    gone.found += 1
    return list(found.items())


def _compare(reading: StreamRead, walked: _Walked, stand: Stand, dataset: Dataset) -> None:
    """Write the lists of some parents, and delete what the dataset has of these parents besides. Blocking."""
    if walked.records:
        reading.tally.wrote(reading.intake.put(dataset, list(walked.records.values()), reading.stand, seen=False))
    field_name = reading.stream.parent_field
    extra: list[Key] = []
    for parent_id, keys in walked.keys.items():
        if field_name is not None:
            extra += [key for key in dataset.keys(reading.stream.name, {field_name: parent_id}) if key not in keys]
    reading.delete(dataset, extra, stand)


def _close(reading: StreamRead, under_way: Stand, done: Stand, dataset: Dataset) -> None:
    """Delete what no parent's list had, and end the walk. Blocking."""
    while missing := dataset.missing(reading.stream.name, CHUNK):
        reading.delete(dataset, missing, under_way)
    reading.delete(dataset, (), done)
    reading.stand = done
