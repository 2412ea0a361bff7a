"""The audit trail: list it, and verify its chain."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from consentry import audit
from consentry.api.answers import answers
from consentry.api.callers import Here, Reader
from consentry.api.fields import PageNumber, PerPage, Search
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute
from consentry.api.views import EntryView, VerdictView

router: Final = APIRouter(prefix="/api/v1/audit", tags=["audit"], route_class=StrictRoute)


@router.get("", summary="List the trail", responses=answers())
async def list_entries(
    here: Here,
    _: Reader,
    response: Response,
    action: Annotated[audit.Action | None, Query(description="Only this action.")] = None,
    q: Search = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> list[EntryView]:
    """Who did what, the newest first."""
    async with here.database.reading() as connection:
        entries, has_more = await audit.list_entries(connection, action=action, q=q, page=page, per_page=per_page)
    address = f"{here.settings.public_url}/api/v1/audit"
    filters = {"action": action, "q": q}
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters=filters)
    return [EntryView.model_validate(entry) for entry in entries]


@router.get("/verdict", summary="Verify the trail", responses=answers())
async def verdict(here: Here, _: Reader) -> VerdictView:
    """Walk the whole chain, and say whether anything was changed or taken out."""
    return VerdictView.model_validate(await audit.verify(here.database))
