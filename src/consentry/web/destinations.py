"""The list of destinations: how each is, when it runs next, and its last runs as a small picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials, flows
from consentry.errors import NotFound
from consentry.flows import Destination, Run
from consentry.web.choices import pages_around
from consentry.web.connector_view import ConnectorView
from consentry.web.destination_step import MOST_SOURCES, source_names
from consentry.web.destination_views import DestinationRow, destination_row, is_at_work
from consentry.web.door import Door
from consentry.web.first_visit import FirstVisit, first_steps
from consentry.web.frame import Page, Section
from consentry.web.status import StatusWords, status_words
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 25
RUNS_DRAWN: Final = 12
SECONDS_AT_WORK: Final = 3
SECONDS_IDLE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationsPage(Page):
    """Every destination, or the way to a first one."""

    template: ClassVar[str] = "destinations.html"
    section: ClassVar[Section] = "destinations"
    destinations: tuple[DestinationRow, ...]
    newer: str  # address of the page before this one, or empty
    older: str  # address of the page after this one, or empty
    seconds: int  # after which the page looks again
    first_visit: FirstVisit | None  # instead of rows while nothing is connected that could be written to
    is_first_page: bool

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Destinations"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the list."""
    return (door.for_people("/destinations", show),)


async def show(visit: SignedInVisit) -> Response:
    """Show destinations by page."""
    page = min(max(1, visit.query.number("page") or 1), 1_000_000)
    room = visit.app.flows
    found, has_more = await flows.list_destinations(room, page=page, per_page=PER_PAGE)
    newer, older = pages_around(visit.url("/destinations"), {}, page, has_more=has_more)
    words = await _credentials_of(visit, found)
    sources, _ = await flows.list_sources(room, per_page=MOST_SOURCES)
    names = source_names(sources)
    rows = [
        _row(visit, one, words.get(one.credential_id), await recent_runs(visit, one.id, RUNS_DRAWN), names)
        for one in found
    ]
    context = DestinationsPage(
        destinations=tuple(rows),
        newer=newer,
        older=older,
        seconds=SECONDS_AT_WORK if any(is_at_work(one) for one in found) else SECONDS_IDLE,
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
) -> DestinationRow:
    connector = visit.app.catalogue.get(destination.connector)
    view = ConnectorView.of(connector, visit.app.settings.public_url)
    return destination_row(destination, connector, view, credential, runs, sources, visit.now)


async def _credentials_of(visit: SignedInVisit, destinations: Sequence[Destination]) -> dict[int, StatusWords]:
    words = {}
    for credential_id in {one.credential_id for one in destinations}:
        try:
            credential = await credentials.get(visit.app.credentials, credential_id)
        except NotFound:
            continue
        provider = visit.app.catalogue.get(credential.connector).provider
        words[credential_id] = status_words(credential, provider, visit.now)
    return words
