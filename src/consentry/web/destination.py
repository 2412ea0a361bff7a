"""One destination: how it is, its runs as pictures, what it writes in words, and what can be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.errors import InvalidInput
from consentry.flows import RowsSpec
from consentry.web.destination_fields import FILE
from consentry.web.destination_form import UPLOAD
from consentry.web.destination_step import MOST_SOURCES, find_upload, source_names
from consentry.web.destination_views import DestinationFacts, destination_facts
from consentry.web.destinations import recent_runs
from consentry.web.door import Door
from consentry.web.fields import Field
from consentry.web.flow_kinds import WORDS, FlowWords
from consentry.web.flow_page import RUNS_DRAWN, OneFlowPage, flow_view
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationPage(OneFlowPage):
    """Everything that can be told of one destination."""

    template: ClassVar[str] = "destination.html"
    words: ClassVar[FlowWords] = WORDS["destination"]
    facts: DestinationFacts
    file: Field  # another file, for one run


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
    sources, _ = await flows.list_sources(visit.app.flows, per_page=MOST_SOURCES)
    names = source_names(sources)
    connector, upload = visit.app.catalogue.get(destination.connector), await _upload_name(visit, destination.rows)
    page = DestinationPage(
        flow=await flow_view(visit, destination, runs, names),
        facts=destination_facts(destination, connector, upload, names),
        file=_with_problem(file_problem),
    )
    return visit.show(page, 422 if file_problem else 200)


def _with_problem(problem: str) -> Field:
    return Field(name=FILE.name, label=FILE.label, id="other-file", help=FILE.help, wrong=problem)


async def _upload_name(visit: SignedInVisit, rows: RowsSpec) -> str:
    """Return what the uploaded file is called that rows come from, or nothing."""
    if rows.file is None or not rows.file.startswith(UPLOAD):
        return ""
    upload = await find_upload(visit, rows.file.removeprefix(UPLOAD))
    return upload.name if upload else ""
