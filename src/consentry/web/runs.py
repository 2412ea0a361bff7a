"""Runs: all of them in a list that can be filtered, and one with its streams or rows, live while it lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.errors import NotFound
from consentry.flows import Run
from consentry.web.choices import Choice, choices, pages_around
from consentry.web.connector_view import titles_of
from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.run_rows import show_rows_of
from consentry.web.run_words import RUN_STATUSES, RunView, run_view
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 50
MOST_FLOWS: Final = 100
SECONDS_AT_WORK: Final = 1
SECONDS_LISTED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage(Page):
    """Runs, the newest first."""

    template: ClassVar[str] = "runs.html"
    section: ClassVar[Section] = "runs"
    runs: tuple[RunView, ...]
    sources: tuple[Choice, ...]
    destinations: tuple[Choice, ...]
    statuses: tuple[Choice, ...]
    is_searched: bool
    newer: str  # address of the page before this one, or empty
    older: str  # address of the page after this one, or empty
    seconds: int  # after which the page looks again

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage(Page):
    """One run of a source: how it is doing, and what each stream has read."""

    template: ClassVar[str] = "run.html"
    section: ClassVar[Section] = "runs"
    run: RunView
    seconds: int  # after which the page looks again; 0 when it has ended

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Run no. {self.run.id}"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of runs."""
    return (
        door.for_people("/runs", show_all),
        door.for_people("/runs/{id:int}", show),
        door.for_people("/runs/{id:int}/cancel", cancel, methods=["POST"]),
    )


async def show_all(visit: SignedInVisit) -> Response:
    """Show runs of sources and destinations, filtered and by page."""
    query = _search(visit)
    page = min(max(1, visit.query.number("page") or 1), 1_000_000)
    kind: flows.FlowKind | None = "source" if query["source"] else "destination" if query["destination"] else None
    flow_id = query["source"] or query["destination"]
    found, has_more = await flows.list_runs(
        visit.app.flows,
        kind=kind,
        flow_id=int(flow_id) if flow_id else None,
        status=query["status"] or None,
        page=page,
        per_page=PER_PAGE,
    )
    sources, _ = await flows.list_sources(visit.app.flows, per_page=MOST_FLOWS)
    destinations, _ = await flows.list_destinations(visit.app.flows, per_page=MOST_FLOWS)
    newer, older = pages_around(visit.url("/runs"), query, page, has_more=has_more)
    context = RunsPage(
        runs=tuple(run_view(run, {}, visit.now) for run in found),
        sources=choices({str(one.id): one.name for one in sources}, query["source"]),
        destinations=choices({str(one.id): one.name for one in destinations}, query["destination"]),
        statuses=choices(RUN_STATUSES, query["status"]),
        is_searched=bool(any(query.values()) or page > 1),
        newer=newer,
        older=older,
        seconds=SECONDS_LISTED,
    )
    return visit.show(context)


def _search(visit: SignedInVisit) -> dict[str, str]:
    """Return what is searched for: runs of one source, else of one destination, and of a status."""
    source, destination = visit.query.number("source"), visit.query.number("destination")
    status = visit.query.text("status")
    return {
        "source": "" if source is None else str(source),
        "destination": "" if destination is None or source is not None else str(destination),
        "status": status if status in RUN_STATUSES else "",
    }


async def show(visit: SignedInVisit) -> Response:
    """Show one run."""
    run = await flows.get_run(visit.app.flows, visit.id)
    if run.kind == "destination":
        return await show_rows_of(visit, run)
    view = run_view(run, await _titles(visit, run), visit.now)
    return visit.show(RunPage(run=view, seconds=0 if view.has_ended else SECONDS_AT_WORK))


async def cancel(visit: SignedInVisit) -> Response:
    """Ask for the end of a run."""
    await flows.cancel(visit.app.flows, visit.actor, visit.id)
    return visit.go(visit.return_to(visit.form, f"/runs/{visit.id}"))


async def _titles(visit: SignedInVisit, run: Run) -> dict[str, str]:
    try:
        source = await flows.get(visit.app.flows, run.flow_id)
    except NotFound:  # it was deleted; its streams keep their names
        return {}
    return titles_of(visit.app.catalogue.find(source.connector))
