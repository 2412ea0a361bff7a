from datetime import UTC, datetime, timedelta

import pytest

from consentry.outbound import backoff, retry_after

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "fraction", "seconds", "reason"),
    [
        (0, 0.0, 0.5, "before any failure it is the first wait"),
        (1, 0.0, 0.5, "half of a wait is certain"),
        (1, 1.0, 1.0, "and half is jitter"),
        (4, 1.0, 8.0, "doubled each time"),
        (9, 0.0, 128.0, "doubled each time"),
        (10, 1.0, 300.0, "never longer than the longest"),
        (1_000_000, 0.0, 150.0, "however many there were"),
    ],
)
def test_the_wait_grows_and_is_spread(failures: int, fraction: float, seconds: float, reason: str) -> None:
    assert backoff(failures, fraction) == timedelta(seconds=seconds), reason


@pytest.mark.parametrize(
    ("value", "seconds", "reason"),
    [
        ("120", 120, "seconds"),
        ("0.5", 0.5, "a part of a second"),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60, "a date"),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0, "a date that has passed"),
        ("-1", None, "no time runs backwards"),
        ("nan", None, "no number"),
        ("1e300", None, "longer than anybody waits"),
        ("soon", None, "no date"),
        ("", None, "empty"),
        (None, None, "absent"),
    ],
)
def test_retry_after_is_read(value: str | None, seconds: float | None, reason: str) -> None:
    assert retry_after(value, NOW) == (None if seconds is None else timedelta(seconds=seconds)), reason
