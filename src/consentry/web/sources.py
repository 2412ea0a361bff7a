"""The list of sources: how each is, when it runs next, and its last runs as a small picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials, flows
from consentry.errors import NotFound
from consentry.flows import Run, Source
from consentry.web.choices import pages_around
from consentry.web.connector_view import ConnectorView
from consentry.web.door import Door
from consentry.web.first_visit import FirstVisit, first_steps
from consentry.web.frame import Page, Section
from consentry.web.source_views import SourceRow, is_at_work, source_row
from consentry.web.status import StatusWords, status_words
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 25
RUNS_DRAWN: Final = 12
SECONDS_AT_WORK: Final = 3
SECONDS_IDLE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesPage(Page):
    """Every source, or the way to a first one."""

    template: ClassVar[str] = "sources.html"
    section: ClassVar[Section] = "sources"
    sources: tuple[SourceRow, ...]
    newer: str  # address of the page before this one, or empty
    older: str  # address of the page after this one, or empty
    seconds: int  # after which the page looks again
    first_visit: FirstVisit | None  # instead of rows while there is no source

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Sources"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the list."""
    return (door.for_people("/sources", show),)


async def show(visit: SignedInVisit) -> Response:
    """Show sources by page."""
    page = max(1, visit.query.number("page") or 1)
    found, has_more = await flows.list_sources(visit.app.flows, page=page, per_page=PER_PAGE)
    newer, older = pages_around(visit.url("/sources"), {}, page, has_more=has_more)
    is_empty = not found and page == 1
    words = await _credentials_of(visit, found)
    recent = await flows.list_recent(visit.app.flows, [source.id for source in found], RUNS_DRAWN)
    context = SourcesPage(
        sources=tuple(_row(visit, source, words.get(source.credential_id), recent[source.id]) for source in found),
        newer=newer,
        older=older,
        seconds=SECONDS_AT_WORK if any(is_at_work(source) for source in found) else SECONDS_IDLE,
        first_visit=await first_steps(visit, above="/sources/new") if is_empty else None,
    )
    return visit.show(context)


def _row(visit: SignedInVisit, source: Source, credential: StatusWords | None, runs: Sequence[Run]) -> SourceRow:
    connector = visit.app.catalogue.get(source.connector)
    view = ConnectorView.of(connector, visit.app.settings.public_url)
    return source_row(source, connector, view, credential, runs, visit.now)


async def _credentials_of(visit: SignedInVisit, sources: Sequence[Source]) -> dict[int, StatusWords]:
    words = {}
    for credential_id in {source.credential_id for source in sources}:
        try:
            credential = await credentials.get(visit.app.credentials, credential_id)
        except NotFound:
            continue
        provider = visit.app.catalogue.get(credential.connector).provider
        words[credential_id] = status_words(credential, provider, visit.now)
    return words
