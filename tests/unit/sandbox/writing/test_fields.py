"""What a field takes and what it doesn't."""

from collections.abc import Callable
from typing import Any

import pytest

from consentry.sandbox.writing.fields import read_clock, read_day, read_moment, read_number, read_whole
from consentry.sandbox.writing.marks import as_number


@pytest.mark.parametrize(
    ("read", "given", "kept"),
    [
        (read_day, "2025-01-31", "2025-01-31"),
        (read_moment, "2025-01-31T09:00:00Z", "2025-01-31T09:00:00Z"),
        (read_moment, "2025-01-31T09:00:00+02:00", "2025-01-31T07:00:00Z"),
        (read_moment, "2025-01-31T09:00:00.750", "2025-01-31T09:00:00Z"),
        (read_clock, "09:30", "09:30:00"),
        (read_clock, "09:30:15", "09:30:15"),
        (read_whole, 2**62, 2**62),
        (read_number, 3, 3.0),
    ],
)
def test_values_are_kept_as_capsule_writes_them(read: Callable[[Any], Any], given: object, kept: object) -> None:
    assert read(given) == kept


@pytest.mark.parametrize(
    ("read", "given"),
    [
        pytest.param(read_day, "31.01.2025", id="another order"),
        pytest.param(read_day, "20250131", id="without dashes"),
        pytest.param(read_day, "2025-W05-5", id="by week"),
        pytest.param(read_day, 20250131, id="a number"),
        pytest.param(read_day, "2025-02-30", id="no such day"),
        pytest.param(read_moment, "2025-01-31", id="without a time"),
        pytest.param(read_moment, "Tomorrow", id="words that hold a T"),
        pytest.param(read_clock, "9:30", id="one digit"),
        pytest.param(read_clock, "25:00", id="no such hour"),
        pytest.param(read_whole, 2**63, id="more than 64 bits"),
        pytest.param(read_whole, True, id="a flag"),
        pytest.param(read_whole, 1.5, id="a fraction"),
        pytest.param(read_number, "3", id="a text"),
    ],
)
def test_other_values_are_refused(read: Callable[[Any], Any], given: object) -> None:
    with pytest.raises(ValueError):
        read(given)


@pytest.mark.parametrize(
    ("given", "text"),
    [(5, "5"), (5.0, "5"), (0, "0"), (-0.0, "0"), (1200, "1200"), ("1200.50", "1200.5"), (1e21, "1" + "0" * 21)],
)
def test_numbers_come_back_as_plain_text(given: float | str, text: str) -> None:
    assert as_number("Employees", given) == text
