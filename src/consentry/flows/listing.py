"""Streams whose deletions no feed tells: whole lists, compared with what the dataset has, and the newest in between."""

from dataclasses import replace
from functools import partial
from typing import Final

from consentry.connectors import Course, Record, first_path, read_by_ids, read_page
from consentry.flows.reading import OVERLAP, Key, Pass, Stand, Step, Verdict, format_moment, judge, write_stand
from consentry.flows.stream_read import StreamRead
from consentry.flows.warehouse.contract import Dataset

CHUNK: Final = 2_000
"""So many keys are deleted in one transaction."""


async def read_whole(read: StreamRead, step: Step) -> None:
    """Read the whole list, as often as it takes to be sure of it, then delete what isn't in it any more."""
    course = read.stand.listing if step.resume else None
    if course is None:
        if read.stand.pages <= 1 and await _read_small(read):
            return
        course = await read.begin_listing()
    verdict = Verdict.AGAIN
    while verdict is Verdict.AGAIN:
        new = read.tally.new
        course = await read.go_through(course)
        missing = await read.use(lambda dataset: dataset.missing(read.stream.name, CHUNK))
        first = read.stand.listed_at is None
        can_ask = read.stream.by_ids > 0
        verdict = judge(course, first=first, new=read.tally.new - new, missing=len(missing), can_ask=can_ask)
        if verdict is Verdict.ASK:
            await _ask_for(read, missing, course)
        if verdict is Verdict.AGAIN:
            course = Pass(began=course.began, number=course.number + 1)
    await read.use(partial(_close, read, course))


async def read_changes(read: StreamRead) -> None:
    """Read what changed between two whole lists, where the provider tells; deletions wait for the next whole list."""
    if not read.stream.changed_since or read.stand.since is None:
        return
    course, came = await read.go_through_changes(format_moment(read.stand.since))
    if came:
        _keep(read, replace(read.stand, since=course.began - OVERLAP))
        await read.use(lambda dataset: read.delete(dataset, (), read.stand))


async def read_newest(read: StreamRead) -> None:
    """Read from the newest on until a whole page is known.

    What lies between new records and known ground is missing until all of them are written; a run that ends before
    that leaves word of it, and the next one reads the whole list.
    """
    catching = replace(read.stand, catching=True)
    asked: str | None = first_path(read.work.connector, read.stream)
    bounds = Course(name=read.stream.name)
    found_new = False
    while asked is not None:
        page = await read_page(read.upstream, read.work.connector, read.stream, asked)
        keyed = read.intake.sort_out(page.records)
        if await read.use(partial(_count_known, read, [record for _, record in keyed])) == len(dict(keyed)):
            break
        found_new = True
        await read.intake.add(keyed, catching, seen=False)
        asked = bounds.follow(asked, page)
        await read.show()
    if found_new:
        await read.intake.add([], read.stand, seen=False)
        await read.intake.drain(seen=False)


async def _read_small(read: StreamRead) -> bool:
    """Read a list that comes in one answer; return False, with nothing done, if there is more of it."""
    course = Pass(began=read.work.clock.now())
    page = await read_page(
        read.upstream, read.work.connector, read.stream, first_path(read.work.connector, read.stream)
    )
    if page.next_path is not None:
        return False
    records = dict(read.intake.sort_out(page.records))
    await read.use(partial(_put_small, read, replace(read.by_their_clock(course), pages=1), records))
    return True


def _put_small(read: StreamRead, course: Pass, records: dict[Key, Record], dataset: Dataset) -> None:
    """Bring a whole list in; if it is what the dataset has, nothing is written at all."""
    found = list(records.values())
    listed = read.stand.listed_at is not None and read.stand.listing is None and not read.stand.catching
    if listed and _count_known(read, found, dataset) == len(found) == len(dataset.keys(read.stream.name)):
        return
    stand = replace(read.stand, listing=replace(course, pages=0))
    dataset.begin_listing(read.stream.name, state=write_stand(stand), fence=read.rows.fence)
    read.tally.wrote(read.intake.put(dataset, found, stand, seen=True))
    _close(read, course, dataset)


def _count_known(read: StreamRead, records: list[Record], dataset: Dataset) -> int:
    return dataset.known(read.stream.name, read.intake.plan.shape(records)) if records else 0


async def _ask_for(read: StreamRead, missing: list[Key], course: Pass) -> None:
    """Ask for records that a pass didn't see, one by one if need be; those that are there count as seen."""
    stand = replace(read.stand, listing=course)
    for start in range(0, len(missing), read.stream.by_ids):
        ids = [key[0] for key in missing[start : start + read.stream.by_ids]]
        found = await read_by_ids(read.upstream, read.work.connector, read.stream, ids)
        await read.intake.add(read.intake.sort_out(found), stand, seen=True)
    await read.intake.drain(seen=True)


def _close(read: StreamRead, course: Pass, dataset: Dataset) -> None:
    """Delete what no pass saw, and end the whole reading. Blocking."""
    under_way = replace(read.stand, listing=course)
    while missing := dataset.missing(read.stream.name, CHUNK):
        read.delete(dataset, missing, under_way)
    since = course.began - OVERLAP if read.stream.changed_since else None
    done = Stand(listed_at=course.began, pages=course.pages, since=since)
    read.delete(dataset, (), done)
    _keep(read, done)


def _keep(read: StreamRead, stand: Stand) -> None:
    read.stand = stand
