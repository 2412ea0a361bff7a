"""One run of a destination: its progress, its rows with what became of each, and the mending of refused ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from consentry import flows
from consentry.connectors import TemplateField
from consentry.errors import Conflict, ConsentryError, InvalidInput, NotFound
from consentry.flows import Destination, RowCounts, RowOutcome, Run
from consentry.web.choices import pages_around, with_query
from consentry.web.door import Door
from consentry.web.drawing import page_headers
from consentry.web.frame import Page, Section
from consentry.web.mishaps import status_of
from consentry.web.row_views import CountView, ResultView, Titles, count_views, mended, result_views
from consentry.web.run_words import RunView, run_view
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 25
RUNS_LOOKED_THROUGH: Final = 50
SECONDS_AT_WORK: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLink:
    """Rows by outcome, as a link that shows these alone."""

    view: CountView
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRowsPage(Page):
    """One run of a destination."""

    template: ClassVar[str] = "run_rows.html"
    section: ClassVar[Section] = "runs"
    run: RunView
    counts: tuple[CountLink, ...]
    rows: tuple[ResultView, ...]
    outcome: str  # the one that is shown alone, or empty
    page: int
    newer: str  # address of the page before this one, or empty
    older: str  # address of the page after this one, or empty
    csv_path: str  # the rows that are shown, all of them, as CSV
    retryable: int  # rows that can be tried again; 0 while the run lasts
    retried_by: int | None  # the run that tried them again
    has_destination: bool  # whether it is still there
    seconds: int  # after which the page looks again; 0 when it has ended
    message: str = ""  # why the rows could not be tried again
    hint: str = ""

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Run no. {self.run.id}"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of a run's rows; the page itself is among those of runs."""
    base = "/runs/{id:int}"
    return (door.for_people(f"{base}/rows.csv", download), door.for_files(f"{base}/retry", retry))


async def show_rows_of(visit: SignedInVisit, run: Run) -> Response:
    """Show a run of a destination, and a page of its rows."""
    page = min(max(1, visit.query.number("page") or 1), 1_000_000)
    return visit.show(await _page(visit, run, _outcome(visit.query.text("outcome")), page))


async def download(visit: SignedInVisit) -> Response:
    """Send the rows as CSV, piece by piece."""
    run = await flows.get_run(visit.app.flows, visit.id)
    if run.kind != "destination":
        raise NotFound("This run has no rows: it is a source's.")
    outcome = _outcome(visit.query.text("outcome"))
    named = f"-{outcome.value}" if outcome else ""
    headers = {
        **page_headers(is_secure=visit.app.settings.is_secure),
        "Content-Disposition": f'attachment; filename="run-{run.id}{named}.csv"',
    }
    return StreamingResponse(flows.export_rows(visit.app.flows, run.id, outcome), 200, headers, "text/csv")


async def retry(visit: SignedInVisit) -> Response:
    """Try refused and failed rows again, with what was mended in those that were shown."""
    outcome, page = _outcome(visit.form.text("outcome")), max(1, visit.form.number("page") or 1)
    page = min(page, 1_000_000)
    rows, _ = await flows.list_rows(visit.app.flows, visit.id, outcome=outcome, page=page, per_page=PER_PAGE)
    try:
        new = await flows.retry(visit.app.flows, visit.actor, visit.id, mended(visit.form, rows))
    except (Conflict, InvalidInput) as error:
        run = await flows.get_run(visit.app.flows, visit.id)
        return visit.show(await _page(visit, run, outcome, page, error), status_of(error))
    return visit.go(visit.url(f"/runs/{new.id}", done="rows-retried"))


async def _page(
    visit: SignedInVisit, run: Run, outcome: RowOutcome | None, page: int, error: ConsentryError | None = None
) -> RunRowsPage:
    rows, has_more = await flows.list_rows(visit.app.flows, run.id, outcome=outcome, page=page, per_page=PER_PAGE)
    destination = await _find_destination(visit, run)
    view = run_view(run, {}, visit.now)
    chosen = outcome.value if outcome else ""
    path, counts = f"/runs/{run.id}", run.rows or RowCounts()
    newer, older = pages_around(visit.url(path), {"outcome": chosen}, page, has_more=has_more)
    can_mend = view.has_ended and destination is not None
    return RunRowsPage(
        run=view,
        counts=tuple(
            CountLink(view=each, path=with_query(path, {"outcome": each.name} if each.name else {}))
            for each in count_views(counts, chosen)
        ),
        rows=result_views(rows, _titles(visit, destination), can_mend=can_mend),
        outcome=chosen,
        page=page,
        newer=newer,
        older=older,
        csv_path=with_query(f"{path}/rows.csv", {"outcome": chosen} if chosen else {}),
        retryable=counts.refused + counts.failed + counts.waiting if can_mend else 0,
        retried_by=await _find_retry(visit, run) if view.has_ended else None,
        has_destination=destination is not None,
        seconds=0 if view.has_ended else SECONDS_AT_WORK,
        message=error.message if error else "",
        hint=error.hint if error else "",
    )


def _outcome(text: str) -> RowOutcome | None:
    return RowOutcome(text) if text in {each.value for each in RowOutcome} else None


async def _find_destination(visit: SignedInVisit, run: Run) -> Destination | None:
    try:
        return await flows.get_destination(visit.app.flows, run.flow_id)
    except NotFound:  # it was deleted; its runs and their rows stay
        return None


def _titles(visit: SignedInVisit, destination: Destination | None) -> Titles:
    if destination is None:
        return Titles((), {})
    connector = visit.app.catalogue.find(destination.connector)
    template = connector.writing.template(destination.template) if connector and connector.writing else None
    fields: Sequence[TemplateField] = template.fields if template else ()
    return Titles(fields, destination.mapping)


async def _find_retry(visit: SignedInVisit, run: Run) -> int | None:
    """Return the newest run that tried this one's rows again."""
    later, _ = await flows.list_runs(
        visit.app.flows, kind="destination", flow_id=run.flow_id, per_page=RUNS_LOOKED_THROUGH
    )
    return next((each.id for each in later if each.retry_of == run.id), None)
