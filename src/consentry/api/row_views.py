"""What the API shows of the rows of destinations: outcomes, previews, and a look before anything is mapped."""

from typing import Any, Literal

from pydantic import Field

from consentry import flows
from consentry.api.fields import View
from consentry.api.flow_views import TotalsView, TroubleView, show_totals
from consentry.errors import FieldError

_KINDS = Literal["text", "integer", "decimal", "boolean", "date", "timestamp", "list", "json", "empty"]


class ChangeView(View):
    """One field as it was and as it will be or has become."""

    field: str
    old: Any
    new: Any


class FieldErrorView(View):
    """What is wrong with a row, at the field it is about; an empty field means the whole row."""

    field: str
    message: str


class RowView(View):
    """One row: what it holds, and what became of it."""

    row: int = Field(description="As people count: from 1, a file's heading aside.")
    key: str = Field(description="What identifies it.")
    outcome: flows.RowOutcome | None = Field(description="Null while there is none.")
    record_id: int | None
    changes: list[ChangeView]
    errors: list[FieldErrorView]
    values: dict[str, Any] = Field(description="By column, as they came.")


class PreviewView(View):
    """What a run would do; nothing has been written."""

    counts: TotalsView = Field(description="Rows that were not looked at are waiting.")
    rows: list[RowView] = Field(description="The first ones, whole.")
    total: int = Field(description="Rows that there are.")
    looked_at: int = Field(description="So many of them, as a preview ends after a minute or 200 requests.")


class ColumnView(View):
    """A column of rows."""

    name: str
    guess: _KINDS = Field(description="What its first values look like.")


class MappedView(View):
    """What fills a field: a column, or the same value for every row."""

    column: str | None
    value: Any


class SuggestionView(View):
    """The columns of rows, and which field each could fill by its name."""

    columns: list[ColumnView]
    rows: list[dict[str, Any]] = Field(description="The first ones.")
    faults: list[str] = Field(description="What a person should know, such as lines that can't be read.")
    mapping: dict[str, MappedView]


class TriedRowView(View):
    """One row as it would be mapped."""

    row: int
    values: dict[str, Any] = Field(description="By column, as they came.")
    mapped: dict[str, Any] = Field(description="By field of the template.")
    errors: list[FieldErrorView]


class TrialView(View):
    """Whether a destination can work: its credential, and its first rows."""

    status: Literal["success", "failed"]
    detail: str
    hint: str
    columns: list[ColumnView]
    rows: list[TriedRowView]
    faults: list[str]
    error: TroubleView | None = Field(description="Why there are no rows.")


def show_row(row: flows.RowResult) -> RowView:
    """Return a row with its outcome as it is shown."""
    return RowView(
        row=row.row,
        key=row.key,
        outcome=row.outcome,
        record_id=row.record_id,
        changes=[ChangeView(field=each.field, old=each.old, new=each.new) for each in row.changes],
        errors=show_errors(row.errors),
        values=dict(row.values),
    )


def show_errors(errors: tuple[FieldError, ...]) -> list[FieldErrorView]:
    """Return what is wrong with a row as it is shown."""
    return [FieldErrorView(field=each.field, message=each.message) for each in errors]


def show_preview(preview: flows.Preview) -> PreviewView:
    """Return what a run would do as it is shown."""
    return PreviewView(
        counts=show_totals(preview.counts),
        rows=[show_row(each) for each in preview.rows],
        total=preview.total,
        looked_at=preview.looked_at,
    )


def show_mapping(mapping: "dict[str, flows.Mapped]") -> dict[str, MappedView]:
    """Return what fills each field as it is shown."""
    return {name: MappedView(column=each.column, value=each.value) for name, each in mapping.items()}


def show_columns(columns: flows.Columns) -> list[ColumnView]:
    """Return the columns of rows as they are shown."""
    return [ColumnView(name=each.name, guess=each.guess) for each in columns.columns]
