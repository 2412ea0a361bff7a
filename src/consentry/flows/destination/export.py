"""Rows with their outcomes as CSV, for spreadsheets: nothing in it can become a formula. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from consentry.flows.destination.model import RowResult

if TYPE_CHECKING:
    from _csv import Writer as _Writer

OURS: Final = ("row", "outcome", "record_id", "errors")
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_PIECE: Final = 64 * 1024


def write_csv(columns: Sequence[str], rows: Iterable[RowResult]) -> Iterator[str]:
    """Give the text piece by piece: the rows' own columns, then what became of each.

    A cell that a spreadsheet would take for a formula begins with an apostrophe; read as rows again, it is without.
    """
    yield write_heading(columns)
    yield from write_lines(columns, rows)


def write_heading(columns: Sequence[str]) -> str:
    """Return the first line."""
    held = io.StringIO()
    _writer(held).writerow([*map(cell, columns), *_own_names(columns)])
    return held.getvalue()


def write_lines(columns: Sequence[str], rows: Iterable[RowResult]) -> Iterator[str]:
    """Give the lines of some rows, piece by piece."""
    held = io.StringIO()
    writer = _writer(held)
    for row in rows:
        errors = "; ".join(f"{each.field}: {each.message}" for each in row.errors)
        ours = (row.row, row.outcome.value if row.outcome else None, row.record_id, errors)
        writer.writerow([cell(value) for value in (*(row.values.get(name) for name in columns), *ours)])
        if held.tell() >= _PIECE:
            yield held.getvalue()
            held.seek(0)
            held.truncate()
    yield held.getvalue()


def _writer(held: io.StringIO) -> "_Writer":
    return csv.writer(held, lineterminator="\r\n")


def columns_of(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the columns of all rows, in the order in which they come up first."""
    return tuple(dict.fromkeys(name for values in rows for name in values))


def cell(value: Any) -> str:
    """Return a value as a cell has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)  # a number is no formula, whatever its sign
    text = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode()
    return f"'{text}" if _FORMULA.match(text) else text


def _own_names(columns: Sequence[str]) -> Iterator[str]:
    for name in OURS:
        number, free = 1, name
        while free in columns:
            number += 1
            free = f"{name} ({number})"
        yield free
