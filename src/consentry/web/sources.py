"""The list of sources: how each is, when it runs next, and its last runs as a small picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.flows import Run, Source
from consentry.web.choices import pages_around
from consentry.web.door import Door
from consentry.web.first_visit import first_steps
from consentry.web.flow_kinds import WORDS, FlowWords
from consentry.web.flow_lists import PER_PAGE, RUNS_DRAWN, FlowListPage, credentials_of, list_row, seconds_between
from consentry.web.flow_views import FlowRow
from consentry.web.source_views import reads_words
from consentry.web.status import StatusWords
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesPage(FlowListPage):
    """Every source, or the way to a first one."""

    template: ClassVar[str] = "sources.html"
    words: ClassVar[FlowWords] = WORDS["source"]


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the list."""
    return (door.for_people("/sources", show),)


async def show(visit: SignedInVisit) -> Response:
    """Show sources by page."""
    page = max(1, visit.query.number("page") or 1)
    found, has_more = await flows.list_sources(visit.app.flows, page=page, per_page=PER_PAGE)
    newer, older = pages_around(visit.url("/sources"), {}, page, has_more=has_more)
    is_empty = not found and page == 1
    words = await credentials_of(visit, found)
    recent = await flows.list_recent(visit.app.flows, [source.id for source in found], RUNS_DRAWN)
    context = SourcesPage(
        rows=tuple(_row(visit, source, words.get(source.credential_id), recent[source.id]) for source in found),
        newer=newer,
        older=older,
        seconds=seconds_between(found),
        first_visit=await first_steps(visit, above="/sources/new") if is_empty else None,
    )
    return visit.show(context)


def _row(visit: SignedInVisit, source: Source, credential: StatusWords | None, runs: Sequence[Run]) -> FlowRow:
    does = reads_words(source, visit.app.catalogue.get(source.connector))
    return list_row(visit, source, does, credential, runs, {})
