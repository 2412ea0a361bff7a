from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from consentry.connectors.comparing import clock_of, day_of, loose, moment_of, number_of, pair, same


@pytest.mark.parametrize(
    ("one", "other", "expected", "why"),
    [
        (None, "", True, "nothing is nothing"),
        ([], None, True, "an empty list says nothing"),
        (None, 0, False, "zero is something"),
        ("a", "A", False, "case counts"),
        ("a\r\nb ", "a\nb", True, "nobody sees how lines end"),
        (1, "1.0", True, "numbers come back as text"),
        (Decimal("1.10"), 1.1, True, "however they are kept"),
        (1, "x", False, "a text that is no number"),
        (True, 1, False, "yes is no number"),
        (True, "true", False, "and no text"),
        (False, False, True, "no is no"),
        (date(2026, 1, 2), "2026-01-02", True, "a day is its text"),
    ],
)
def test_what_says_the_same(one: Any, other: Any, expected: bool, why: str) -> None:
    assert same(one, other) is expected, why
    assert same(other, one) is expected, why


def test_a_text_is_compared_without_case_and_with_one_space_for_many() -> None:
    assert loose("  Straße  11\n") == loose("STRASSE 11")


@pytest.mark.parametrize("value", [None, True, "", "x", "NaN", "Infinity", [1]])
def test_what_is_no_number(value: Any) -> None:
    assert number_of(value) is None


def test_moments_days_and_times_are_read_or_none() -> None:
    assert moment_of("2026-01-01T13:00:00+01:00") == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert moment_of("2026-01-01T12:00:00") == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert day_of(datetime(2026, 1, 1, 12, tzinfo=UTC)) == date(2026, 1, 1)
    assert clock_of("9:5") is None
    assert clock_of("09:05") == time(9, 5)
    assert (moment_of("soon"), day_of("soon"), clock_of("soon")) == (None, None, None)


def test_the_closest_pairs_find_each_other_first() -> None:
    partners, left = pair(
        ["a", "B", "c"], ["b", "A", "a", "x"], lambda w, t: w == t, lambda w, t: w.lower() == t.lower()
    )
    assert partners == ["a", "b", None]
    assert left == ["A", "x"]


def test_an_item_is_nobody_s_partner_twice() -> None:
    partners, left = pair(["a", "a"], ["a"], lambda w, t: w == t)
    assert (partners, left) == (["a", None], [])
