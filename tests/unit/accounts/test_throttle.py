from datetime import timedelta

import pytest

from consentry.accounts.throttle import BY_EMAIL, BY_IP, KeyThrottle, Patience
from consentry.core.clock import FakeClock
from consentry.errors import TooManyAttempts


def test_the_delay_doubles_after_the_free_failures_and_stops_at_the_longest() -> None:
    patience = Patience(free=2, longest=timedelta(seconds=5))
    assert [patience.delay(failures).total_seconds() for failures in range(8)] == [0, 0, 0, 1, 2, 4, 5, 5]


def test_nobody_can_lock_somebody_else_out_for_long() -> None:
    assert BY_EMAIL.delay(10**6) == timedelta(minutes=1)
    assert BY_IP.delay(10**6) == timedelta(minutes=15)


def test_unknown_keys_slow_down_their_address_and_no_other(clock: FakeClock) -> None:
    throttle = KeyThrottle(clock)
    for _ in range(21):
        throttle.note_failure("192.0.2.1")
    with pytest.raises(TooManyAttempts, match="possible in") as caught:
        throttle.note_failure("192.0.2.1")
    assert caught.value.retry_after >= 1
    throttle.note_failure("192.0.2.2")


def test_an_address_that_waited_may_try_again(clock: FakeClock) -> None:
    throttle = KeyThrottle(clock)
    for _ in range(21):
        throttle.note_failure("192.0.2.1")
    clock.advance(timedelta(seconds=2))
    throttle.note_failure("192.0.2.1")


def test_failures_are_forgotten_after_an_hour_of_quiet(clock: FakeClock) -> None:
    throttle = KeyThrottle(clock)
    for _ in range(21):
        throttle.note_failure("192.0.2.1")
    clock.advance(timedelta(hours=2))
    for _ in range(21):
        throttle.note_failure("192.0.2.1")


def test_the_memory_of_addresses_is_bounded(clock: FakeClock) -> None:
    throttle = KeyThrottle(clock)
    for number in range(10_050):
        throttle.note_failure(f"2001:db8::{number:x}")
    assert len(throttle._failures) == 10_000
