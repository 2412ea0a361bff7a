"""Uploads: files that rows come from, taken as they are, piece by piece."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field

from consentry import flows
from consentry.api.answers import answers
from consentry.api.bodies import pour
from consentry.api.callers import Here, User
from consentry.api.fields import View
from consentry.api.routing import RawRoute
from consentry.errors import TooLarge

router: Final = APIRouter(prefix="/api/v1/uploads", tags=["uploads"], route_class=RawRoute)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, no form. At most 200 MB.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}, "example": "email,name\nada@example.com,Ada\n"}
            for kind in ("application/octet-stream", "text/csv")
        },
    }
}
FileName = Annotated[
    str,
    Query(
        min_length=1,
        max_length=300,
        description="The file's name; its end says what it is: .csv, .tsv, .jsonl, .ndjson, .json or .parquet.",
        examples=["people.csv"],
    ),
]


class UploadView(View):
    """A file that was uploaded; it is kept for 30 days after it was used last."""

    id: int
    name: str
    size: int
    file: str = Field(description="How a destination's rows name it.")
    created_at: datetime


@router.post("", status_code=201, summary="Upload a file", responses=answers(), openapi_extra=_BODY)
async def create(here: Here, caller: User, request: Request, name: FileName) -> UploadView:
    """Keep a file for rows to come from; the answer's `file` goes into a destination's `rows`."""
    _check_length(request)
    upload = await flows.put_upload(here.flows, caller.actor, name, _pieces(request))
    return UploadView.model_validate(upload)


def _check_length(request: Request) -> None:
    """Refuse what says itself that it is too large, before it is sent."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > flows.LARGEST_UPLOAD:
        raise TooLarge(f"A file of no more than {flows.LARGEST_UPLOAD // 1024**2} MB is taken.")


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    async for piece in pour(b"", request.receive):
        if piece:
            yield piece
