"""Runs: list, show, cancel. Their rows are in rows.py."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response

from consentry import flows
from consentry.api.answers import answers
from consentry.api.callers import Here, Reader, User
from consentry.api.fields import Id, PageNumber, PerPage
from consentry.api.flow_views import RunView, show_run
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute

router: Final = APIRouter(prefix="/api/v1/runs", tags=["runs"], route_class=StrictRoute)


@router.get("", summary="List runs", responses=answers())
async def list_runs(
    here: Here,
    _: Reader,
    response: Response,
    kind: Annotated[Literal["source", "destination"] | None, Query(description="Only of this kind.")] = None,
    flow_id: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="Only of this flow; kind says of which.")
    ] = None,
    status: Annotated[flows.RunStatus | None, Query(description="Only with this status.")] = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> list[RunView]:
    """The runs in pages, newest first."""
    found, has_more = await flows.list_runs(
        here.flows, kind=kind, flow_id=flow_id, status=status, page=page, per_page=per_page
    )
    filters = {"kind": kind, "flow_id": None if flow_id is None else str(flow_id), "status": status}
    address = f"{here.settings.public_url}/api/v1/runs"
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters=filters)
    return [show_run(run) for run in found]


@router.get("/{run_id:id}", summary="Show a run", responses=answers(404))
async def show(here: Here, _: Reader, run_id: Id) -> RunView:
    """One run, with the outcome of each stream, or its rows counted by outcome."""
    return show_run(await flows.get_run(here.flows, run_id))


@router.post("/{run_id:id}/cancel", summary="Cancel a run", responses=answers(404, 409))
async def cancel(here: Here, caller: User, run_id: Id) -> RunView:
    """Ask a run to end; what it has written stays."""
    return show_run(await flows.cancel(here.flows, caller.actor, run_id))
