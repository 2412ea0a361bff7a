"""Streams that tell what changed since a moment, and have a feed of what was deleted.

A pass over several pages is repeated when something happened meanwhile that can have let a record slip through between
two of them; what the pass before knew of already doesn't count again.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from consentry.connectors import Record, first_path, read_deleted, read_page
from consentry.flows.listing import CHUNK
from consentry.flows.reading import MOST_PASSES, OVERLAP, SLACK, Key, Pass, Stand, Step, format_moment, unrest
from consentry.flows.stream_read import StreamRead
from consentry.flows.warehouse.contract import Dataset

STILL_FRESH: Final = timedelta(hours=1)
"""So long the moment up to which all is known may stay where it is while nothing happens."""
MOST_MISSING: Final = 100_000


async def read_whole(read: StreamRead, step: Step) -> None:
    """Read the whole list, then delete what isn't in it any more."""
    course = read.stand.listing if step.resume else None
    course = await read.go_through(course or await read.begin_listing())
    since, known, moved = course.began - SLACK, frozenset[str](), False
    deletions: list[Record] = []
    while course.pages > 1:
        deletions = await _read_deletions(read, since)
        found = await _unrest(read, course, since, deletions)
        moved = not found <= known
        if not moved or course.number >= MOST_PASSES:
            break
        known |= found
        again = replace(await read.begin_listing(), number=course.number + 1)
        course = await read.go_through(again)
    await read.use(partial(_close, read, course, _keys(deletions) if moved else None))


async def read_changes(read: StreamRead) -> None:
    """Read what changed and what was deleted since the last time."""
    since, known, moved = read.stand.since or read.work.clock.now(), frozenset[str](), True
    for _ in range(MOST_PASSES):
        course, came = await read.go_through_changes(format_moment(since))
        deletions = await _read_deletions(read, since)
        found = await _unrest(read, course, course.began - SLACK, deletions)
        moved = not found <= known
        if not moved:
            break
        known |= found
    # what came although the feed names it is back again, or was deleted a moment too late: the next look back, which
    # reaches behind both, tells which
    gone = [key for key in _keys(deletions) if key not in came]
    if not came and not gone and read.work.clock.now() - since < STILL_FRESH + OVERLAP:
        return
    stand = read.stand if moved else replace(read.stand, since=course.began - OVERLAP)
    await read.use(lambda dataset: read.delete(dataset, gone, stand))
    read.stand = stand


async def _read_deletions(read: StreamRead, since: datetime) -> list[Record]:
    return await read_deleted(read.upstream, read.work.connector, read.stream, format_moment(since))


async def _unrest(read: StreamRead, course: Pass, since: datetime, deletions: list[Record]) -> frozenset[str]:
    """Return what happened since a moment that can have moved records; changes are asked for where they matter."""
    changes: list[Record] = []
    if course.pages > 1 and not course.ordered:
        asked = first_path(read.work.connector, read.stream, params={"since": format_moment(since)})
        page = await read_page(read.upstream, read.work.connector, read.stream, asked)
        endless = {"id": "more", "updatedAt": str(read.work.clock.now())}  # too much to be compared: as good as new
        changes = page.records if page.next_path is None else [*page.records, endless]
    return unrest(course, since, deletions, changes)


def _keys(deletions: list[Record]) -> set[Key]:
    return {(each["id"],) for each in deletions if each.get("id") is not None}


def _close(read: StreamRead, course: Pass, only: set[Key] | None, dataset: Dataset) -> None:
    """Delete what the last pass didn't see, but ``only`` what is named if the list moved; end the reading. Blocking."""
    under_way = replace(read.stand, listing=course)
    if only is None:
        while missing := dataset.missing(read.stream.name, CHUNK):
            read.delete(dataset, missing, under_way)
    else:
        named = [key for key in dataset.missing(read.stream.name, MOST_MISSING) if key in only]
        read.delete(dataset, named, under_way)
    done = Stand(listed_at=course.began, pages=course.pages, since=course.began - OVERLAP, settled=only is None)
    read.delete(dataset, (), done)
    read.stand = done
