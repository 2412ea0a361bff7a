"""What the page of a source and the page of a destination show alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from consentry import credentials
from consentry.credentials import Status
from consentry.errors import NotFound
from consentry.flows import Run
from consentry.web.charts import Chart, draw_charts
from consentry.web.connector_view import ConnectorView, titles_of
from consentry.web.flow_kinds import FlowWords
from consentry.web.flow_views import Flow, Timing, is_at_work, timing_of
from consentry.web.frame import Page, Section
from consentry.web.moments import Moment, moment
from consentry.web.run_words import RunView, flow_status, run_view
from consentry.web.status import StatusWords, status_words
from consentry.web.trail import actor_words
from consentry.web.visit import SignedInVisit

RUNS_DRAWN: Final = 30
RUNS_LISTED: Final = 8
SECONDS_AT_WORK: Final = 1
SECONDS_IDLE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowView:
    """How a source or destination is, and its last runs."""

    id: int
    name: str
    connector: ConnectorView
    status: StatusWords
    is_active: bool
    timing: Timing
    credential_id: int
    credential_name: str
    credential_problem: str  # why no run can begin, or empty
    run: RunView | None  # the last one, which may still be going on
    runs: tuple[RunView, ...]
    charts: tuple[Chart, ...]
    created_at: Moment
    owner: str
    seconds: int  # after which the page looks again


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFlowPage(Page):
    """Everything that can be told of one source or destination."""

    words: ClassVar[FlowWords]
    flow: FlowView

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.flow.name

    @property
    def place(self) -> Section:
        """The word of the rail under which the page stands."""
        return self.words.section

    @property
    def base(self) -> str:
        """The path of this page, under which its actions live."""
        return f"/{self.words.section}/{self.flow.id}"


async def flow_view(visit: SignedInVisit, flow: Flow, runs: Sequence[Run], sources: Mapping[int, str]) -> FlowView:
    """Return how it is; ``runs`` are the last ones, and ``sources`` name those that a destination may follow."""
    now, last = visit.now, flow.last_run
    connector = visit.app.catalogue.get(flow.connector)
    return FlowView(
        id=flow.id,
        name=flow.name,
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        status=flow_status(last, is_active=flow.is_active),
        is_active=flow.is_active,
        timing=timing_of(flow, now, sources),
        credential_id=flow.credential_id,
        credential_name=flow.credential_name,
        credential_problem=await _credential_problem(visit, flow.credential_id),
        run=run_view(last, titles_of(connector), now) if last else None,
        runs=tuple(run_view(run, {}, now) for run in runs[:RUNS_LISTED]),
        charts=draw_charts(runs, now),
        created_at=moment(flow.created_at, now),
        owner=actor_words(flow.created_by),
        seconds=SECONDS_AT_WORK if is_at_work(flow) else SECONDS_IDLE,
    )


async def _credential_problem(visit: SignedInVisit, credential_id: int) -> str:
    """Say what keeps the credential from being used, or nothing."""
    try:
        credential = await credentials.get(visit.app.credentials, credential_id)
    except NotFound:
        return "it is gone"
    if credential.status in (Status.AUTHORIZED, Status.REFRESH_FAILING):
        return ""
    provider = visit.app.catalogue.get(credential.connector).provider
    return status_words(credential, provider, visit.now).words
