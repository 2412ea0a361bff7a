"""Reads the records that hooks told of. What the provider's API says of them now counts, and nothing else."""

from collections.abc import Sequence
from functools import partial

from consentry.connectors import first_path, read_by_ids, read_page
from consentry.flows.reading import Key
from consentry.flows.stream_read import StreamRead
from consentry.flows.warehouse.contract import Dataset


async def read_records(read: StreamRead, ids: Sequence[int | str]) -> None:
    """Read records by their ids, as many at once as the API gives; those that aren't there any more are deleted.

    How the stream stands doesn't change, so that the next run looks for changes as if nothing had been told.
    """
    is_listing = read.stand.listing is not None or read.stand.walk_began is not None
    at_once = max(1, read.stream.by_ids)
    missing: list[Key] = []
    for start in range(0, len(ids), at_once):
        asked = ids[start : start + at_once]
        found = await read_by_ids(read.upstream, read.work.connector, read.stream, asked)
        keyed = [(key, record) for key, record in read.intake.sort_out(found) if key[0] in asked]
        # seen by a full listing that was interrupted, too: else its end would take a new record for a deleted one
        await read.intake.add(keyed, read.stand, seen=is_listing)
        there = {key for key, _ in keyed}
        missing += [(each,) for each in asked if (each,) not in there]
        await read.show()
    await read.intake.drain(seen=is_listing)
    await _delete(read, missing)


async def _delete(read: StreamRead, missing: Sequence[Key]) -> None:
    """Delete records that the API doesn't have; if even their list is gone, something else is wrong."""
    live = await read.use(partial(_live, read, missing)) if missing else []
    if live:
        await read_page(
            read.upstream, read.work.connector, read.stream, first_path(read.work.connector, read.stream, limit=1)
        )
        await read.use(lambda dataset: read.delete(dataset, live, read.stand))


def _live(read: StreamRead, keys: Sequence[Key], dataset: Dataset) -> list[Key]:
    """Return those that the dataset has. Blocking."""
    name = read.stream.primary_key[0]
    return [key for key in keys if dataset.keys(read.stream.name, {name: key[0]})]
