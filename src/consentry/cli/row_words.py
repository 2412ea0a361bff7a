"""Destinations, their rows and previews in words and tables for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from consentry.cli.run_words import length, run_line, schedule_words, status_text, trouble_words
from consentry.cli.screen import NOTHING, facts, moment, plain, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from consentry.desk import (
        ChangeView,
        DestinationView,
        FieldErrorView,
        MappedView,
        PreviewView,
        RowsView,
        RowView,
        RunView,
        SuggestionView,
        TotalsView,
        TrialView,
    )

CELL_WIDTH: Final = 40
SHOWN_VALUES: Final = 4
_OUTCOME: Final = {
    "created": "green",
    "changed": "green",
    "deleted": "green",
    "unchanged": "",
    "refused": "bold yellow",
    "failed": "bold red",
}
_ORDER: Final = ("created", "changed", "unchanged", "deleted", "refused", "failed", "waiting")


def picture_of_destination(destination: "DestinationView") -> "list[RenderableType]":
    """Draw a destination for people: what it does, then its mapping."""
    last = destination.last_run
    manual = destination.manual
    stops = destination.stop_after_refusals
    pairs: list[tuple[str, object]] = [
        ("Destination", f"{destination.name} (id {destination.id})"),
        ("State", "active" if destination.is_active else "paused"),
        ("Credential", f"{destination.credential_name} (id {destination.credential_id})"),
        ("Template", destination.template),
        ("Request", f"{manual.method} {manual.path}" if manual else ""),
        ("Rows", rows_words(destination.rows)),
        ("Found by", destination.match_on or ""),
        ("Lists", "are made equal" if destination.nested == "replace" else "are added to"),
        ("Empty cells", "empty the field" if destination.clear_with_null else "change nothing"),
        ("Stops", f"after {stops} refused rows" if stops else ""),
        ("Answers", f"are kept as the dataset {destination.dataset}" if destination.dataset else ""),
        ("Schedule", schedule_words(destination.schedule)),
        ("Next run", moment(destination.next_run_at) if destination.next_run_at else ""),
        ("Last run", run_line(last) if last else "none yet"),
    ]
    pictures: list[RenderableType] = [facts([pair for pair in pairs if pair[1]])]
    if destination.mapping:
        pictures += [Text(), picture_of_mapping(destination.mapping)]
    return pictures


def picture_of_mapping(mapping: "dict[str, MappedView]") -> "RenderableType":
    """Draw what fills each field."""
    rows = [(name, *_filled(each)) for name, each in mapping.items()]
    return table(("Field", "Column", "Value for every row"), rows, nothing="Nothing is mapped.")


def _filled(mapped: "MappedView") -> tuple[str, str]:
    return (mapped.column, "") if mapped.column is not None else ("", short(mapped.value))


def rows_words(rows: "RowsView") -> str:
    """Return where rows come from, in words."""
    if rows.inline is not None:
        return f"{len(rows.inline)} given with it"
    if rows.file is not None:
        return f"the file {rows.file}"
    return f"the table {rows.table}" if rows.table is not None else f"the query {short(rows.sql)}"


def totals_words(rows: "TotalsView") -> str:
    """Return rows by outcome; those that there are none of are left out."""
    counts = [(name, getattr(rows, name)) for name in _ORDER]
    return ", ".join(f"{number:,} {name}" for name, number in counts if number) or "no rows"


def picture_of_rows_run(run: "RunView", rows: "Sequence[RowView]") -> "list[RenderableType]":
    """Draw a destination's run for people: its outcome, then the rows to look at."""
    pairs: list[tuple[str, object]] = [
        ("Run", f"{run.id} of {run.flow_name}" if run.flow_name else run.id),
        ("Tries again", f"the rows of run {run.retry_of}" if run.retry_of else ""),
        ("Status", status_text(run.status)),
        ("Waits for", run.waiting_for if run.status == "waiting" else ""),
        ("Started", moment(run.started_at) if run.started_at else ""),
        ("Took", length(run.started_at, run.finished_at)),
        ("Rows", totals_words(run.rows)),
        ("Requests", f"{run.requests:,}"),
        ("Failed", run.error.message if run.error else ""),
        ("What to do", run.error.hint if run.error else ""),
    ]
    pictures: list[RenderableType] = [facts([pair for pair in pairs if pair[1]])]
    if rows:
        pictures += [Text(), picture_of_rows(rows)]
    if run.has_ended and run.rows.bad:
        pictures += [Text(), plain(f"Mend them and try them again: consentry run retry {run.id}")]
    return pictures


def picture_of_rows(rows: "Sequence[RowView]") -> "RenderableType":
    """Draw rows with their outcomes: changes old -> new, and what is wrong."""
    heads = ("Row", "Key", "Outcome", "Record", "What", "Values")
    lines = [
        (row.row, short(row.key), outcome_text(row.outcome), row.record_id or "", row_words(row), _values(row.values))
        for row in rows
    ]
    return table(heads, lines, nothing="No such rows.")


def outcome_text(outcome: str | None) -> Text:
    """Return an outcome, coloured besides."""
    return Text(outcome or "waiting", _OUTCOME.get(outcome or "", ""))


def row_words(row: "RowView") -> str:
    """Return what a row changed, or what is wrong with it."""
    return "\n".join([*(error_words(each) for each in row.errors), *(change_words(each) for each in row.changes)])


def error_words(error: "FieldErrorView") -> str:
    """Return what is wrong, at its field."""
    return f"{error.field}: {error.message}" if error.field else error.message


def change_words(change: "ChangeView") -> str:
    """Return a field as it was and as it becomes."""
    old, new = (short(value) or NOTHING for value in (change.old, change.new))
    return f"{change.field}: {old} -> {new}"


def picture_of_preview(preview: "PreviewView") -> "list[RenderableType]":
    """Draw what a run would do: counts for all, then the first rows."""
    words = f"{totals_words(preview.counts)}; nothing has been written."
    if preview.looked_at < preview.total:
        words += f" {preview.looked_at:,} of {preview.total:,} rows were looked at."
    return [plain(f"A run would come to: {words}"), Text(), picture_of_rows(preview.rows)]


def picture_of_suggestion(suggestion: "SuggestionView") -> "list[RenderableType]":
    """Draw what was found in the rows, and which field each column fills."""
    unused = [each.name for each in suggestion.columns if each.name not in _used(suggestion)]
    pictures: list[RenderableType] = [plain(fault) for fault in suggestion.faults]
    pictures += [Text("The mapping, by the columns' names:"), picture_of_mapping(suggestion.mapping)]
    if unused:
        pictures.append(plain(f"Left out: {', '.join(unused)}. Name fields for them with --map FIELD=COLUMN."))
    return pictures


def _used(suggestion: "SuggestionView") -> set[str]:
    return {each.column for each in suggestion.mapping.values() if each.column is not None}


def picture_of_trial(trial: "TrialView") -> "list[RenderableType]":
    """Draw whether a destination can work, and its first rows as they'd be mapped."""
    style = "green" if trial.status == "success" else "bold red"
    pictures: list[RenderableType] = [Text.assemble((trial.status, style), " ", plain(f"{trial.detail} {trial.hint}"))]
    if trial.error and trial.error.message != trial.detail:
        pictures.append(trouble_words(trial.error))
    pictures += [plain(fault) for fault in trial.faults]
    rows = [
        (each.row, _values(each.mapped), "\n".join(error_words(wrong) for wrong in each.errors)) for each in trial.rows
    ]
    if rows:
        pictures += [Text(), table(("Row", "Mapped", "Wrong"), rows, nothing="")]
    return pictures


def short(value: object) -> str:
    """Return a value that fits into a cell."""
    text = "" if value is None else value if isinstance(value, str) else _text(value)
    return text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…"


def _text(value: object) -> str:
    import msgspec

    return msgspec.json.encode(value, enc_hook=str).decode()


def _values(values: "dict[str, Any]") -> str:
    shown = [f"{name}={short(value)}" for name, value in values.items() if value is not None]
    more = "" if len(shown) <= SHOWN_VALUES else ", …"
    return ", ".join(shown[:SHOWN_VALUES]) + more
