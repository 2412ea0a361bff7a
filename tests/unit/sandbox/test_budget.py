"""The rate limit's windows."""

from datetime import timedelta

from consentry.core.clock import FakeClock
from consentry.sandbox.budget import Budget
from consentry.sandbox.knobs import Knobs


def test_a_window_runs_out_and_begins_anew() -> None:
    clock = FakeClock()
    budget = Budget(clock=clock, knobs=lambda: Knobs(rate_limit=2, rate_window_seconds=60))
    told = [budget.spend("ada") for _ in range(3)]
    assert [each and (each.allowed, each.remaining) for each in told] == [(True, 1), (True, 0), (False, 0)]
    other = budget.spend("ben")
    assert other is not None
    assert other.allowed
    clock.advance(timedelta(seconds=60))
    fresh = budget.spend("ada")
    assert fresh is not None
    assert (fresh.allowed, fresh.remaining) == (True, 1)
    assert fresh.resets_at == int(clock.now().timestamp()) + 60


def test_without_a_limit_nothing_is_told() -> None:
    budget = Budget(clock=FakeClock(), knobs=lambda: Knobs(rate_limit=None))
    assert budget.spend("ada") is None
