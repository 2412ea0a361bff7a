from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.outbound.ledger import Ask, Row, Told, cut, read_headers

NOW = 1_000_000.0
END = NOW + 1800


@dataclass(frozen=True)
class HourlyLimit:
    calls: int = 4000
    window: timedelta = timedelta(hours=1)
    limit_header: str = "x-limit"
    remaining_header: str = "x-remaining"
    reset_header: str = "x-reset"


def told(remaining: int, limit: int = 40, resets_at: float = END) -> Told:
    return Told(limit=limit, remaining=remaining, resets_at=resets_at, tolerance=30.0)


def ask(heard: Told | None = None, want: int = 1, unsent: int = 0, unregistered: int = 0) -> Ask:
    return Ask(now=NOW, told=heard, want=want, unsent=unsent, unregistered=unregistered)


@pytest.mark.parametrize(
    ("limit", "usable"), [(4000, 3800), (40, 38), (20, 19), (10, 9), (2, 1), (1, 1)], ids=lambda value: str(value)
)
def test_a_twentieth_and_at_least_one_call_is_left_for_others(limit: int, usable: int) -> None:
    assert told(0, limit).usable == usable


CASES = [
    (None, ask(), Row(allowance=0, spent=1, resets_at=NOW + 60), 1, "nobody knows: one call goes ahead"),
    (
        Row(allowance=0, spent=1, resets_at=NOW + 50),
        ask(),
        Row(allowance=0, spent=2, resets_at=NOW + 50),
        1,
        "another process is finding out too: both calls are counted",
    ),
    (
        Row(allowance=0, spent=9, resets_at=NOW - 1),
        ask(),
        Row(allowance=0, spent=1, resets_at=NOW + 60),
        1,
        "those who were finding out have died",
    ),
    (
        Row(allowance=0, spent=2, resets_at=NOW + 50),
        ask(told(39), want=4),
        Row(allowance=38, spent=6, resets_at=END),
        4,
        "the first to hear of the window opens it, with the calls that went ahead",
    ),
    (
        Row(allowance=38, spent=10, resets_at=END),
        ask(want=99),
        Row(allowance=38, spent=17, resets_at=END),
        7,
        "a quarter of what is left at most",
    ),
    (
        Row(allowance=38, spent=37, resets_at=END),
        ask(want=99),
        Row(allowance=38, spent=38, resets_at=END),
        1,
        "the last call is handed out too",
    ),
    (
        Row(allowance=38, spent=38, resets_at=END),
        ask(want=99),
        Row(allowance=38, spent=38, resets_at=END),
        0,
        "and then there is none",
    ),
    (
        Row(allowance=38, spent=38, resets_at=NOW - 5),
        ask(),
        Row(allowance=0, spent=1, resets_at=NOW + 60),
        1,
        "the window is over",
    ),
    (
        Row(allowance=38, spent=5, resets_at=END),
        ask(told(15), want=1),
        Row(allowance=18, spent=6, resets_at=END),
        1,
        "25 are gone, 5 are ours: 20 were somebody else's",
    ),
    (
        Row(allowance=38, spent=10, resets_at=END),
        ask(told(35), want=1, unsent=5),
        Row(allowance=38, spent=11, resets_at=END),
        1,
        "what was handed out but not sent is nobody else's",
    ),
    (
        Row(allowance=38, spent=30, resets_at=NOW - 10),
        ask(told(39), want=1),
        Row(allowance=37, spent=1, resets_at=END),
        1,
        "a later window starts over, less the call that brought the news of it",
    ),
    (
        Row(allowance=38, spent=5, resets_at=END + 3600),
        ask(told(0), want=1),
        Row(allowance=38, spent=6, resets_at=END + 3600),
        1,
        "others know a later window already",
    ),
    (
        Row(allowance=38, spent=5, resets_at=END),
        ask(told(34), want=1, unregistered=3),
        Row(allowance=38, spent=9, resets_at=END),
        1,
        "calls that were sent while the ledger was away are added",
    ),
]


@pytest.mark.parametrize(("row", "asked", "after", "granted", "reason"), CASES)
def test_a_slice_is_cut(row: Row | None, asked: Ask, after: Row, granted: int, reason: str) -> None:
    assert cut(row, asked) == (after, granted), reason


@given(
    row=st.builds(
        Row,
        allowance=st.integers(1, 38),
        spent=st.integers(0, 50),
        resets_at=st.just(END),
    ),
    remaining=st.integers(0, 40),
    want=st.integers(1, 200),
    unsent=st.integers(0, 5),
)
def test_no_slice_reaches_into_the_reserve(row: Row, remaining: int, want: int, unsent: int) -> None:
    after, granted = cut(row, ask(told(remaining), want=want, unsent=unsent))
    assert granted >= 0
    assert after.spent == row.spent + granted
    assert granted == 0 or after.spent <= after.allowance <= 38
    assert after.allowance <= row.allowance


@pytest.mark.parametrize(
    ("headers", "expected", "reason"),
    [
        ({"x-limit": "40", "x-remaining": "7", "x-reset": str(int(END))}, (40, 7, END), "as documented"),
        ({"x-remaining": "7", "x-reset": str(int(END))}, (4000, 7, END), "the connector knows the limit"),
        ({"x-limit": "40", "x-remaining": "7"}, (40, 7, NOW + 3600), "a whole window, to be safe"),
        ({"x-limit": "40", "x-remaining": "7", "x-reset": "1800"}, (40, 7, NOW + 3600), "no moment of this century"),
        ({"x-limit": "40", "x-remaining": "7", "x-reset": "1764000000000"}, (40, 7, NOW + 3600), "milliseconds"),
        ({"x-limit": "40", "x-remaining": "90", "x-reset": str(int(END))}, (40, 40, END), "more than there is"),
        ({"x-limit": "0", "x-remaining": "0", "x-reset": str(int(END))}, (4000, 0, END), "no limit of zero"),
        ({"x-limit": "40", "x-remaining": "many"}, None, "no number"),
        ({"x-limit": "40", "x-remaining": "9" * 400}, None, "no number anybody means"),
        ({"x-limit": "40", "x-remaining": "-1"}, None, "below nothing"),
        ({}, None, "nothing said"),
    ],
)
def test_headers_are_read(headers: dict[str, str], expected: tuple[int, int, float] | None, reason: str) -> None:
    found = read_headers(HourlyLimit(), headers.get, NOW)
    assert (found and (found.limit, found.remaining, found.resets_at)) == expected, reason
