"""What the API takes and shows of destinations."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictStr

from consentry import flows
from consentry.api.fields import Body, Name, View
from consentry.api.flow_views import RunView, ScheduleView, show_run, show_schedule
from consentry.api.row_views import MappedView, show_mapping
from consentry.api.sources import RowId, ScheduleBody

_Text = Annotated[StrictStr, Field(min_length=1, max_length=1000)]
_Sql = Annotated[StrictStr, Field(min_length=1, max_length=100_000, examples=["SELECT email FROM crm.parties"])]
_TemplateName = Annotated[StrictStr, Field(min_length=1, max_length=100, examples=["upsert_person"])]
_FieldName = Annotated[StrictStr, Field(min_length=1, max_length=300)]
_InlineRows = Annotated[list[dict[str, Any]], Field(max_length=flows.MOST_INLINE)]


class RowsBody(Body):
    """Where rows come from: one of table, sql, file and inline."""

    table: Annotated[StrictStr, Field(min_length=1, max_length=300, examples=["crm.parties"])] | None = None
    sql: _Sql | None = None
    file: Annotated[_Text, Field(description="upload:ID, or a whole path on the server.")] | None = None
    inline: _InlineRows | None = None
    source_id: Annotated[RowId, Field(description="Whose warehouse table and sql are about.")] | None = None


class MappedBody(Body):
    """What fills a field: a column, or the same value for every row."""

    column: Annotated[StrictStr, Field(min_length=1, max_length=300)] | None = None
    value: Any = None


class ManualWriteBody(Body):
    """A request of one's own; {column} in path and body stands for the row's value."""

    method: Literal["POST", "PUT", "DELETE"]
    path: Annotated[_Text, Field(examples=["parties/{id}"])]
    body: Any = None


class FollowingScheduleBody(ScheduleBody):
    """When a destination runs by itself: one of the first four."""

    after_source: Annotated[RowId, Field(description="After each run of this source.")] | None = None


class NewDestinationBody(Body):
    """A destination to add."""

    name: Name
    credential_id: RowId
    template: _TemplateName
    rows: RowsBody
    mapping: Annotated[dict[_FieldName, MappedBody], Field(max_length=500)] = Field(default_factory=dict)
    match_on: _FieldName | None = None
    nested: Literal["replace", "add"] = "add"
    clear_with_null: StrictBool = False
    stop_after_refusals: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None
    keep_answers: StrictBool = False
    manual: ManualWriteBody | None = None
    schedule: FollowingScheduleBody | None = None


class DestinationEditBody(Body):
    """What to change; a field that is left out stays. null empties match_on, stop_after_refusals and schedule."""

    name: Name | None = None
    credential_id: RowId | None = None
    template: _TemplateName | None = None
    rows: RowsBody | None = None
    mapping: Annotated[dict[_FieldName, MappedBody], Field(max_length=500)] | None = None
    match_on: _FieldName | None = None
    nested: Literal["replace", "add"] | None = None
    clear_with_null: StrictBool | None = None
    stop_after_refusals: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None
    keep_answers: StrictBool | None = None
    manual: ManualWriteBody | None = None
    schedule: FollowingScheduleBody | None = None


class RowsView(View):
    """Where rows come from."""

    table: str | None
    sql: str | None
    file: str | None
    inline: list[dict[str, Any]] | None
    source_id: int | None


class ManualWriteView(View):
    """A request of one's own."""

    method: str
    path: str
    body: Any


class DestinationView(View):
    """A destination, with its last run."""

    id: int
    name: str
    connector: str
    credential_id: int
    credential_name: str
    template: str
    rows: RowsView
    mapping: dict[str, MappedView]
    match_on: str | None = Field(description="The field that records are found by; null: the template's own way.")
    nested: Literal["replace", "add"]
    clear_with_null: bool
    stop_after_refusals: int | None
    keep_answers: bool
    dataset: str | None = Field(description="Where answers are kept.")
    manual: ManualWriteView | None
    schedule: ScheduleView | None
    is_active: bool
    next_run_at: datetime | None
    created_by: str
    created_at: datetime
    updated_at: datetime
    last_run: RunView | None


def show_destination(destination: flows.Destination) -> DestinationView:
    """Return a destination as it is shown."""
    same = (
        "id name connector credential_id credential_name template match_on nested clear_with_null stop_after_refusals "
        "keep_answers dataset is_active next_run_at created_by created_at updated_at"
    )
    rows = destination.rows
    return DestinationView(
        **{name: getattr(destination, name) for name in same.split()},
        rows=RowsView(
            table=rows.table,
            sql=rows.sql,
            file=rows.file,
            inline=None if rows.inline is None else [dict(row) for row in rows.inline],
            source_id=rows.source_id,
        ),
        mapping=show_mapping(dict(destination.mapping)),
        manual=None if destination.manual is None else ManualWriteView.model_validate(destination.manual),
        schedule=None if destination.schedule is None else show_schedule(destination.schedule),
        last_run=None if destination.last_run is None else show_run(destination.last_run),
    )
