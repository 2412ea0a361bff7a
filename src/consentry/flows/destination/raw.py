"""Rows as they came, before a mapping reads them: plain JSON values by column, whatever they were before."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from consentry.errors import FieldError, InvalidInput

DEEPEST: Final = 32
"""So many lists and objects may lie in each other; who nests deeper means harm or made a mistake."""
LONGEST_ROW: Final = 1_000_000
"""Characters of one line, value or object of a file."""
_LARGEST: Final = 2**63
_SHOWN: Final = 60

Guess = Literal["text", "integer", "decimal", "boolean", "date", "timestamp", "list", "json", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One row of an origin. Values are JSON's: moments, days and decimals are texts as ISO and Python write them."""

    row: int  # as people count: from 1, a file's heading and its empty lines aside
    values: Mapping[str, Any] = field(default_factory=dict)
    fault: str | None = None  # why it can't be read; it is refused then


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of an origin as soon as it is open."""

    columns: tuple[str, ...] = ()  # none where every row brings its own
    encoding: str = ""
    delimiter: str = ""
    count: int | None = None  # rows, where it costs nothing to know
    faults: tuple[str, ...] = ()  # what a person should know of the whole; nothing that stops a run
    keeps_order: bool = True  # read again, row N is the same row; not so for tables and queries


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as it looks by its first rows."""

    name: str
    guess: Guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A look at rows, to map them."""

    columns: tuple[Column, ...]
    rows: tuple[RawRow, ...]  # the first ones
    about: About

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        return tuple(column.name for column in self.columns)

    @property
    def faults(self) -> tuple[str, ...]:
        """Return what a person should know: of the whole, then of the rows shown."""
        return (*self.about.faults, *(f"Row {row.row}: {row.fault}" for row in self.rows if row.fault))


def refused(place: str, message: str) -> InvalidInput:
    """Return the error for rows that can't be had at all; ``place`` is table, sql, file, inline or source_id."""
    return InvalidInput(FieldError(field=f"rows.{place}", message=message), message=message)


def shown(value: object) -> str:
    """Return a value as a message can show it: short, on one line."""
    text = " ".join("".join(each if each.isprintable() else " " for each in str(value)[: _SHOWN * 4]).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON has it; raise ValueError when it lies too deep."""
    if value is None or isinstance(value, (bool, str)):
        return value if not isinstance(value, str) else text_of(value)
    if isinstance(value, int):
        return value if -_LARGEST <= value < _LARGEST else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        _go_down(depth)
        return {text_of(str(name)): plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        _go_down(depth)
        return [plain(each, depth + 1) for each in value]
    return _written(value)


def _go_down(depth: int) -> None:
    if depth >= DEEPEST:
        raise ValueError(f"it holds lists and objects more than {DEEPEST} deep")


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return text_of(bytes(value).decode(errors="replace"))
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g} seconds"
    return text_of(str(value))


def decimal_text(value: Decimal) -> str:
    """Return a decimal without an exponent and without zeros behind that say nothing."""
    if not value.is_finite():
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_of(text: str) -> str:
    """Return a text that any database and any answer can hold: what is no character becomes the sign for that."""
    if text.isprintable():
        return text
    return text.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def guess(values: Sequence[Any]) -> Guess:
    """Guess what a column holds by its first values; a mixture is text."""
    found = {_guess(value) for value in values} - {"empty"}
    if not found:
        return "empty"
    if found == {"integer", "decimal"}:
        return "decimal"
    return found.pop() if len(found) == 1 else "text"


def _guess(value: Any) -> Guess:
    match value:
        case None | "":
            return "empty"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "decimal"
        case list():
            return "list"
        case dict():
            return "json"
        case _:
            return _guess_text(str(value).strip())


def _guess_text(text: str) -> Guess:
    if not text:
        return "empty"
    if text.lower() in ("true", "false", "yes", "no"):
        return "boolean"
    if text.isascii() and text.lstrip("-").isdigit():
        # a number that begins with 0 or + is one to call, not one to add
        return "integer" if len(text) <= 18 and (text == "0" or not text.lstrip("-").startswith("0")) else "text"
    for kind, read in (("date", date.fromisoformat), ("timestamp", datetime.fromisoformat)):
        try:
            read(text)
        except ValueError:
            continue
        return "date" if kind == "date" else "timestamp"
    try:
        number = float(text) if text[-1].isdigit() and "_" not in text and "e" not in text.lower() else math.nan
    except ValueError:
        return "text"
    return "decimal" if math.isfinite(number) and text[0] in "-.0123456789" else "text"
