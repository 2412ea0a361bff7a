"""The rows of a destination's run: their outcomes page by page or as CSV, and trying some of them again."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import StreamingResponse

from consentry import flows
from consentry.api.answers import answers
from consentry.api.callers import Here, Reader, User
from consentry.api.fields import Body, Id, PageNumber, PerPage
from consentry.api.flow_views import BegunView
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute
from consentry.api.row_views import RowView, show_row
from consentry.errors import FieldError, InvalidInput

router: Final = APIRouter(prefix="/api/v1/runs", tags=["rows"], route_class=StrictRoute)
_CSV: Final = "text/csv"
_LINES: Final = "application/x-ndjson"
_QUALITY: Final = re.compile(r";\s*q\s*=\s*([0-9.]+)")
_SHOWN_AS_CSV: Final[dict[str, Any]] = {
    "description": "The rows; as CSV with ?format=csv or Accept: text/csv, all of them at once, and so as JSON lines.",
    "content": {_CSV: {"schema": {"type": "string"}}, _LINES: {"schema": {"type": "string"}}},
}

Outcome = Annotated[flows.RowOutcome | None, Query(description="Only with this outcome.")]
Format = Annotated[
    Literal["json", "jsonl", "csv"] | None,
    Query(description="Without it, what the header Accept asks for; JSON in pages otherwise."),
]


class MendedRowBody(Body):
    """A row with other values than it had."""

    row: Annotated[int, Field(strict=True, ge=1, le=2**63 - 1)]
    values: Annotated[dict[str, Any], Field(max_length=2000, description="By column; all that the row is to hold.")]


class RetryBody(Body):
    """Rows that were mended; the others are tried again as they were."""

    rows: Annotated[list[MendedRowBody], Field(max_length=flows.MOST_INLINE)] = Field(default_factory=list)


@router.get(
    "/{run_id:id}/rows",
    summary="List the rows of a run",
    response_model=list[RowView],
    responses={**answers(404), 200: _SHOWN_AS_CSV},
)
async def list_rows(
    here: Here,
    _: Reader,
    request: Request,
    run_id: Id,
    outcome: Outcome = None,
    format: Format = None,  # noqa: A002 - the parameter's name is the API's
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> Response:
    """The rows in pages, each with its outcome, its errors and its values; or all of them as CSV or as JSON lines.

    In CSV a cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    found, has_more = await flows.list_rows(here.flows, run_id, outcome=outcome, page=page, per_page=per_page)
    if format == "csv" or (format is None and _wants_csv(request.headers.get("accept", ""))):
        disposition = f'attachment; filename="run-{run_id}-rows.csv"'
        pieces = flows.export_rows(here.flows, run_id, outcome)
        return StreamingResponse(pieces, media_type=_CSV, headers={"Content-Disposition": disposition})
    if format == "jsonl":
        return StreamingResponse(_lines(flows.iterate_rows(here.flows, run_id, outcome)), media_type=_LINES)
    response = JSONResponse([show_row(each).model_dump(mode="json") for each in found])
    address = f"{here.settings.public_url}/api/v1/runs/{run_id}/rows"
    filters = {"outcome": outcome.value if outcome else None}
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters=filters)
    return response


@router.post("/{run_id:id}/retry", status_code=202, summary="Try rows again", responses=answers(404, 409))
async def retry(here: Here, caller: User, run_id: Id, body: RetryBody | None = None) -> BegunView:
    """Queue a run of the rows that this one refused, failed at or never came to, some of them mended."""
    mended: dict[int, dict[str, Any]] = {}
    for place, each in enumerate(body.rows if body else ()):
        if each.row in mended:
            raise InvalidInput(FieldError(field=f"rows.{place}.row", message="This row is given twice."))
        mended[each.row] = each.values
    return BegunView(run_id=(await flows.retry(here.flows, caller.actor, run_id, mended)).id)


async def _lines(rows: AsyncIterator[flows.RowResult]) -> AsyncIterator[str]:
    async for row in rows:
        yield show_row(row).model_dump_json() + "\n"


def _wants_csv(accept: str) -> bool:
    """Tell whether CSV is asked for by name and is liked at least as well as JSON (RFC 9110 §12.5.1)."""
    liked = {part.partition(";")[0].strip().lower(): _liking(part) for part in accept.split(",")}
    return liked.get(_CSV, 0.0) > liked.get("application/json", 0.0)


def _liking(part: str) -> float:
    found = _QUALITY.search(part)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0
