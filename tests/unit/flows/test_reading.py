from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consentry.connectors import Catalogue, Connector, Record, Stream
from consentry.flows.reading import (
    Pass,
    Stand,
    Step,
    Verdict,
    Way,
    after_page,
    format_moment,
    judge,
    key_of,
    next_step,
    read_moment,
    read_stand,
    streams_of,
    unrest,
    way_of,
    write_stand,
)
from ground.sources import a_source

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
THINGS = Stream(name="things", title="Things", meaning="All.", path="/v1/things", records_key="things")


@pytest.fixture
def connector() -> Connector:
    return Catalogue.load().get("capsule")


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("parties", Way.FEED),
        ("tasks", Way.LISTING),  # knows ``since``, has no feed
        ("entries", Way.NEWEST),
        ("employees", Way.WALK),
        ("site", Way.LISTING),
    ],
)
def test_each_stream_has_its_way(connector: Connector, name: str, way: Way) -> None:
    stream = connector.stream(name)
    assert stream is not None
    assert way_of(stream) is way


def listed(**more: Any) -> Stand:
    an_hour_ago = NOW - timedelta(hours=1)
    return replace(Stand(listed_at=an_hour_ago, since=an_hour_ago, pages=3), **more)


@pytest.mark.parametrize(
    ("way", "stand", "step", "reason"),
    [
        (Way.FEED, Stand(), Step(what="whole"), "nothing is known yet"),
        (Way.FEED, listed(), Step(what="changes"), "the feed tells all there is"),
        (Way.FEED, listed(listed_at=NOW - 9 * DAY), Step(what="changes"), "also long after the list was read"),
        (Way.FEED, listed(since=NOW - 31 * DAY), Step(what="whole"), "the feed may have forgotten"),
        (Way.FEED, listed(settled=False), Step(what="whole"), "the last reading was disturbed"),
        (Way.LISTING, listed(pages=1), Step(what="whole"), "one request tells all"),
        (Way.LISTING, listed(), Step(what="changes"), "a long list can wait"),
        (Way.LISTING, listed(listed_at=NOW - DAY), Step(what="whole"), "until it's due"),
        (Way.NEWEST, listed(catching=True), Step(what="whole"), "a run ended between new and known"),
        (Way.WALK, listed(), Step(what="changes"), "parents that were written lately"),
        (Way.WALK, Stand(walk_began=NOW - timedelta(hours=1)), Step(what="whole", resume=True), "killed on its way"),
        (Way.FEED, Stand(listing=Pass(began=NOW - timedelta(hours=2))), Step(what="whole", resume=True), "the same"),
        (Way.FEED, Stand(listing=Pass(began=NOW - 2 * DAY)), Step(what="whole"), "too long ago to go on with"),
    ],
)
def test_what_is_due_follows_from_what_is_known(way: Way, stand: Stand, step: Step, reason: str) -> None:
    assert next_step(way, stand, NOW, DAY) == step, reason


def test_what_is_always_due_is_read_whole() -> None:
    assert next_step(Way.WALK, listed(), NOW, DAY, always=True) == Step(what="whole")


@pytest.mark.parametrize(
    ("course", "facts", "verdict", "reason"),
    [
        ({"pages": 1}, {"missing": 40}, Verdict.DONE, "one answer is one moment"),
        ({"pages": 9}, {"missing": 0}, Verdict.DONE, "everything known is still there"),
        ({"pages": 9}, {"missing": 3}, Verdict.AGAIN, "deleted, or slipped through"),
        ({"pages": 9}, {"missing": 3, "can_ask": True}, Verdict.ASK, "asking costs less than reading again"),
        ({"pages": 4}, {"missing": 3, "can_ask": True}, Verdict.AGAIN, "reading again costs less"),
        ({"pages": 9, "number": 2}, {"missing": 3}, Verdict.DONE, "two passes didn't see them"),
        ({"pages": 9}, {"first": True, "new": 900}, Verdict.AGAIN, "what slipped through isn't known to be missing"),
        ({"pages": 9, "number": 2}, {"first": True}, Verdict.DONE, "the second pass found nothing more"),
        ({"pages": 9, "number": 2}, {"first": True, "new": 1}, Verdict.AGAIN, "it found more"),
        ({"pages": 9, "number": 3}, {"first": True, "new": 1}, Verdict.DONE, "some lists never stand still"),
    ],
)
def test_a_pass_is_believed_when_it_proves_something(
    course: dict[str, Any], facts: dict[str, int], verdict: Verdict, reason: str
) -> None:
    given = {"first": False, "new": 0, "missing": 0, "can_ask": False} | facts
    found = judge(
        Pass(began=NOW, **course),
        first=bool(given["first"]),
        new=given["new"],
        missing=given["missing"],
        can_ask=bool(given["can_ask"]),
    )
    assert found is verdict, reason


EARLIER = {"id": 1, "deletedAt": "2026-05-01T11:00:00Z"}
MEANWHILE = {"id": 2, "deletedAt": "2026-05-01T12:00:30Z"}
CHANGED = {"id": 3, "updatedAt": "2026-05-01T12:00:30Z"}


@pytest.mark.parametrize(
    ("course", "deletions", "changes", "moved", "reason"),
    [
        ({"pages": 1}, [MEANWHILE], [CHANGED], False, "one answer is one moment"),
        ({"pages": 5}, [EARLIER], [], False, "that was before"),
        ({"pages": 5}, [MEANWHILE], [], True, "later records moved one place"),
        ({"pages": 5}, [{"id": 3}], [], True, "it may have been meanwhile"),
        ({"pages": 5, "ordered": True}, [], [CHANGED], False, "changes don't move what is ordered by key"),
        ({"pages": 5, "ordered": False}, [], [CHANGED], True, "but may move anything else"),
    ],
)
def test_a_list_that_can_have_moved_is_noticed(
    course: dict[str, Any], deletions: list[Record], changes: list[Record], moved: bool, reason: str
) -> None:
    assert bool(unrest(Pass(began=NOW, **course), NOW, deletions, changes)) is moved, reason


def test_order_is_judged_across_pages() -> None:
    first = after_page(Pass(began=NOW), [(1,), (2,)])
    assert after_page(first, [(3,), (9,)]).ordered
    assert not after_page(first, [(2,), (9,)]).ordered
    assert not after_page(Pass(began=NOW), [("GB",), ("US",)]).ordered


def test_what_is_kept_can_be_read_again() -> None:
    stand = Stand(since=NOW, listed_at=NOW, listing=Pass(began=NOW, resume="/v1/things?page=2", last="x"), walked=7)
    assert read_stand(write_stand(stand)) == stand
    assert read_stand({}) == Stand()
    assert read_stand({"listing": "of another version"}) == Stand()


@pytest.mark.parametrize("missing", [{}, {"id": None}, {"id": ""}, {"id": True}, {"id": {"a": 1}}, {"id": [1]}])
def test_what_is_no_key_is_refused(missing: dict[str, object]) -> None:
    assert key_of(THINGS, {"name": "x"} | missing) is None
    assert key_of(THINGS, {"id": 0}) == (0,)


def test_moments_are_written_as_the_api_reads_them() -> None:
    assert format_moment(NOW) == "2026-05-01T12:00:00Z"
    assert read_moment("2026-05-01T12:00:00Z") == NOW
    assert read_moment("yesterday") is None
    assert read_moment("2026-05-01T12:00:00") is None
    assert read_moment(5) is None


def test_parents_come_before_their_children(connector: Connector) -> None:
    names = [stream.name for stream in streams_of(a_source(), connector)]
    assert sorted(names) == sorted(stream.name for stream in connector.streams)
    for stream in connector.streams:
        assert stream.parent is None or names.index(stream.parent) < names.index(stream.name)


def test_only_chosen_streams_are_read(connector: Connector) -> None:
    assert [each.name for each in streams_of(a_source(streams=("tasks", "teams")), connector)] == ["tasks", "teams"]
