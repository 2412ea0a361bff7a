"""One source: how it is, its runs as pictures, and what can be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials, flows
from consentry.credentials import Status
from consentry.errors import NotFound
from consentry.flows import Run, Source
from consentry.web.charts import Chart, draw_charts
from consentry.web.connector_view import ConnectorView
from consentry.web.door import Door
from consentry.web.estimates import EstimateView, estimate_view
from consentry.web.fields import Field
from consentry.web.frame import Page, Section
from consentry.web.hook_words import HooksView, hooks_view
from consentry.web.run_words import RunView, flow_status, run_view
from consentry.web.samples import Sample
from consentry.web.source_views import SourceFacts, source_facts, titles_of
from consentry.web.status import StatusWords, status_words
from consentry.web.visit import SignedInVisit

RUNS_DRAWN: Final = 30
RUNS_LISTED: Final = 8
SECONDS_AT_WORK: Final = 1
SECONDS_IDLE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage(Page):
    """Everything that can be told of one source."""

    template: ClassVar[str] = "source.html"
    section: ClassVar[Section] = "sources"
    id: int
    name: str
    base: str  # path of this page, under which its actions live
    connector: ConnectorView
    status: StatusWords
    is_active: bool
    credential_id: int
    credential_name: str
    credential_problem: str  # why no run can begin, or empty
    run: RunView | None  # the last one, which may still be going on
    runs: tuple[RunView, ...]
    charts: tuple[Chart, ...]
    facts: SourceFacts
    hooks: HooksView
    look_path: str  # where the look into the dataset is fetched from; another one when a run has ended
    seconds: int  # after which the page looks again

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.name


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
    return visit.show(source_page(visit, source, source.last_run, runs, await _credential_problem(visit, source)))


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


def source_page(
    visit: SignedInVisit, source: Source, last: Run | None, runs: Sequence[Run], credential_problem: str
) -> SourcePage:
    """Put together what the page shows."""
    now = visit.now
    connector = visit.app.catalogue.get(source.connector)
    view = run_view(last, titles_of(connector), now) if last else None
    is_at_work = view is not None and not view.has_ended
    ended = next((run.id for run in runs if run.finished_at is not None), 0)
    return SourcePage(
        id=source.id,
        name=source.name,
        base=f"/sources/{source.id}",
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        status=flow_status(last, is_active=source.is_active),
        is_active=source.is_active,
        credential_id=source.credential_id,
        credential_name=source.credential_name,
        credential_problem=credential_problem,
        run=view,
        runs=tuple(run_view(run, {}, now) for run in runs[:RUNS_LISTED]),
        charts=draw_charts(runs, now),
        facts=source_facts(source, connector, now),
        hooks=hooks_view(source, now),
        look_path=visit.url(f"/sources/{source.id}/dataset", run=ended),
        seconds=SECONDS_AT_WORK if is_at_work else SECONDS_IDLE,
    )


async def _credential_problem(visit: SignedInVisit, source: Source) -> str:
    """Say what keeps the credential from being used, or nothing."""
    try:
        credential = await credentials.get(visit.app.credentials, source.credential_id)
    except NotFound:
        return "it is gone"
    if credential.status in (Status.AUTHORIZED, Status.REFRESH_FAILING):
        return ""
    provider = visit.app.catalogue.get(credential.connector).provider
    return status_words(credential, provider, visit.now).words
