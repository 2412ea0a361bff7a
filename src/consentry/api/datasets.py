"""What reading a source takes, and what its dataset holds."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from pydantic import Field

from consentry import flows
from consentry.api.answers import answers
from consentry.api.callers import Here, Reader, User
from consentry.api.fields import Id, View
from consentry.api.flow_views import TroubleView, show_trouble
from consentry.api.routing import StrictRoute

router: Final = APIRouter(prefix="/api/v1/sources", tags=["datasets"], route_class=StrictRoute)
TableName = Annotated[str, Path(max_length=200, description="The table's name, as the dataset has it.")]
RowLimit = Annotated[int, Query(ge=1, le=100, description="How many rows.")]


class StreamEstimateView(View):
    """What reading one stream whole takes."""

    name: str
    records: int | None = Field(description="Null where nobody can tell before.")
    requests: int | None = Field(description="Null where it can't be read, which the error explains.")
    is_exact: bool
    error: TroubleView | None


class EstimateView(View):
    """What reading every stream whole takes."""

    requests: int
    seconds: int = Field(description="With the waits that the provider's rate limit asks for.")
    asked: int = Field(description="The requests that this answer has cost.")
    streams: list[StreamEstimateView]


class ColumnView(View):
    """One column of a table."""

    name: str
    type: str


class TableView(View):
    """One table or view of a dataset."""

    name: str
    columns: list[ColumnView]
    count: int = Field(description="Live rows.")


class TableRowsView(TableView):
    """A table with its first rows."""

    rows: list[dict[str, Any]] = Field(description="Moments and decimals are text.")


@router.get("/{source_id:id}/estimate", summary="Estimate a first run", responses=answers(404, 409, 502, 504))
async def estimate(here: Here, caller: User, source_id: Id) -> EstimateView:
    """How many requests and how long reading everything takes; to find out costs a few requests itself."""
    found = await flows.estimate_source(here.flows, caller.actor, source_id)
    return EstimateView(
        requests=found.requests,
        seconds=round(found.takes.total_seconds()),
        asked=found.asked,
        streams=[_stream(each) for each in found.streams],
    )


@router.get("/{source_id:id}/tables", summary="Look into a dataset", responses=answers(404))
async def list_tables(here: Here, _: Reader, source_id: Id) -> list[TableView]:
    """Every table and view of the dataset, with its columns and how many rows it has; none before a first run."""
    look = await flows.look(here.flows, source_id)
    return [_table(each) for each in look.tables]


@router.get("/{source_id:id}/tables/{table}", summary="Look into a table", responses=answers(404))
async def show_table(here: Here, _: Reader, source_id: Id, table: TableName, limit: RowLimit = 20) -> TableRowsView:
    """One table with its first rows."""
    look = await flows.look(here.flows, source_id, table=table, limit=limit)
    return _with_rows(look.table(table), look.rows)


def _stream(found: flows.StreamEstimate) -> StreamEstimateView:
    return StreamEstimateView(
        name=found.name,
        records=found.records,
        requests=found.requests,
        is_exact=found.is_exact,
        error=show_trouble(found.trouble),
    )


def _table(seen: flows.TableSeen) -> TableView:
    columns = [ColumnView(name=name, type=kind) for name, kind in seen.columns]
    return TableView(name=seen.name, columns=columns, count=seen.count)


def _with_rows(seen: flows.TableSeen, rows: Sequence[dict[str, Any]]) -> TableRowsView:
    return TableRowsView(**dict(_table(seen)), rows=list(rows))
