"""Looks records up in the dataset of a source that keeps them already, after asking once what changed since.

What the copy doesn't know is asked of the provider before anybody believes that it isn't there: a request too many is
cheaper than a record too many.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from consentry.connectors import Course, Record, Stream, first_path, read_deleted, read_page
from consentry.core.log import get_logger
from consentry.core.secret import Secret
from consentry.errors import WarehouseBusy, WarehouseRefused
from consentry.flows import sources
from consentry.flows import store as source_store
from consentry.flows.destination.records import ID, AtProvider, Found
from consentry.flows.destination.work import Work, WritingUpstream
from consentry.flows.model import Source
from consentry.flows.reading import OLDEST_FEED, Way, format_moment, read_stand, way_of
from consentry.flows.room import Room
from consentry.flows.warehouse import Copy, open_copy

MOST_CHANGED: Final = 300
"""When more changed since, the provider is asked directly."""
FRESH_FOR: Final = timedelta(minutes=5)
"""So long what was asked counts; in a longer run it is asked again."""
_KINDS: Final = ("duckdb", "postgres")
T = TypeVar("T")

log = get_logger("flows.destination.copying")


async def find_copy(room: Room, work: Work, upstream: WritingUpstream, provider: AtProvider) -> "FromDataset | None":
    """Return the copy of the records that rows are matched with, where a source of the credential keeps one."""
    stream = work.connector.stream(work.template.stream or "")
    if stream is None or not work.template.matches or way_of(stream) is not Way.FEED:
        return None
    async with room.database.reading() as connection:
        found, _ = await source_store.list_page(
            connection, name=None, credential_id=work.destination.credential_id, page=1, per_page=100
        )
    for source in found:
        if _keeps(source, stream):
            address = await sources.find_address(room, source.id)
            return FromDataset(
                place=_Place(source=source, stream=stream, room=room, address=address),
                upstream=upstream,
                work=work,
                provider=provider,
            )
    return None


def _keeps(source: Source, stream: Stream) -> bool:
    named = source.streams is None or stream.name in source.streams
    return source.manual is None and named and source.warehouse.kind in _KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    source: Source
    stream: Stream
    room: Room
    address: Secret | None

    async def use(self, action: Callable[[Copy], T]) -> T | None:
        """Let a function read the copy in a thread; None where there is none, or somebody else has it."""

        def read() -> T | None:
            with open_copy(self.source, (self.stream,), home=self.room.home, address=self.address) as copy:
                return None if copy is None else action(copy)

        try:
            return await asyncio.to_thread(read)
        except (WarehouseBusy, WarehouseRefused) as error:
            log.info("a dataset can't be read now; the provider is asked", reason=error.message)
            return None


@dataclass(slots=True, kw_only=True)
class FromDataset:
    """Finds records in a dataset, with what changed since laid over it."""

    place: _Place
    upstream: WritingUpstream
    work: Work
    provider: AtProvider
    changed: dict[int, Record] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    asked_at: datetime | None = None
    is_given_up: bool = False

    async def find(self, by: str, values: Sequence[Any], *, fresh: bool) -> Found:
        """Return for each value the records that have it; what the copy doesn't know, the provider may."""
        match = self.work.template.match(by)
        if fresh or match is None or not match.path or not await self._is_fresh():
            return await self.provider.find(by, values)
        found = await self._look(by, match.path, values)
        missing = [value for value in values if not found.get(value)]
        return {**found, **await self.provider.find(by, missing)} if missing else found

    async def wrote(self, records: Sequence[Record], gone: Sequence[int]) -> None:
        """Believe nothing any more about what the run itself changed: answers needn't be whole records."""
        touched = {each["id"] for each in records if isinstance(each.get("id"), int)} | set(gone)
        self.gone |= touched
        for number in touched:
            self.changed.pop(number, None)

    async def _is_fresh(self) -> bool:
        now = self.work.clock.now()
        if not self.is_given_up and (self.asked_at is None or now - self.asked_at >= FRESH_FOR):
            self.asked_at = now
            self.is_given_up = not await self._ask()
        return not self.is_given_up

    async def _ask(self) -> bool:
        """Ask what changed and what was deleted since the dataset was brought up to date; tell whether it was few."""
        stream = self.place.stream
        state = await self.place.use(lambda copy: copy.state(stream.name))
        stand = read_stand(state or {})
        whole = stand.settled and stand.listing is None and not stand.catching
        if stand.since is None or not whole or self.work.clock.now() - stand.since >= OLDEST_FEED:
            return False
        since = format_moment(stand.since)
        asked: str | None = first_path(self.work.connector, stream, params={"since": since})
        course = Course(name=stream.name)
        while asked is not None:
            page = await read_page(self.upstream, self.work.connector, stream, asked)
            self.changed |= {record["id"]: record for record in page.records}
            if len(self.changed) > MOST_CHANGED:
                return False
            asked = course.follow(asked, page)
        deleted = await read_deleted(self.upstream, self.work.connector, stream, since)
        self.gone |= {each["id"] for each in deleted if each.get("id") not in self.changed}
        return True

    async def _look(self, by: str, path: tuple[str, ...], values: Sequence[Any]) -> dict[Any, list[Record]]:
        stale = self.gone | self.changed.keys()
        records = await self.place.use(lambda copy: _read(copy, self.place.stream, path, by, values))
        there = [each for each in records or () if each["id"] not in stale] + list(self.changed.values())
        wanted = self.work.template.where.items() if by != ID else ()
        fitting = [each for each in there if all(each.get(name) == value for name, value in wanted)]
        by_text: dict[str, list[Record]] = {}
        for record in fitting:
            for text in _texts(record, path):
                by_text.setdefault(text, []).append(record)
        return {value: by_text.get(_loose(value), []) for value in values}


def _read(copy: Copy, stream: Stream, path: tuple[str, ...], by: str, values: Sequence[Any]) -> list[Record]:
    if by == ID:
        ids = [int(value) for value in values if str(value).isdecimal()]
    else:
        ids = [number for _, number in copy.find_ids(stream.name, path, [_loose(value) for value in values])]
    return copy.records(stream.name, list(dict.fromkeys(ids)))


def _texts(record: Mapping[str, Any], path: tuple[str, ...]) -> set[str]:
    """Return what a record has at a path, as it is compared."""
    top = record.get(path[0])
    found = [each.get(path[1]) for each in top or ()] if len(path) == 2 else [top]
    return {_loose(each) for each in found if each is not None}


def _loose(value: Any) -> str:
    return " ".join(str(value).split()).casefold()
