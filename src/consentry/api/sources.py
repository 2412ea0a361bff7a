"""Sources: add, list, show, change, delete, test, run, activate and pause."""

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field, SecretStr, StrictStr

from consentry import flows
from consentry.api.answers import answers
from consentry.api.callers import Admin, Here, ProvedAdmin, Reader, User
from consentry.api.fields import Body, Id, Name, PageNumber, PerPage
from consentry.api.flow_views import (
    BegunView,
    SampleView,
    SourceView,
    show_source,
    show_trouble,
)
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute
from consentry.errors import FieldError, InvalidInput

router: Final = APIRouter(prefix="/api/v1/sources", tags=["sources"], route_class=StrictRoute)

StreamName = Annotated[StrictStr, Field(min_length=1, max_length=100)]
Length = Annotated[StrictStr, Field(min_length=2, max_length=20, examples=["15m", "2h", "1d"])]
RowId = Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
_SAMPLE_ROWS: Final = 5


class ScheduleBody(Body):
    """When a source runs by itself: one of the first three."""

    every: Length | None = None
    daily_at: Annotated[StrictStr, Field(max_length=5, examples=["06:00"])] | None = None
    cron: Annotated[StrictStr, Field(max_length=200, examples=["0 6 * * 1-5"])] | None = None
    timezone: Annotated[StrictStr, Field(max_length=100, examples=["Europe/Berlin"])] = "UTC"


class ManualBody(Body):
    """A list of the provider's API that no stream declares."""

    path: Annotated[StrictStr, Field(min_length=1, max_length=1000, examples=["parties"])]
    parameters: Annotated[dict[StrictStr, StrictStr], Field(max_length=50)] = Field(default_factory=dict)
    records_path: Annotated[StrictStr, Field(max_length=200)] = ""
    paging: Literal["link", "none"] = "link"


class WarehouseBody(Body):
    """Where the dataset lives; the password of an address is kept in the vault."""

    type: flows.WarehouseKind = "duckdb"
    path: Annotated[StrictStr, Field(min_length=1, max_length=1000)] | None = None
    url: Annotated[SecretStr, Field(max_length=10_000)] | None = None


class NewSourceBody(Body):
    """A source to add."""

    name: Name
    credential_id: RowId
    streams: Annotated[list[StreamName], Field(max_length=200)] | Literal["all"] = "all"
    manual: ManualBody | None = None
    dataset: Annotated[StrictStr, Field(min_length=1, max_length=63)] | None = None
    warehouse: WarehouseBody = WarehouseBody()
    deletions: Literal["mark", "remove"] = "mark"
    full_listing_every: Length = "1d"
    schedule: ScheduleBody | None = None
    hooks: Annotated[bool, Field(strict=True, description="Whether the provider is asked to tell of changes.")] = False


class SourceEditBody(Body):
    """What to change; a field that is left out stays. A schedule of null means: by hand only."""

    name: Name | None = None
    credential_id: RowId | None = None
    streams: Annotated[list[StreamName], Field(max_length=200)] | Literal["all"] | None = None
    manual: ManualBody | None = None
    dataset: Annotated[StrictStr, Field(min_length=1, max_length=63)] | None = None
    warehouse: WarehouseBody | None = None
    deletions: Literal["mark", "remove"] | None = None
    full_listing_every: Length | None = None
    schedule: ScheduleBody | None = None
    hooks: Annotated[bool, Field(strict=True)] | None = None


@router.get("", summary="List sources", responses=answers())
async def list_sources(
    here: Here,
    _: Reader,
    response: Response,
    credential_id: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only of this credential.")] = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> list[SourceView]:
    """The sources in pages, each with its last run."""
    found, has_more = await flows.list_sources(here.flows, credential_id=credential_id, page=page, per_page=per_page)
    filters = {"credential_id": None if credential_id is None else str(credential_id)}
    address = f"{here.settings.public_url}/api/v1/sources"
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters=filters)
    return [show_source(source) for source in found]


@router.post("", status_code=201, summary="Add a source", responses=answers(404, 409))
async def create(here: Here, caller: Admin, body: NewSourceBody) -> SourceView:
    """Add a source; it runs when its schedule says so, or by hand."""
    new = flows.NewSource(
        name=body.name,
        credential_id=body.credential_id,
        streams=_streams(body.streams),
        manual=_manual(body.manual),
        dataset=body.dataset,
        warehouse=_warehouse(body.warehouse),
        deletions=body.deletions,
        full_listing_every=_length("full_listing_every", body.full_listing_every),
        schedule=_schedule(body.schedule),
        hooks=body.hooks,
    )
    return show_source(await flows.create(here.flows, caller.actor, new))


@router.get("/{source_id:id}", summary="Show a source", responses=answers(404))
async def show(here: Here, _: Reader, source_id: Id) -> SourceView:
    """One source, with its last run."""
    return show_source(await flows.get(here.flows, source_id))


@router.patch("/{source_id:id}", summary="Change a source", responses=answers(404, 409))
async def edit(here: Here, caller: Admin, source_id: Id, body: SourceEditBody) -> SourceView:
    """Change fields; refused while a run is under way."""
    read: dict[str, Any] = {
        "name": lambda: body.name,
        "credential_id": lambda: body.credential_id,
        "streams": lambda: _streams(body.streams or "all"),
        "manual": lambda: _manual(body.manual),
        "dataset": lambda: body.dataset,
        "warehouse": lambda: _warehouse(body.warehouse or WarehouseBody()),
        "deletions": lambda: body.deletions,
        "full_listing_every": lambda: _length("full_listing_every", body.full_listing_every or ""),
        "schedule": lambda: _schedule(body.schedule),
        "hooks": lambda: body.hooks,
    }
    given = {
        name: value()
        for name, value in read.items()
        if name in body.model_fields_set and (name in ("schedule", "manual") or getattr(body, name) is not None)
    }
    return show_source(await flows.change(here.flows, caller.actor, source_id, given))


@router.delete("/{source_id:id}", status_code=204, summary="Delete a source", responses=answers(404, 409))
async def delete(here: Here, caller: ProvedAdmin, source_id: Id) -> None:
    """Delete a source; its dataset and its runs stay. Refused while a run is under way."""
    await flows.delete(here.flows, caller.actor, source_id)


@router.post("/{source_id:id}/run", status_code=202, summary="Run a source", responses=answers(404, 409))
async def run(here: Here, caller: User, source_id: Id) -> BegunView:
    """Queue a run now; refused while one is under way."""
    return BegunView(run_id=(await flows.begin_run(here.flows, caller.actor, source_id)).id)


@router.post("/{source_id:id}/test", summary="Test a source", responses=answers(404))
async def test(here: Here, caller: User, source_id: Id) -> list[SampleView]:
    """Ask the provider now for the first records of each stream; nothing is written."""
    samples = await flows.sample(here.flows, caller.actor, source_id, _SAMPLE_ROWS)
    return [
        SampleView(stream=sample.stream, records=sample.records, error=show_trouble(sample.error)) for sample in samples
    ]


@router.post("/{source_id:id}/activate", summary="Activate a source", responses=answers(404))
async def activate(here: Here, caller: Admin, source_id: Id) -> SourceView:
    """Let a source run by its schedule."""
    return show_source(await flows.activate(here.flows, caller.actor, source_id))


@router.post("/{source_id:id}/pause", summary="Pause a source", responses=answers(404))
async def pause(here: Here, caller: Admin, source_id: Id) -> SourceView:
    """Let a source run by hand only."""
    return show_source(await flows.pause(here.flows, caller.actor, source_id))


def _streams(given: list[str] | Literal["all"]) -> tuple[str, ...] | None:
    return None if given == "all" else tuple(dict.fromkeys(given))


def _manual(body: ManualBody | None) -> flows.ManualRead | None:
    return None if body is None else flows.ManualRead(**body.model_dump())


def _warehouse(body: WarehouseBody) -> flows.WarehouseSpec:
    url = body.url.get_secret_value() if body.url else None
    return flows.WarehouseSpec(kind=body.type, path=body.path, url=url)


def _schedule(body: ScheduleBody | None) -> flows.Schedule | None:
    if body is None:
        return None
    every = _length("schedule.every", body.every) if body.every is not None else None
    return flows.Schedule(every=every, daily_at=body.daily_at, cron=body.cron, timezone=body.timezone)


def _length(field: str, text: str) -> timedelta:
    found = flows.parse_length(text)
    if found is None:
        raise InvalidInput(FieldError(field=field, message="Use a length such as 15m, 2h or 1d."))
    return found
