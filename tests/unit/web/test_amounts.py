from datetime import timedelta

import pytest

from consentry.web.amounts import counted, every, in_unit, lasted, size


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (12, "12 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert lasted(seconds) == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_000_000, "2.0 MB")])
def test_bytes_are_told_in_their_largest_fitting_unit(number: int, words: str) -> None:
    assert size(number) == words


def test_a_count_goes_with_its_noun() -> None:
    assert counted(1, "row") == "1 row"
    assert counted(12_300, "row") == "12,300 rows"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=1), "every minute"),
        (timedelta(minutes=15), "every 15 minutes"),
        (timedelta(minutes=90), "every 90 minutes"),
        (timedelta(hours=1), "every hour"),
        (timedelta(hours=36), "every 36 hours"),
        (timedelta(days=1), "every day"),
        (timedelta(days=7), "every 7 days"),
    ],
)
def test_an_interval_is_told_in_the_largest_unit_it_is_whole_in(length: timedelta, words: str) -> None:
    assert every(length) == words
    assert in_unit(length)[0] > 0
