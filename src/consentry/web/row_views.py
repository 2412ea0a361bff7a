"""Rows of a run, of a preview and of a test in words: outcomes, changes, and errors beside values. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from consentry.connectors import Change, TemplateField
from consentry.errors import FieldError
from consentry.flows import Mapped, Preview, RowCounts, RowOutcome, RowResult
from consentry.web.amounts import counted, figure
from consentry.web.destination_form import written
from consentry.web.fields import Entries
from consentry.web.samples import Cell, cell_of
from consentry.web.status import StatusWords

_DONE: Final[dict[RowOutcome, StatusWords]] = {
    RowOutcome.CREATED: StatusWords(shape="ok", words="Created"),
    RowOutcome.CHANGED: StatusWords(shape="ok", words="Changed"),
    RowOutcome.UNCHANGED: StatusWords(shape="same", words="Unchanged"),
    RowOutcome.DELETED: StatusWords(shape="ok", words="Deleted"),
    RowOutcome.REFUSED: StatusWords(shape="bad", words="Refused"),
    RowOutcome.FAILED: StatusWords(shape="warn", words="Failed"),
}
_PLANNED: Final[dict[RowOutcome, StatusWords]] = {
    RowOutcome.CREATED: StatusWords(shape="ok", words="Would be created"),
    RowOutcome.CHANGED: StatusWords(shape="ok", words="Would be changed"),
    RowOutcome.UNCHANGED: StatusWords(shape="same", words="Would stay as it is"),
    RowOutcome.DELETED: StatusWords(shape="warn", words="Would be deleted"),
    RowOutcome.REFUSED: StatusWords(shape="bad", words="Would be refused"),
    RowOutcome.FAILED: StatusWords(shape="warn", words="Can't be told"),
}
_WAITING: Final = StatusWords(shape="waiting", words="Waiting")
_READY: Final = StatusWords(shape="ok", words="Can be read")
RETRYABLE: Final = (RowOutcome.REFUSED, RowOutcome.FAILED, None)
_MEND: Final = "v:"
_LONGEST_INPUT: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One field as it was and as it is or would be."""

    title: str
    old: Cell
    new: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueView:
    """One value of a row as it came, and what is wrong with it."""

    column: str
    cell: Cell
    id: str  # of its input
    name: str  # of its input
    text: str  # as it is typed
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultView:
    """One row, and what became of it."""

    row: int
    key: str
    outcome: StatusWords
    record_id: int | None
    changes: tuple[ChangeView, ...]
    errors: tuple[str, ...]  # beyond single values
    wrong: tuple[ValueView, ...]  # values with what is wrong with them
    values: tuple[ValueView, ...]  # the others
    can_mend: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CountView:
    """How many rows came to an outcome."""

    name: str  # of the outcome, empty for all
    words: str
    count: str
    shape: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewView:
    """What a run would do."""

    words: str  # in one sentence
    counts: tuple[CountView, ...]
    rest: str  # what was not looked at, or empty
    rows: tuple[ResultView, ...]


class Titles:
    """Knows what people call a template's fields, and which columns fill them."""

    def __init__(self, fields: Sequence[TemplateField], mapping: Mapping[str, Mapped]) -> None:
        self._titles = {each.name: each.title for each in fields}
        self._columns = {name: one.column for name, one in mapping.items() if one.column is not None}

    def of(self, field: str) -> str:
        """Return what people call a field."""
        return self._titles.get(field) or field.removeprefix("fields.")

    def columns_of(self, field: str) -> set[str]:
        """Return the columns that an error is about: the field's, its parts', or those of what it is part of."""
        exact = self._columns.get(field)
        if exact is not None:
            return {exact}
        head = field.partition("[")[0]
        return {
            column
            for name, column in self._columns.items()
            if name == head or name.startswith(f"{head}.") or field.startswith(f"{name}.")
        }


def result_views(rows: Iterable[RowResult], titles: Titles, *, can_mend: bool = False) -> tuple[ResultView, ...]:
    """Return rows of a run; ``can_mend``: it has ended, so that those which failed can be tried again."""
    return tuple(
        _view(row, titles, _DONE[row.outcome] if row.outcome else _WAITING, can_mend=can_mend and _is_open(row))
        for row in rows
    )


def _is_open(row: RowResult) -> bool:
    return row.outcome in RETRYABLE and bool(row.values)


def preview_view(preview: Preview, titles: Titles) -> PreviewView:
    """Return a preview in words."""
    rows = tuple(_view(row, titles, _PLANNED[row.outcome] if row.outcome else _WAITING) for row in preview.rows)
    rest = ""
    if preview.looked_at < preview.total:
        rest = (
            f"{figure(preview.looked_at)} of {counted(preview.total, 'row')} were looked at; "
            "the run looks at the others when their turn comes."
        )
    counts = tuple(
        CountView(name=outcome.value, words=words.words, count=figure(count), shape=words.shape, is_chosen=False)
        for outcome, words in _PLANNED.items()
        if (count := getattr(preview.counts, outcome.value))
    )
    told = ", ".join(f"{each.count} {each.words.lower()}" for each in counts)
    words = f"Nothing is written. Of {counted(preview.looked_at, 'row')}: {told}." if told else "There are no rows."
    return PreviewView(words=words, counts=counts, rest=rest, rows=rows)


def trial_views(rows: Iterable[RowResult], fields: Sequence[TemplateField]) -> tuple[ResultView, ...]:
    """Return rows as they would be mapped: values by field, as the template calls it."""
    titles = Titles(fields, {each.name: Mapped(column=titles_of(each)) for each in fields})
    return tuple(
        _view(_by_title(row, fields), titles, _PLANNED[row.outcome] if row.outcome else _READY) for row in rows
    )


def titles_of(field: TemplateField) -> str:
    """Return what stands over a field's values."""
    return field.title


def _by_title(row: RowResult, fields: Sequence[TemplateField]) -> RowResult:
    names = {each.name: each.title for each in fields}
    values = {names.get(name, name): value for name, value in row.values.items()}
    return RowResult(
        row=row.row, key=row.key, outcome=row.outcome, record_id=row.record_id, errors=row.errors, values=values
    )


def _view(row: RowResult, titles: Titles, outcome: StatusWords, *, can_mend: bool = False) -> ResultView:
    at, beyond = _placed(row.errors, row.values, titles)
    views = [_value(row.row, place, name, value, at) for place, (name, value) in enumerate(row.values.items())]
    missing = [name for name in at if name not in row.values]
    views += [_value(row.row, len(views) + place, name, None, at) for place, name in enumerate(missing)]
    return ResultView(
        row=row.row,
        key=row.key if len(row.key) < 60 or ":" not in row.key else "",  # a hash tells people nothing
        outcome=outcome,
        record_id=row.record_id,
        changes=tuple(_change(each, titles) for each in row.changes),
        errors=tuple(beyond),
        wrong=tuple(each for each in views if each.wrong),
        values=tuple(each for each in views if not each.wrong),
        can_mend=can_mend,
    )


def _placed(
    errors: Sequence[FieldError], values: Mapping[str, object], titles: Titles
) -> tuple[dict[str, list[str]], list[str]]:
    """Put each error at the columns that it is about, or beyond them where there is none."""
    at: dict[str, list[str]] = {}
    beyond: list[str] = []
    for error in errors:
        columns = titles.columns_of(error.field) if error.field else set()
        columns &= set(values) if set(values) & columns else columns
        if not columns:
            beyond.append(f"{titles.of(error.field)}: {error.message}" if error.field else error.message)
        for column in columns:
            at.setdefault(column, []).append(error.message)
    return at, beyond


def _value(row: int, place: int, column: str, value: object, at: Mapping[str, Sequence[str]]) -> ValueView:
    return ValueView(
        column=column,
        cell=_shown(value),
        id=f"row-{row}-{place}",
        name=f"{_MEND}{row}:{quote(column, safe='')}",
        text=written(value)[:_LONGEST_INPUT],
        wrong=tuple(at.get(column, ())),
    )


def _change(change: Change, titles: Titles) -> ChangeView:
    return ChangeView(title=titles.of(change.field), old=_shown(change.old), new=_shown(change.new))


def _shown(value: object) -> Cell:
    """Return a value of a record as people read it: a list of simple things without brackets."""
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return cell_of("; ".join(str(each) for each in value) if value else None)
    return cell_of(None if value == "" else value)


def count_views(counts: RowCounts, chosen: str) -> tuple[CountView, ...]:
    """Return a run's rows by outcome, as what filters them; outcomes that no row came to are left out."""
    shown = {outcome.value: words for outcome, words in _DONE.items()}
    views = [
        CountView(name=name, words=words.words, count=figure(count), shape=words.shape, is_chosen=name == chosen)
        for name, words in shown.items()
        if (count := getattr(counts, name)) or name == chosen
    ]
    every = CountView(name="", words="All", count=figure(total_of(counts)), shape="", is_chosen=not chosen)
    return (every, *views)


def total_of(counts: RowCounts) -> int:
    """Return how many rows there are."""
    return ended_of(counts) + counts.waiting


def ended_of(counts: RowCounts) -> int:
    """Return how many rows have an outcome."""
    return sum(getattr(counts, outcome.value) for outcome in RowOutcome)


def mended(form: Entries, rows: Iterable[RowResult]) -> dict[int, dict[str, object]]:
    """Return the rows in which something was changed, with all their values: what wasn't touched keeps its kind."""
    typed: dict[int, dict[str, str]] = {}
    for name in form.names():
        number, colon, column = name.removeprefix(_MEND).partition(":")
        if name.startswith(_MEND) and colon and number.isascii() and number.isdigit() and len(number) < 10:
            typed.setdefault(int(number), {})[unquote(column)] = form.text(name)
    found: dict[int, dict[str, object]] = {}
    for row in rows:
        changed = {
            column: text
            for column, text in typed.get(row.row, {}).items()
            if text != written(row.values.get(column)).replace("\r\n", "\n")[:_LONGEST_INPUT]
        }
        if changed:
            found[row.row] = {**row.values, **changed}
    return found
