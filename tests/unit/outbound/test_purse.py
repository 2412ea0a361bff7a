from dataclasses import dataclass
from datetime import timedelta
from email.utils import formatdate

import pytest

from consentry.outbound.ledger import Row
from consentry.outbound.purse import Purse, Verdict

NOW = 1_795_430_000.0
END = NOW + 1800
AT_NOW = formatdate(NOW, usegmt=True)


@dataclass(frozen=True)
class HourlyLimit:
    calls: int = 4000
    window: timedelta = timedelta(hours=1)
    limit_header: str = "x-limit"
    remaining_header: str = "x-remaining"
    reset_header: str = "x-reset"


def headers(remaining: int, *, resets_at: float = END, limit: int = 40, **more: str) -> dict[str, str]:
    told = {"x-limit": str(limit), "x-remaining": str(remaining), "x-reset": str(int(resets_at))}
    return told | {name.replace("_", "-"): value for name, value in more.items()}


@pytest.fixture
def purse() -> Purse:
    return Purse(limit=HourlyLimit())


def claim(purse: Purse, row: Row, granted: int) -> None:
    purse.receive(purse.ask(NOW, 0.0, 1), row, granted, 0.0)


def open_window(purse: Purse, remaining: int = 39) -> None:
    """Go through the first call, which brings the headers, and be handed a slice."""
    claim(purse, Row(allowance=0, spent=1, resets_at=NOW + 60), 1)
    assert purse.judge(NOW, 0.0) is Verdict.GO
    purse.take()
    purse.learn(200, headers(remaining).get, NOW)
    claim(purse, Row(allowance=38, spent=5, resets_at=END), 4)


def test_nobody_leaves_before_the_ledger_was_asked(purse: Purse) -> None:
    assert purse.judge(NOW, 0.0) is Verdict.CLAIM


def test_while_the_first_call_is_out_the_others_wait(purse: Purse) -> None:
    claim(purse, Row(allowance=0, spent=1, resets_at=NOW + 60), 1)
    assert purse.judge(NOW, 0.0) is Verdict.GO
    purse.take()
    assert purse.judge(NOW, 0.5) is Verdict.WAIT
    assert purse.judge(NOW, 1.5) is Verdict.CLAIM, "after a while one more goes ahead"


def test_a_window_that_others_know_needs_no_call_ahead(purse: Purse) -> None:
    claim(purse, Row(allowance=38, spent=9, resets_at=END), 3)
    assert [purse.judge(NOW, 0.0), purse.resets_at] == [Verdict.GO, END]


def test_calls_in_flight_count_as_spent(purse: Purse) -> None:
    open_window(purse, remaining=4)
    purse.take()
    assert purse.judge(NOW, 0.0) is Verdict.GO
    purse.take()
    assert purse.judge(NOW, 0.0) is Verdict.WAIT, "four were left, two are out and two are for others"
    purse.learn(200, headers(3).get, NOW)
    purse.learn(200, headers(2).get, NOW)
    assert purse.judge(NOW, 0.0) is Verdict.FULL


def test_an_answer_that_was_overtaken_changes_nothing(purse: Purse) -> None:
    open_window(purse, remaining=30)
    for remaining in (20, 25):
        purse.take()
        purse.learn(200, headers(remaining).get, NOW)
    assert purse.told is not None
    assert purse.told.remaining == 20


def test_an_answer_from_the_window_before_changes_nothing(purse: Purse) -> None:
    open_window(purse)
    purse.take()
    purse.learn(200, headers(0, resets_at=NOW + 1).get, NOW)
    assert purse.judge(NOW, 0.0) is Verdict.GO


def test_a_ledger_that_answers_after_the_window_turned_hands_out_nothing(purse: Purse) -> None:
    open_window(purse)
    ask = purse.ask(NOW, 0.0, 1)
    purse.take()
    purse.learn(200, headers(39, resets_at=END + 3600).get, NOW)
    purse.receive(ask, Row(allowance=38, spent=20, resets_at=END), 10, 0.0)
    assert purse.slice_left == 0
    assert purse.judge(NOW, 0.0) is Verdict.CLAIM


def test_the_end_of_a_window_forgets_it_and_keeps_what_is_out(purse: Purse) -> None:
    open_window(purse)
    purse.take()
    assert purse.judge(END + 1, 0.0) is Verdict.WAIT
    assert (purse.told, purse.slice_left, purse.unregistered) == (None, 0, 1)


def test_moments_are_taken_by_the_providers_clock(purse: Purse) -> None:
    ahead = NOW + 7200  # our clock is two hours ahead of the provider's
    purse.take()
    purse.learn(200, headers(0, date=AT_NOW).get, ahead)
    assert purse.judge(ahead, 0.0) is Verdict.FULL
    assert purse.seconds_to_reset(ahead) == pytest.approx(1800, abs=1)


def test_only_a_good_answer_without_headers_means_that_there_is_no_limit(purse: Purse) -> None:
    for status in (502, 401, 404):
        purse.take()
        purse.learn(status, lambda _name: None, NOW)
        assert not purse.unlimited
    purse.take()
    purse.learn(200, lambda _name: None, NOW)
    assert purse.judge(NOW, 0.0) is Verdict.GO
    purse.take()
    purse.learn(200, headers(2).get, NOW)
    assert purse.judge(NOW, 0.0) is Verdict.FULL, "and the first headers end that"


def test_a_refusal_although_calls_are_left_is_a_burst_and_short(purse: Purse) -> None:
    open_window(purse)
    purse.take()
    purse.learn(429, headers(30).get, NOW)
    assert purse.judge(NOW, 0.0) is Verdict.FULL
    assert purse.seconds_to_reset(NOW) <= 10
    assert purse.judge(NOW + 10, 0.0) is Verdict.GO


@pytest.mark.parametrize(
    ("more", "seconds", "reason"),
    [
        ({}, 1800, "until the window ends"),
        ({"retry_after": "7"}, 7, "as the provider says"),
        ({"retry_after": "99999999"}, 7200, "but not for ever"),
    ],
)
def test_a_refusal_lasts(purse: Purse, more: dict[str, str], seconds: float, reason: str) -> None:
    open_window(purse)
    purse.take()
    purse.learn(429, headers(0, resets_at=END, limit=40, **more).get, NOW)
    assert purse.seconds_to_reset(NOW) == pytest.approx(seconds, abs=1), reason


def test_slices_grow_while_they_are_used_up_fast(purse: Purse) -> None:
    open_window(purse)
    assert purse.ask(NOW, 0.5, 1).want == 8
    assert purse.ask(NOW, 5.0, 1).want == 1
    assert purse.ask(NOW, 5.0, 1000).want == 100


def test_alone_a_process_keeps_to_what_the_provider_tells(purse: Purse) -> None:
    assert purse.judge(NOW, 0.0, alone=True) is Verdict.GO
    purse.take()
    purse.learn(200, headers(4).get, NOW)
    for _ in range(2):
        assert purse.judge(NOW, 0.0, alone=True) is Verdict.GO
        purse.take()
    assert purse.judge(NOW, 0.0, alone=True) is Verdict.WAIT
    assert purse.ask(NOW, 0.0, 0).unregistered == 3
