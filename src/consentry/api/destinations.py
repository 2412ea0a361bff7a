"""Destinations: add, list, show, change, delete, test, preview, run, activate and pause."""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from consentry import flows
from consentry.accounts import Caller
from consentry.api.answers import answers
from consentry.api.callers import Admin, Here, ProvedAdmin, Reader, User
from consentry.api.destination_views import (
    DestinationEditBody,
    DestinationView,
    NewDestinationBody,
    RowsBody,
    show_destination,
)
from consentry.api.fields import Body, Id, PageNumber, PerPage, Search
from consentry.api.flow_views import BegunView, show_trouble
from consentry.api.given_rows import rows_of
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute
from consentry.api.row_views import (
    PreviewView,
    TrialView,
    TriedRowView,
    show_columns,
    show_errors,
    show_preview,
)

router: Final = APIRouter(prefix="/api/v1/destinations", tags=["destinations"], route_class=StrictRoute)
_TRIED_ROWS: Final = 5


class RunBody(Body):
    """Rows to take instead of those that the destination names."""

    rows: RowsBody | None = None


class PreviewBody(RunBody):
    """How many rows to show whole, and which rows to look at."""

    limit: Annotated[int, Field(strict=True, ge=1, le=100)] = 20


@router.get("", summary="List destinations", responses=answers())
async def list_destinations(
    here: Here,
    _: Reader,
    response: Response,
    credential_id: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only of this credential.")] = None,
    name: Search = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> list[DestinationView]:
    """The destinations in pages, each with its last run; ``name`` finds the one of this name."""
    name = None if name is None else " ".join(name.split())
    found, has_more = await flows.list_destinations(
        here.flows, name=name, credential_id=credential_id, page=page, per_page=per_page
    )
    filters = {"credential_id": None if credential_id is None else str(credential_id), "name": name}
    address = f"{here.settings.public_url}/api/v1/destinations"
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters=filters)
    return [show_destination(each) for each in found]


@router.post("", status_code=201, summary="Add a destination", responses=answers(404, 409))
async def create(here: Here, caller: Admin, body: NewDestinationBody) -> DestinationView:
    """Add a destination; it runs when its schedule says so, or by hand."""
    new = flows.read_new_destination(_given(body))
    return show_destination(await flows.create_destination(here.flows, caller.actor, new))


@router.get("/{destination_id:id}", summary="Show a destination", responses=answers(404))
async def show(here: Here, _: Reader, destination_id: Id) -> DestinationView:
    """One destination, with its last run."""
    return show_destination(await flows.get_destination(here.flows, destination_id))


@router.patch("/{destination_id:id}", summary="Change a destination", responses=answers(404, 409))
async def edit(here: Here, caller: Admin, destination_id: Id, body: DestinationEditBody) -> DestinationView:
    """Change fields; refused while a run is under way."""
    before = await flows.get_destination(here.flows, destination_id)
    wanted = flows.read_changed_destination(before, _given(body))
    return show_destination(await flows.edit_destination(here.flows, caller.actor, destination_id, wanted))


@router.delete("/{destination_id:id}", status_code=204, summary="Delete a destination", responses=answers(404, 409))
async def delete(here: Here, caller: ProvedAdmin, destination_id: Id) -> None:
    """Delete a destination and what it remembers of sent rows; its runs stay. Refused while a run is under way."""
    await flows.delete_destination(here.flows, caller.actor, destination_id)


@router.post("/{destination_id:id}/run", status_code=202, summary="Run a destination", responses=answers(404, 409))
async def run(here: Here, caller: User, destination_id: Id, body: RunBody | None = None) -> BegunView:
    """Queue a run now, of the destination's rows or of those given here; refused while one is under way."""
    rows = _rows(body, caller)
    begun = await flows.begin_destination_run(here.flows, caller.actor, destination_id, "hand", rows)
    return BegunView(run_id=begun.id)


@router.post("/{destination_id:id}/preview", summary="Preview a destination", responses=answers(404, 409, 502, 504))
async def preview(here: Here, caller: User, destination_id: Id, body: PreviewBody | None = None) -> PreviewView:
    """What a run would create, change, leave alone and refuse; the provider is read, and nothing is written."""
    rows, limit = _rows(body, caller), (body or PreviewBody()).limit
    if rows is None:
        return show_preview(await flows.preview(here.flows, caller.actor, destination_id, limit))
    described = flows.description_of(await flows.get_destination(here.flows, destination_id))
    return show_preview(await flows.preview_new(here.flows, caller.actor, replace(described, rows=rows), limit))


@router.post("/{destination_id:id}/test", summary="Test a destination", responses=answers(404))
async def test(here: Here, caller: User, destination_id: Id) -> TrialView:
    """Ask the provider whether the credential works, and map the first rows; nothing is written."""
    trial = await flows.try_destination(here.flows, caller.actor, destination_id, _TRIED_ROWS)
    return TrialView(
        status=trial.status,
        detail=trial.detail,
        hint=trial.hint,
        columns=show_columns(trial.columns) if trial.columns else [],
        rows=[
            TriedRowView(
                row=each.row, values=dict(each.values), mapped=dict(each.mapped), errors=show_errors(each.errors)
            )
            for each in trial.rows
        ],
        faults=list(trial.columns.about.faults) if trial.columns else [],
        error=show_trouble(trial.trouble),
    )


@router.post("/{destination_id:id}/activate", summary="Activate a destination", responses=answers(404))
async def activate(here: Here, caller: Admin, destination_id: Id) -> DestinationView:
    """Let a destination run by its schedule."""
    return show_destination(await flows.activate_destination(here.flows, caller.actor, destination_id))


@router.post("/{destination_id:id}/pause", summary="Pause a destination", responses=answers(404))
async def pause(here: Here, caller: Admin, destination_id: Id) -> DestinationView:
    """Let a destination run by hand only."""
    return show_destination(await flows.pause_destination(here.flows, caller.actor, destination_id))


def _given(body: Body) -> dict[str, Any]:
    return body.model_dump(exclude_unset=True)


def _rows(body: RunBody | None, caller: Caller) -> flows.RowsSpec | None:
    return None if body is None or body.rows is None else rows_of(body.rows, caller)
