"""A pace lets so many through at once, then so many a second, and says how long to wait."""

from datetime import timedelta

import pytest

from consentry.accounts.pace import Pace
from consentry.core.clock import FakeClock
from consentry.errors import TooManyAttempts


def test_a_burst_passes_and_the_next_one_waits(clock: FakeClock) -> None:
    pace = Pace(clock, what="forced refreshes", at_once=3, a_second=0.5)
    for _ in range(3):
        pace.take("credential 1")
    with pytest.raises(TooManyAttempts) as refused:
        pace.take("credential 1")
    assert 2 <= refused.value.retry_after <= 3
    assert "forced refreshes" in refused.value.message
    clock.advance(timedelta(seconds=2))
    pace.take("credential 1")


def test_subjects_do_not_slow_each_other_down(clock: FakeClock) -> None:
    pace = Pace(clock, what="token reads", at_once=1, a_second=1)
    pace.take("key:one")
    pace.take("key:two")
    with pytest.raises(TooManyAttempts):
        pace.take("key:one")


def test_a_pause_fills_the_bucket_no_further_than_its_rim(clock: FakeClock) -> None:
    pace = Pace(clock, what="callbacks", at_once=2, a_second=1)
    pace.take("ip")
    clock.advance(timedelta(hours=1))
    pace.take("ip")
    pace.take("ip")
    with pytest.raises(TooManyAttempts):
        pace.take("ip")
