"""The clocks."""

from datetime import UTC, datetime, timedelta

from consentry.core.clock import FakeClock, SystemClock


def test_the_system_clock_tells_aware_moments_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_system_clock_measures_waits_that_never_run_backwards() -> None:
    clock = SystemClock()
    first = clock.monotonic()
    assert clock.monotonic() >= first


def test_a_fake_clock_stands_still_until_it_is_told_to_go_on() -> None:
    start = datetime(2026, 3, 1, 8, tzinfo=UTC)
    clock = FakeClock(start)
    assert (clock.now(), clock.monotonic()) == (start, 0.0)
    clock.advance(timedelta(minutes=2))
    assert (clock.now(), clock.monotonic()) == (start + timedelta(minutes=2), 120.0)
