"""Sample rows: records as they came from the provider, laid out as small tables. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consentry.connectors import Record

MOST_COLUMNS: Final = 40
LONGEST_CELL: Final = 60
LONGEST_WHOLE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a sample."""

    name: str
    is_number: bool  # whether its figures stand to the right


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value of a sample, in few words."""

    text: str
    whole: str  # the value in full where the text leaves something out
    is_number: bool
    is_nothing: bool  # whether the record has no value here


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The first rows of one stream, or why there are none."""

    title: str
    words: str  # how much there is, in words
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    problem: str  # what went wrong, or empty
    hint: str


_NOTHING: Final = Cell(text="none", whole="", is_number=False, is_nothing=True)


def sample_of(title: str, records: Sequence[Record]) -> Sample:
    """Lay records out as a table; nested values are shown as they would be written."""
    names = list(dict.fromkeys(name for record in records for name in record))
    shown = names[:MOST_COLUMNS]
    rows = tuple(tuple(cell_of(record.get(name)) for name in shown) for record in records)
    columns = tuple(
        Column(name=name, is_number=any(row[place].is_number for row in rows)) for place, name in enumerate(shown)
    )
    return Sample(title=title, words=_words(len(records), len(names)), columns=columns, rows=rows, problem="", hint="")


def failed_sample(title: str, problem: str, hint: str) -> Sample:
    """Say why a stream shows no rows."""
    return Sample(title=title, words="could not be read", columns=(), rows=(), problem=problem, hint=hint)


def cell_of(value: object) -> Cell:
    """Return a value in few words."""
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return Cell(text="yes" if value else "no", whole="", is_number=False, is_nothing=False)
    if isinstance(value, int | float):
        return Cell(text=str(value), whole="", is_number=True, is_nothing=False)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    line = " ".join(text.split())
    short = line if len(line) <= LONGEST_CELL else line[: LONGEST_CELL - 1].rstrip() + "…"
    return Cell(text=short, whole="" if short == text else text[:LONGEST_WHOLE], is_number=False, is_nothing=False)


def summary_of(samples: Sequence[Sample]) -> str:
    """Say how a test went, in one sentence."""
    failed = sum(bool(sample.problem) for sample in samples)
    good = len(samples) - failed
    if not failed:
        return f"{_count(good, 'stream')} could be read."
    return f"{_count(good, 'stream')} could be read, {_count(failed, 'stream')} could not."


def _words(rows: int, columns: int) -> str:
    if not rows:
        return "no rows yet"
    more = f", the first {MOST_COLUMNS} shown" if columns > MOST_COLUMNS else ""
    return f"{_count(rows, 'row')}, {_count(columns, 'column')}{more}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
