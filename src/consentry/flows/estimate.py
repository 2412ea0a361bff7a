"""What reading streams whole takes in requests and time, told before a first run. It costs few requests of its own."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode

from consentry.connectors import Connector, Page, RateLimit, Record, SignedInClient, Stream, first_path, read_page
from consentry.core.clock import Clock
from consentry.errors import ConsentryError, NotFound, ProviderError, ScopeMissing
from consentry.flows.model import RESERVE, Trouble
from consentry.flows.reading import Way, way_of

MOST_REQUESTS: Final = 12
"""So many pages of one stream are looked at, at most."""
_STRIDE: Final = 8
_CLOSE: Final = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEstimate:
    """What one stream takes."""

    name: str
    records: int | None  # None: nobody can tell before it is read
    requests: int | None  # None: it can't be read, and the trouble says why
    is_exact: bool
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What all streams take together."""

    streams: tuple[StreamEstimate, ...]
    takes: timedelta  # with the waits that the provider's rate limit asks for
    asked: int  # the requests that the estimate itself has cost

    @property
    def requests(self) -> int:
        """All streams together, as far as they can be read."""
        return sum(stream.requests or 0 for stream in self.streams)


async def estimate(
    client: SignedInClient,
    connector: Connector,
    streams: Sequence[Stream],
    known_counts: Mapping[str, int] | None = None,
    *,
    clock: Clock,
) -> Estimate:
    """Count what a whole reading of the streams takes; nothing is asked about streams whose count is known.

    A stream that is closed to this grant, or not understood, is told as such. Whatever stops every stream is raised.
    """
    counting = _Counting(client, connector, known_counts or {})
    chosen = {stream.name for stream in streams}
    began = clock.monotonic()
    found = [await _estimate_one(counting, stream, chosen) for stream in streams]
    each = (clock.monotonic() - began) / max(1, counting.asked)
    requests = sum(one.requests or 0 for one in found)
    return Estimate(streams=tuple(found), takes=time_for(requests, connector.rate_limit, each), asked=counting.asked)


def time_for(requests: int, limit: RateLimit | None, each: float) -> timedelta:
    """Return how long requests take that last ``each`` seconds, when people are left their reserve of the limit."""
    alone = timedelta(seconds=requests * each)
    if limit is None or requests == 0:
        return alone
    usable = max(1, limit.calls - limit.calls // RESERVE)
    windows, rest = divmod(requests - 1, usable)
    return max(alone, windows * limit.window + timedelta(seconds=(rest + 1) * each))


async def _estimate_one(counting: "_Counting", stream: Stream, chosen: set[str]) -> StreamEstimate:
    try:
        if stream.parent is None:
            found = await counting.count(stream)
            requests = _requests_for(stream, found.pages)
            return StreamEstimate(name=stream.name, records=found.records, requests=requests, is_exact=found.is_exact)
        return await _estimate_children(counting, stream, read_parents=stream.parent not in chosen)
    except (ScopeMissing, NotFound, ProviderError) as error:
        return StreamEstimate(name=stream.name, records=None, requests=None, is_exact=True, trouble=_trouble(error))


async def _estimate_children(counting: "_Counting", stream: Stream, *, read_parents: bool) -> StreamEstimate:
    """Take one request for each parent; where nobody else reads the parents, their list is read as well."""
    parent = counting.parent_of(stream)
    parents = await counting.count(parent)
    walked = round(parents.records * await counting.share(parent, stream.parent_where))
    return StreamEstimate(
        name=stream.name,
        records=counting.known.get(stream.name),
        requests=walked + (parents.pages if read_parents else 0),
        is_exact=False,
    )


def _requests_for(stream: Stream, pages: int) -> int:
    """Return the requests of a first whole reading: lists that may move while they are read are read twice."""
    if pages <= 1:
        return 1
    return pages + 1 if way_of(stream) is Way.FEED else 2 * pages + 1


def _trouble(error: ConsentryError) -> Trouble:
    return Trouble(code=error.code, message=str(error), hint=error.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    pages: int
    records: int
    is_exact: bool
    seen: Sequence[Record] = ()


def _has(record: Record, where: Mapping[str, object]) -> bool:
    return all(record.get(name) == value for name, value in where.items())


class _Counting:
    """Counts lists by looking at few of their pages, each list once."""

    def __init__(self, client: SignedInClient, connector: Connector, known: Mapping[str, int]) -> None:
        self.asked = 0
        self.known = known
        self._client = client
        self._connector = connector
        self._counted: dict[str, _Counted] = {}

    def parent_of(self, stream: Stream) -> Stream:
        """Return the stream whose records are walked over."""
        parent = self._connector.stream(stream.parent or "")
        if parent is None:
            raise LookupError(f"the stream {stream.name} names a parent that doesn't exist")
        return parent

    async def count(self, stream: Stream) -> _Counted:
        """Return how long a list is."""
        if stream.name not in self._counted:
            self._counted[stream.name] = await self._find_out(stream)
        return self._counted[stream.name]

    async def share(self, stream: Stream, where: Mapping[str, object]) -> float:
        """Return which part of a list's records has these members, by those that were looked at."""
        if not where:
            return 1.0
        seen = (await self.count(stream)).seen
        seen = seen or (await self._look(stream, first_path(self._connector, stream))).records
        return sum(_has(record, where) for record in seen) / max(1, len(seen))

    async def _find_out(self, stream: Stream) -> _Counted:
        if stream.name in self.known:
            records = self.known[stream.name]
            pages = max(1, math.ceil(records / stream.per_page)) if stream.paginated else 1
            return _Counted(pages=pages, records=records, is_exact=False)
        asked = first_path(self._connector, stream)
        first = await self._look(stream, asked)
        if first.next_path is None:
            return _Counted(pages=1, records=len(first.records), is_exact=True, seen=first.records)
        address = numbered(asked, first.next_path)
        return await self._gallop(stream, first, address) if address else await self._follow(stream, first)

    async def _gallop(self, stream: Stream, first: Page, address: Callable[[int], str]) -> _Counted:
        """Look ahead in growing strides until behind the end, then close in on it from both sides."""
        seen, size = list(first.records), len(first.records)
        low, high = 1, None
        for _ in range(MOST_REQUESTS - 1):
            number = low * _STRIDE if high is None else _between(low, high)
            page = await self._look_ahead(stream, address(number))
            seen += page.records
            if page.records and page.next_path is None:
                records = (number - 1) * size + len(page.records)
                return _Counted(pages=number, records=records, is_exact=True, seen=seen)
            low, high = (number, high) if page.records else (low, number)
            if high is not None and (high - low <= 1 or high / low <= _CLOSE):
                break
        pages = _between(low, high) if high is not None and high - low > 1 else low
        return _Counted(pages=pages, records=pages * size, is_exact=False, seen=seen)

    async def _follow(self, stream: Stream, page: Page) -> _Counted:
        """Go on page by page where pages have no numbers; what lies behind the last look isn't counted."""
        seen, pages = list(page.records), 1
        while page.next_path is not None and pages < MOST_REQUESTS:
            page = await self._look(stream, page.next_path)
            seen += page.records
            pages += 1
        return _Counted(pages=pages, records=len(seen), is_exact=page.next_path is None, seen=seen)

    async def _look(self, stream: Stream, asked: str) -> Page:
        self.asked += 1
        return await read_page(self._client, self._connector, stream, asked)

    async def _look_ahead(self, stream: Stream, asked: str) -> Page:
        """Return a page that may lie behind the end, which some providers say with 404."""
        try:
            return await self._look(stream, asked)
        except NotFound:
            return Page(records=[], next_path=None)


def numbered(asked: str, next_path: str) -> Callable[[int], str] | None:
    """Return what asks for a page by its number, if the next page differs from the first one by being number 2."""
    path, _, query = asked.partition("?")
    next_to, _, next_query = next_path.partition("?")
    before, after = dict(parse_qsl(query)), dict(parse_qsl(next_query))
    numbers = [name for name, value in after.items() if value == "2" and before.get(name, "1") == "1"]
    if path != next_to or len(numbers) != 1:
        return None
    return lambda number: f"{path}?{urlencode({**after, numbers[0]: str(number)}, safe=',:')}"


def _between(low: int, high: int) -> int:
    """Return a page between two others, as many times the lower as the upper is times it."""
    return min(high - 1, max(low + 1, round(math.sqrt(low * high))))
