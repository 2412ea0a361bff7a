"""A look into a source's dataset: its tables with counts, and one of them with its columns and first rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.errors import OperatorError, PassingError
from consentry.flows import Look, TableSeen
from consentry.web.amounts import counted, figure
from consentry.web.choices import with_query
from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.samples import Cell, cell_of
from consentry.web.visit import SignedInVisit

ROWS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One table or view in the list."""

    name: str
    path: str  # of the look at it
    count: str
    columns: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """One column of the table that is looked at."""

    name: str
    type: str
    is_number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """The table that is looked at."""

    name: str
    words: str  # how much it holds
    columns: tuple[ColumnView, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPage(Page):
    """What a dataset holds."""

    template: ClassVar[str] = "dataset.html"
    fragment: ClassVar[str] = "dataset_look.html"
    section: ClassVar[Section] = "sources"
    source_id: int
    source_name: str
    dataset: str
    tables: tuple[TableRow, ...]
    chosen: TableView | None
    problem: str  # why nothing can be shown, or empty
    hint: str

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Dataset {self.dataset}"


def routes(door: Door) -> Sequence[Route]:
    """Return the route of the look."""
    return (door.for_people("/sources/{id:int}/dataset", show),)


async def show(visit: SignedInVisit) -> Response:
    """Show the tables, and the chosen one of them."""
    source = await flows.get(visit.app.flows, visit.id)
    wanted = visit.query.text("table")[:200]
    look, problem, hint = Look(), "", ""
    try:
        look = await flows.look(visit.app.flows, source.id, table=wanted or None, limit=ROWS)
    except (PassingError, OperatorError) as error:  # the page says so; the source itself is well
        problem, hint = error.message, error.hint
    chosen = next((table_view(table, look.rows) for table in look.tables if table.name == wanted), None)
    page = DatasetPage(
        source_id=source.id,
        source_name=source.name,
        dataset=source.dataset,
        tables=tuple(_row(source.id, table, wanted) for table in look.tables),
        chosen=chosen,
        problem=problem,
        hint=hint,
    )
    return visit.show(page)


def table_view(table: TableSeen, rows: Sequence[Mapping[str, Any]]) -> TableView:
    """Lay out a table with its first rows."""
    cells = tuple(tuple(cell_of(row.get(name)) for name, _ in table.columns) for row in rows)
    columns = tuple(
        ColumnView(name=name, type=kind.lower(), is_number=any(row[place].is_number for row in cells))
        for place, (name, kind) in enumerate(table.columns)
    )
    first = f", the first {len(rows)} shown" if table.count > len(rows) else ""
    return TableView(name=table.name, words=f"{counted(table.count, 'row')}{first}", columns=columns, rows=cells)


def _row(source_id: int, table: TableSeen, wanted: str) -> TableRow:
    return TableRow(
        name=table.name,
        path=with_query(f"/sources/{source_id}/dataset", {"table": table.name}),
        count=figure(table.count),
        columns=counted(len(table.columns), "column"),
        is_chosen=table.name == wanted,
    )
