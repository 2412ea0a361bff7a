"""What a desk does with destinations and rows, and the values it answers with: the REST API's, field by field."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from consentry.desk.flow_contract import RunView, ScheduleView, TotalsView, TroubleView


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsView:
    """Where rows come from; one of the first four is given."""

    table: str | None = None
    sql: str | None = None
    file: str | None = None
    inline: tuple[dict[str, Any], ...] | None = None
    source_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedView:
    """What fills a field: a column, or the same value for every row."""

    column: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualWriteView:
    """A request of one's own."""

    method: str
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationView:
    """A destination as everybody may see it."""

    id: int
    name: str
    connector: str
    credential_id: int
    credential_name: str = ""
    template: str
    rows: RowsView = field(default_factory=RowsView)
    mapping: dict[str, MappedView] = field(default_factory=dict)
    match_on: str | None = None
    nested: str = "add"
    clear_with_null: bool = False
    stop_after_refusals: int | None = None
    keep_answers: bool = False
    dataset: str | None = None
    manual: ManualWriteView | None = None
    schedule: ScheduleView | None = None
    is_active: bool = True
    next_run_at: datetime | None = None
    created_by: str
    created_at: datetime
    updated_at: datetime
    last_run: RunView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """One field as it was and as it will be or has become."""

    field: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldErrorView:
    """What is wrong with a row, at the field it is about."""

    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One row: what it holds, and what became of it."""

    row: int
    key: str = ""
    outcome: str | None = None
    record_id: int | None = None
    changes: tuple[ChangeView, ...] = ()
    errors: tuple[FieldErrorView, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewView:
    """What a run would do; nothing has been written."""

    counts: TotalsView
    rows: tuple[RowView, ...] = ()
    total: int
    looked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowColumnView:
    """A column of rows, and what its first values look like."""

    name: str
    guess: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionView:
    """The columns of rows, and which field each could fill by its name."""

    columns: tuple[RowColumnView, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()
    faults: tuple[str, ...] = ()
    mapping: dict[str, MappedView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRowView:
    """One row as it would be mapped."""

    row: int
    values: dict[str, Any] = field(default_factory=dict)
    mapped: dict[str, Any] = field(default_factory=dict)
    errors: tuple[FieldErrorView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialView:
    """Whether a destination can work: its credential, and its first rows."""

    status: str
    detail: str
    hint: str = ""
    columns: tuple[RowColumnView, ...] = ()
    rows: tuple[TriedRowView, ...] = ()
    faults: tuple[str, ...] = ()
    error: TroubleView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadView:
    """A file that was uploaded."""

    id: int
    name: str
    size: int
    file: str  # how a destination's rows name it
    created_at: datetime


class Destinations(Protocol):
    """What a desk does with destinations and the rows of their runs. ``which`` is a name or an id.

    Descriptions, and where rows come from, are as the REST API has them.
    """

    async def list_destinations(self) -> list[DestinationView]:
        """Return every destination."""

    async def get_destination(self, which: str | int) -> DestinationView:
        """Return one destination with its last run; raise NotFound, or Conflict when the name fits two."""

    async def create_destination(self, fields: Mapping[str, Any]) -> DestinationView:
        """Add a destination; raise InvalidInput for what it doesn't take."""

    async def edit_destination(self, destination_id: int, fields: Mapping[str, Any]) -> DestinationView:
        """Change the fields that are named."""

    async def test_destination(self, destination_id: int) -> TrialView:
        """Ask the provider whether the credential works, and map the first rows."""

    async def preview(
        self, destination_id: int, *, limit: int = 20, rows: Mapping[str, Any] | None = None
    ) -> PreviewView:
        """Return what a run would do, of the destination's rows or of these."""

    async def suggest(self, credential_id: int, template: str, rows: Mapping[str, Any]) -> SuggestionView:
        """Look at rows, and suggest which column fills which field."""

    async def set_active(self, destination_id: int, *, active: bool) -> DestinationView:
        """Let a destination run by its schedule, or only by hand."""

    async def delete_destination(self, destination_id: int) -> None:
        """Delete a destination and what it remembers; its runs stay."""

    async def run_destination(
        self, destination_id: int, *, rows: Mapping[str, Any] | None = None, detached: bool = False
    ) -> int:
        """Begin a run, and see to it that somebody works on it; raise Conflict while one is going on.

        ``detached``: it goes on when this process ends.
        """

    async def list_rows(self, run_id: int, *, outcome: str | None = None, limit: int | None = None) -> list[RowView]:
        """Return the rows of a run, or the first ones; raise NotFound."""

    def iterate_rows(self, run_id: int, *, outcome: str | None = None) -> AsyncIterator[RowView]:
        """Yield all rows of a run, without holding them."""

    def export_rows(self, run_id: int, *, outcome: str | None = None) -> AsyncIterator[bytes]:
        """Yield the rows of a run as CSV, piece by piece."""

    async def retry_run(
        self, run_id: int, mended: Mapping[int, Mapping[str, Any]] | None = None, *, detached: bool = False
    ) -> int:
        """Begin a run of the rows that a run refused, failed at or never came to; some with other values."""

    async def upload(self, name: str, pieces: AsyncIterator[bytes]) -> UploadView:
        """Keep a file for rows to come from."""
