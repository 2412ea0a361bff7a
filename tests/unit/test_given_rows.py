"""Rows that a program gives: few go with the call, many as a file, and none is read on another thread."""

import threading
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from consentry.errors import InvalidInput
from consentry.given_rows import LARGEST_WITH_CALL, MOST_WITH_CALL, taken


def test_few_rows_go_with_the_call_as_json_has_them() -> None:
    with taken([{"day": date(2026, 1, 2), "sum": Decimal("1.50"), "none": None, "list": [1]}]) as given:
        assert given is not None
        assert given.inline == [{"day": "2026-01-02", "sum": "1.50", "none": None, "list": [1]}]
    with taken([]) as given:
        assert given is not None
        assert (given.inline, given.file) == ([], None)
    with taken(None) as nothing:
        assert nothing is None


@pytest.mark.parametrize(
    "rows", [[{"n": number} for number in range(MOST_WITH_CALL + 1)], [{"text": "x" * LARGEST_WITH_CALL}]]
)
def test_many_or_large_rows_are_a_file(rows: list[dict[str, Any]]) -> None:
    with taken(rows) as given:
        assert given is not None
        assert given.inline is None
        assert given.file is not None
        assert given.file.read().count(b"\n") == len(rows)


def test_an_iterator_is_read_where_it_was_given() -> None:
    seen: list[int] = []

    def rows() -> Iterator[dict[str, Any]]:
        seen.append(threading.get_ident())
        yield {"a": 1}

    with taken(rows()):
        assert seen == [threading.get_ident()]


@pytest.mark.parametrize("rows", [["text"], [{"a": 1}, None], "nowhere.csv"])
def test_what_are_no_rows_is_refused(rows: Any) -> None:
    with pytest.raises(InvalidInput), taken(rows):
        pytest.fail("they were taken")
