"""One destination: how it is, its runs as pictures, what it writes in words, and what can be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials, flows
from consentry.credentials import Status
from consentry.errors import InvalidInput, NotFound
from consentry.flows import Destination, RowsSpec, Run
from consentry.web.charts import Chart, draw_charts
from consentry.web.connector_view import ConnectorView
from consentry.web.destination_fields import FILE
from consentry.web.destination_form import UPLOAD
from consentry.web.destination_step import MOST_SOURCES, source_names
from consentry.web.destination_views import DestinationFacts, destination_facts
from consentry.web.destinations import recent_runs
from consentry.web.door import Door
from consentry.web.fields import Field
from consentry.web.frame import Page, Section
from consentry.web.run_words import RunView, flow_status, run_view
from consentry.web.status import StatusWords, status_words
from consentry.web.visit import SignedInVisit

RUNS_DRAWN: Final = 30
RUNS_LISTED: Final = 8
SECONDS_AT_WORK: Final = 1
SECONDS_IDLE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationPage(Page):
    """Everything that can be told of one destination."""

    template: ClassVar[str] = "destination.html"
    section: ClassVar[Section] = "destinations"
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
    facts: DestinationFacts
    file: Field  # another file, for one run
    seconds: int  # after which the page looks again

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.name


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of one destination."""
    base = "/destinations/{id:int}"
    return (
        door.for_people(base, show),
        door.for_files(f"{base}/run", run_now),
        door.for_people(f"{base}/pause", pause, methods=["POST"]),
        door.for_people(f"{base}/activate", activate, methods=["POST"]),
    )


async def show(visit: SignedInVisit) -> Response:
    """Show the destination."""
    return await _show(visit, "")


async def run_now(visit: SignedInVisit) -> Response:
    """Begin a run, with the rows of a file that was sent along where there is one."""
    file, asks_file = visit.form.text("file"), "file" in visit.form.text("with")
    if visit.faults or (asks_file and not file):
        words = visit.faults[0].message if visit.faults else "Choose a file."
        return await _show(visit, words)
    rows = RowsSpec(file=file) if file else None
    try:
        run = await flows.begin_destination_run(visit.app.flows, visit.actor, visit.id, "hand", rows)
    except InvalidInput as error:
        return await _show(visit, error.errors[0].message if error.errors else error.message)
    return visit.go(visit.url(f"/runs/{run.id}"))


async def pause(visit: SignedInVisit) -> Response:
    """Let it run only by hand from now on."""
    await flows.pause_destination(visit.app.flows, visit.actor, visit.id)
    return visit.go(visit.url(f"/destinations/{visit.id}", done="destination-paused"))


async def activate(visit: SignedInVisit) -> Response:
    """Let it follow its schedule again."""
    await flows.activate_destination(visit.app.flows, visit.actor, visit.id)
    return visit.go(visit.url(f"/destinations/{visit.id}", done="destination-activated"))


async def _show(visit: SignedInVisit, file_problem: str) -> Response:
    destination = await flows.get_destination(visit.app.flows, visit.id)
    runs = await recent_runs(visit, destination.id, RUNS_DRAWN)
    page = await _page(visit, destination, runs, file_problem)
    return visit.show(page, 422 if file_problem else 200)


async def _page(
    visit: SignedInVisit, destination: Destination, runs: Sequence[Run], file_problem: str
) -> DestinationPage:
    now = visit.now
    connector = visit.app.catalogue.get(destination.connector)
    last = destination.last_run
    view = run_view(last, {}, now) if last else None
    sources, _ = await flows.list_sources(visit.app.flows, per_page=MOST_SOURCES)
    upload = await upload_name(visit, destination.rows)
    is_at_work = view is not None and not view.has_ended
    return DestinationPage(
        id=destination.id,
        name=destination.name,
        base=f"/destinations/{destination.id}",
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        status=flow_status(last, is_active=destination.is_active),
        is_active=destination.is_active,
        credential_id=destination.credential_id,
        credential_name=destination.credential_name,
        credential_problem=await _credential_problem(visit, destination),
        run=view,
        runs=tuple(run_view(run, {}, now) for run in runs[:RUNS_LISTED]),
        charts=draw_charts(runs, now),
        facts=destination_facts(destination, connector, upload, source_names(sources), now),
        file=_with_problem(file_problem),
        seconds=SECONDS_AT_WORK if is_at_work else SECONDS_IDLE,
    )


def _with_problem(problem: str) -> Field:
    return Field(name=FILE.name, label=FILE.label, id="other-file", help=FILE.help, wrong=problem)


async def upload_name(visit: SignedInVisit, rows: RowsSpec) -> str:
    """Return what the uploaded file is called that rows come from, or nothing."""
    number = rows.file.removeprefix(UPLOAD) if rows.file and rows.file.startswith(UPLOAD) else ""
    if not (number.isascii() and number.isdigit()):
        return ""
    try:
        return (await flows.get_upload(visit.app.flows, int(number))).name
    except NotFound:
        return ""


async def _credential_problem(visit: SignedInVisit, destination: Destination) -> str:
    """Say what keeps the credential from being used, or nothing."""
    try:
        credential = await credentials.get(visit.app.credentials, destination.credential_id)
    except NotFound:
        return "it is gone"
    if credential.status in (Status.AUTHORIZED, Status.REFRESH_FAILING):
        return ""
    provider = visit.app.catalogue.get(credential.connector).provider
    return status_words(credential, provider, visit.now).words
