from datetime import UTC, datetime, timedelta, timezone

import pytest

from consentry.web.moments import moment, relative, span

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=-59), "just now"),
        (timedelta(seconds=20), "in a moment"),
        (timedelta(minutes=-4, seconds=-10), "4 min ago"),
        (timedelta(minutes=2), "in 2 min"),
        (timedelta(hours=-1), "1 hour ago"),
        (timedelta(hours=3, minutes=59), "in 3 hours"),
        (timedelta(days=-1, hours=-2), "1 day ago"),
        (timedelta(days=6), "in 6 days"),
        (timedelta(days=-30), "30 days ago"),
        (timedelta(days=-31), "23 Oct 2026"),
    ],
)
def test_a_moment_is_told_by_its_distance_in_the_largest_whole_unit(distance: timedelta, words: str) -> None:
    assert relative(NOW + distance, NOW) == words


def test_the_exact_moment_stands_in_utc_whatever_zone_it_came_in() -> None:
    shown = moment(datetime(2026, 11, 23, 13, 5, 9, tzinfo=timezone(timedelta(hours=2))), NOW)
    assert (shown.iso, shown.exact) == ("2026-11-23T11:05:09Z", "23 Nov 2026, 11:05 UTC")


@pytest.mark.parametrize(
    ("distance", "words"), [(timedelta(seconds=5), "since a moment ago"), (timedelta(hours=23), "for 23 hours")]
)
def test_what_has_been_so_is_told_by_how_long(distance: timedelta, words: str) -> None:
    assert moment(NOW - distance, NOW).lasting == words


def test_a_span_under_a_minute_is_told_in_seconds() -> None:
    assert span(timedelta(seconds=12.4)) == "12 s"
