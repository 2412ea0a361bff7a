"""Runs: all of them in a list that can be filtered, and one with its streams, live while it lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.errors import NotFound
from consentry.web.choices import Choice, choices, pages_around
from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.run_words import RUN_STATUSES, RunView, run_view
from consentry.web.source_views import titles_of
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 50
MOST_SOURCES: Final = 100
SECONDS_AT_WORK: Final = 1
SECONDS_LISTED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage(Page):
    """Runs, the newest first."""

    template: ClassVar[str] = "runs.html"
    section: ClassVar[Section] = "runs"
    runs: tuple[RunView, ...]
    sources: tuple[Choice, ...]
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
    """One run: how it is doing, and what each stream has read."""

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
    """Show runs, filtered and by page."""
    flow_id, status = visit.query.number("source"), visit.query.text("status")
    status = status if status in RUN_STATUSES else ""
    page = min(max(1, visit.query.number("page") or 1), 1_000_000)
    found, has_more = await flows.list_runs(
        visit.app.flows, flow_id=flow_id, status=status or None, page=page, per_page=PER_PAGE
    )
    sources, _ = await flows.list_sources(visit.app.flows, per_page=MOST_SOURCES)
    query = {"source": "" if flow_id is None else str(flow_id), "status": status}
    newer, older = pages_around(visit.url("/runs"), query, page, has_more=has_more)
    views = tuple(run_view(run, {}, visit.now) for run in found)
    context = RunsPage(
        runs=views,
        sources=choices({str(source.id): source.name for source in sources}, query["source"]),
        statuses=choices(RUN_STATUSES, status),
        is_searched=bool(flow_id is not None or status or page > 1),
        newer=newer,
        older=older,
        seconds=SECONDS_LISTED,
    )
    return visit.show(context)


async def show(visit: SignedInVisit) -> Response:
    """Show one run."""
    run = await flows.get_run(visit.app.flows, visit.id)
    view = run_view(run, await _titles(visit, run.flow_id), visit.now)
    return visit.show(RunPage(run=view, seconds=0 if view.has_ended else SECONDS_AT_WORK))


async def cancel(visit: SignedInVisit) -> Response:
    """Ask for the end of a run."""
    await flows.cancel(visit.app.flows, visit.actor, visit.id)
    return visit.go(visit.return_to(visit.form, f"/runs/{visit.id}"))


async def _titles(visit: SignedInVisit, flow_id: int) -> dict[str, str]:
    try:
        source = await flows.get(visit.app.flows, flow_id)
    except NotFound:  # it was deleted; its streams keep their names
        return {}
    return titles_of(visit.app.catalogue.find(source.connector))
