"""One source: how it is, its runs as pictures, and what can be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.web.connector_view import titles_of
from consentry.web.door import Door
from consentry.web.estimates import EstimateView, estimate_view
from consentry.web.fields import Field
from consentry.web.flow_kinds import WORDS, FlowWords
from consentry.web.flow_page import RUNS_DRAWN, OneFlowPage, flow_view
from consentry.web.frame import Page, Section
from consentry.web.hook_words import HooksView, hooks_view
from consentry.web.samples import Sample
from consentry.web.source_views import SourceFacts, source_facts
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage(OneFlowPage):
    """Everything that can be told of one source."""

    template: ClassVar[str] = "source.html"
    words: ClassVar[FlowWords] = WORDS["source"]
    facts: SourceFacts
    hooks: HooksView
    look_path: str  # where the look into the dataset is fetched from; another one when a run has ended


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatePage(Page):
    """What a first run takes."""

    template: ClassVar[str] = "estimate.html"
    fragment: ClassVar[str] = "samples.html"
    section: ClassVar[Section] = "sources"
    source_id: int
    source_name: str
    estimate: EstimateView
    samples: tuple[Sample, ...] = ()  # none; the same piece of a page shows those elsewhere
    problem: str = ""
    wrong: tuple[Field, ...] = ()

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Before the first run of {self.source_name}"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of one source."""
    base = "/sources/{id:int}"
    return (
        door.for_people(base, show),
        door.for_people(f"{base}/run", run_now, methods=["POST"]),
        door.for_people(f"{base}/pause", pause, methods=["POST"]),
        door.for_people(f"{base}/activate", activate, methods=["POST"]),
        door.for_people(f"{base}/estimate", estimate, methods=["POST"]),
    )


async def show(visit: SignedInVisit) -> Response:
    """Show the source."""
    source = await flows.get(visit.app.flows, visit.id)
    runs = (await flows.list_recent(visit.app.flows, [source.id], RUNS_DRAWN))[source.id]
    ended = next((run.id for run in runs if run.finished_at is not None), 0)
    page = SourcePage(
        flow=await flow_view(visit, source, runs, {}),
        facts=source_facts(source, visit.app.catalogue.get(source.connector)),
        hooks=hooks_view(source, visit.now),
        look_path=visit.url(f"/sources/{source.id}/dataset", run=ended),
    )
    return visit.show(page)


async def run_now(visit: SignedInVisit) -> Response:
    """Begin a run."""
    await flows.begin_run(visit.app.flows, visit.actor, visit.id, "hand")
    return visit.go(visit.url(f"/sources/{visit.id}"))


async def pause(visit: SignedInVisit) -> Response:
    """Let it run only by hand from now on."""
    await flows.pause(visit.app.flows, visit.actor, visit.id)
    return visit.go(visit.url(f"/sources/{visit.id}", done="source-paused"))


async def activate(visit: SignedInVisit) -> Response:
    """Let it follow its schedule again."""
    await flows.activate(visit.app.flows, visit.actor, visit.id)
    return visit.go(visit.url(f"/sources/{visit.id}", done="source-activated"))


async def estimate(visit: SignedInVisit) -> Response:
    """Show what a first run takes."""
    source = await flows.get(visit.app.flows, visit.id)
    connector = visit.app.catalogue.get(source.connector)
    found = await flows.estimate_source(visit.app.flows, visit.actor, source.id)
    view = estimate_view(found, connector, titles_of(connector))
    return visit.show(EstimatePage(source_id=source.id, source_name=source.name, estimate=view))
