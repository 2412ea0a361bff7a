"""The list of destinations: how each is, when it runs next, and its last runs as a small picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.flows import Destination, Run
from consentry.web.choices import pages_around
from consentry.web.destination_step import MOST_SOURCES, source_names
from consentry.web.destination_views import writes_words
from consentry.web.door import Door
from consentry.web.first_visit import FirstVisit, first_steps
from consentry.web.flow_kinds import WORDS, FlowWords
from consentry.web.flow_lists import PER_PAGE, RUNS_DRAWN, FlowListPage, credentials_of, list_row, seconds_between
from consentry.web.flow_views import FlowRow
from consentry.web.status import StatusWords
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationsPage(FlowListPage):
    """Every destination, or the way to a first one, by way of a first credential that could be written with."""

    template: ClassVar[str] = "destinations.html"
    words: ClassVar[FlowWords] = WORDS["destination"]
    is_first_page: bool


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the list."""
    return (door.for_people("/destinations", show),)


async def show(visit: SignedInVisit) -> Response:
    """Show destinations by page."""
    page = min(max(1, visit.query.number("page") or 1), 1_000_000)
    room = visit.app.flows
    found, has_more = await flows.list_destinations(room, page=page, per_page=PER_PAGE)
    newer, older = pages_around(visit.url("/destinations"), {}, page, has_more=has_more)
    words = await credentials_of(visit, found)
    sources, _ = await flows.list_sources(room, per_page=MOST_SOURCES)
    names = source_names(sources)
    rows = [
        _row(visit, one, words.get(one.credential_id), await recent_runs(visit, one.id, RUNS_DRAWN), names)
        for one in found
    ]
    context = DestinationsPage(
        rows=tuple(rows),
        newer=newer,
        older=older,
        seconds=seconds_between(found),
        first_visit=None if found or page > 1 else await _first_visit(visit),
        is_first_page=page == 1,
    )
    return visit.show(context)


async def recent_runs(visit: SignedInVisit, destination_id: int, count: int) -> Sequence[Run]:
    """Return the last runs of a destination, newest first."""
    found, _ = await flows.list_runs(visit.app.flows, kind="destination", flow_id=destination_id, per_page=count)
    return found


async def _first_visit(visit: SignedInVisit) -> FirstVisit | None:
    """Return the steps before a first destination while no credential is connected; None when one is."""
    steps = await first_steps(visit, above="/destinations/new", last="destination")
    return None if steps is None or steps.is_connected else steps


def _row(
    visit: SignedInVisit,
    destination: Destination,
    credential: StatusWords | None,
    runs: Sequence[Run],
    sources: Mapping[int, str],
) -> FlowRow:
    does = writes_words(destination, visit.app.catalogue.get(destination.connector))
    return list_row(visit, destination, does, credential, runs, sources)
