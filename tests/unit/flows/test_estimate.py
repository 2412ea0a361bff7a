"""How much a whole reading takes, told from few pages."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest

from consentry.connectors import Answer, Catalogue, Connector, RateLimit, Stream
from consentry.core.clock import FakeClock
from consentry.errors import NotFound, ProviderDown, ScopeMissing
from consentry.flows.estimate import MOST_REQUESTS, estimate, numbered, time_for

THINGS = Stream(name="things", title="Things", meaning="All things.", path="/api/things", records_key="things")
PARTS = replace(THINGS, name="parts", path="/api/things/{parent}/parts", records_key="parts", parent="things")
WHEELS = replace(PARTS, name="wheels", path="/api/things/{parent}/wheels", parent_where={"kind": "cart"})
FEED = replace(THINGS, changed_since=True, deleted_path="/api/things/deleted", deleted_keys=("things",))


def connector_of(*streams: Stream) -> Connector:
    limit = RateLimit(calls=4000, window=timedelta(hours=1), limit_header="a", remaining_header="b", reset_header="c")
    return replace(
        Catalogue.load().get("capsule"),
        base_url="https://api.example.com",
        api_prefix="api/",
        streams=streams,
        rate_limit=limit,
    )


class Things:
    """A provider of so many things, of which every fourth is a cart."""

    def __init__(self, count: int, *, clock: FakeClock, numbered: bool = True, ends_with_404: bool = False) -> None:
        self.count = count
        self.asked: list[int] = []
        self._clock = clock
        self._numbered = numbered
        self._ends_with_404 = ends_with_404

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        address, _, query = path.partition("?")
        given = dict(parse_qsl(query))
        number = int(given.get("page" if self._numbered else "cursor", "1").removeprefix("after-"))
        self.asked.append(number)
        self._clock.advance(timedelta(seconds=0.1))
        begin, end = (number - 1) * 100, min(number * 100, self.count)
        if begin >= self.count and number > 1 and self._ends_with_404:
            raise NotFound
        following = {"page": str(number + 1)} if self._numbered else {"cursor": f"after-{number + 1}"}
        link = f"<https://api.example.com{address}?{urlencode(given | following)}>; rel=next"
        records = [{"id": each, "kind": "cart" if each % 4 == 0 else "box"} for each in range(begin, end)]
        headers = {"link": link} if end < self.count and records else {}
        return Answer(status=200, headers=headers, body=msgspec.json.encode({"things": records}))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.mark.parametrize(
    ("count", "exactly"),
    [
        pytest.param(0, True, id="an empty list"),
        pytest.param(100, True, id="one full page"),
        pytest.param(101, True, id="one record on a second page"),
        pytest.param(799, True, id="the stride meets the last page"),
        pytest.param(2_345, True, id="closed in on"),
        pytest.param(200_000, False, id="too long to be exact"),
        pytest.param(1_000_000, False, id="a million"),
    ],
)
@pytest.mark.parametrize("ends_with_404", [False, True])
async def test_a_list_is_counted_from_few_pages(
    clock: FakeClock, count: int, exactly: bool, ends_with_404: bool
) -> None:
    client = Things(count, clock=clock, ends_with_404=ends_with_404)
    found = await estimate(client, connector_of(THINGS), [THINGS], clock=clock)
    (stream,) = found.streams
    assert len(client.asked) == found.asked <= MOST_REQUESTS
    assert stream.is_exact is exactly
    assert stream.records is not None
    assert stream.records == count if exactly else abs(stream.records - count) <= 0.06 * count


@pytest.mark.parametrize(
    ("stream", "count", "requests"),
    [
        pytest.param(THINGS, 80, 1, id="one page"),
        pytest.param(THINGS, 250, 7, id="a list that may move is read twice, after a look whether it has pages"),
        pytest.param(FEED, 250, 4, id="one with a feed of deletions once, and then the feed"),
        pytest.param(replace(THINGS, paginated=False), 80, 1, id="a list without pages"),
    ],
)
async def test_requests_are_those_of_a_first_whole_reading(
    clock: FakeClock, stream: Stream, count: int, requests: int
) -> None:
    found = await estimate(Things(count, clock=clock), connector_of(stream), [stream], clock=clock)
    assert found.requests == requests


async def test_each_parent_costs_a_request_and_its_list_is_counted_once(clock: FakeClock) -> None:
    client = Things(400, clock=clock)
    found = await estimate(client, connector_of(THINGS, PARTS, WHEELS), [THINGS, PARTS, WHEELS], clock=clock)
    assert [stream.requests for stream in found.streams] == [9, 400, 100]
    assert found.requests == 509
    assert len(client.asked) == len(set(client.asked))


async def test_parents_that_nobody_else_reads_are_read_too(clock: FakeClock) -> None:
    found = await estimate(Things(400, clock=clock), connector_of(THINGS, WHEELS), [WHEELS], clock=clock)
    assert [stream.requests for stream in found.streams] == [104]


async def test_nothing_is_asked_about_what_is_known(clock: FakeClock) -> None:
    client = Things(400, clock=clock)
    found = await estimate(client, connector_of(THINGS, PARTS), [THINGS, PARTS], {"things": 250}, clock=clock)
    assert [stream.records for stream in found.streams] == [250, None]
    assert [stream.requests for stream in found.streams] == [7, 250]
    assert client.asked == []


async def test_the_share_of_parents_is_looked_at_even_where_their_count_is_known(clock: FakeClock) -> None:
    client = Things(400, clock=clock)
    found = await estimate(client, connector_of(THINGS, WHEELS), [THINGS, WHEELS], {"things": 400}, clock=clock)
    assert [stream.requests for stream in found.streams] == [9, 100]
    assert client.asked == [1]


async def test_pages_without_numbers_are_followed_for_a_while(clock: FakeClock) -> None:
    client = Things(5_000, clock=clock, numbered=False)
    found = await estimate(client, connector_of(THINGS), [THINGS], clock=clock)
    assert len(client.asked) == MOST_REQUESTS
    assert [(stream.records, stream.is_exact) for stream in found.streams] == [(1_200, False)]


class Closed:
    """Refuses."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        raise self._error


async def test_a_stream_that_is_closed_is_told_as_such(clock: FakeClock) -> None:
    found = await estimate(Closed(ScopeMissing("Not for you.")), connector_of(THINGS), [THINGS], clock=clock)
    assert found.requests == 0
    (stream,) = found.streams
    assert stream.requests is None
    assert stream.trouble is not None
    assert (stream.trouble.code, stream.trouble.message) == ("scope_missing", "Not for you.")


async def test_what_stops_every_stream_is_raised(clock: FakeClock) -> None:
    with pytest.raises(ProviderDown):
        await estimate(Closed(ProviderDown()), connector_of(THINGS), [THINGS], clock=clock)


@pytest.mark.parametrize(
    ("requests", "seconds"),
    [
        pytest.param(0, 0, id="nothing"),
        pytest.param(100, 10, id="as fast as answers come"),
        pytest.param(3_800, 380, id="all but the reserve for people"),
        pytest.param(3_801, 3_600.1, id="one more waits for the next hour"),
        pytest.param(10_000, 7_200 + 240, id="two hours and the rest"),
    ],
)
def test_time_counts_the_waits_for_the_limit(requests: int, seconds: float) -> None:
    limit = connector_of().rate_limit
    assert time_for(requests, limit, 0.1).total_seconds() == pytest.approx(seconds)


def test_slow_answers_count_more_than_the_limit() -> None:
    assert time_for(4_000, connector_of().rate_limit, 2.0) == timedelta(seconds=8_000)
    assert time_for(4_000, None, 0.5) == timedelta(seconds=2_000)


@pytest.mark.parametrize(
    ("asked", "following", "tenth"),
    [
        pytest.param("/a?perPage=9", "/a?page=2&perPage=9", "/a?page=10&perPage=9", id="a number appears"),
        pytest.param("/a?page=1", "/a?page=2", "/a?page=10", id="a number grows"),
        pytest.param("/a?size=2", "/a?size=2&p=2", "/a?size=2&p=10", id="another 2 stays"),
        pytest.param("/a", "/a?cursor=x2", None, id="a cursor"),
        pytest.param("/a", "/b?page=2", None, id="another path"),
        pytest.param("/a", "/a?page=2&part=2", None, id="two numbers"),
    ],
)
def test_pages_with_numbers_are_told_from_others(asked: str, following: str, tenth: str | None) -> None:
    address = numbered(asked, following)
    assert (address(10) if address else None) == tenth
