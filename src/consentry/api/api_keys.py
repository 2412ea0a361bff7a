"""API keys: create, list, revoke. The key itself is in the answer that makes it, and nowhere else."""

from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import Field

from consentry import accounts
from consentry.accounts import KeyScope
from consentry.api.answers import answers
from consentry.api.callers import Admin, Here, ProvedAdmin
from consentry.api.fields import Body, Id, Moment, Name, PageNumber, PerPage
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute
from consentry.api.views import ApiKeyView, NewApiKeyView

router: Final = APIRouter(prefix="/api/v1/api-keys", tags=["API keys"], route_class=StrictRoute)


class NewApiKeyBody(Body):
    """An API key to make."""

    name: Name
    scopes: Annotated[list[KeyScope], Field(min_length=1, max_length=10)]
    expires_at: Moment | None = None


def show_api_key(api_key: accounts.ApiKey) -> ApiKeyView:
    """Return an API key as it is shown."""
    return ApiKeyView.model_validate(_facts(api_key))


def _facts(api_key: accounts.ApiKey) -> dict[str, object]:
    same = "id name prefix created_by created_at expires_at revoked_at used_at"
    return {field: getattr(api_key, field) for field in same.split()} | {"scopes": sorted(api_key.scopes)}


@router.get("", summary="List API keys", responses=answers())
async def list_api_keys(
    here: Here, _: Admin, response: Response, page: PageNumber = 1, per_page: PerPage = 50
) -> list[ApiKeyView]:
    """The API keys, the newest first, revoked ones too."""
    found, has_more = await accounts.list_api_keys(here.accounts, page=page, per_page=per_page)
    address = f"{here.settings.public_url}/api/v1/api-keys"
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters={})
    return [show_api_key(each) for each in found]


@router.post("", status_code=201, summary="Make an API key", responses=answers())
async def create(here: Here, caller: ProvedAdmin, body: NewApiKeyBody) -> NewApiKeyView:
    """Make an API key; to rotate one, make the next and revoke the old one when nobody uses it any more."""
    api_key, key = await accounts.create_api_key(
        here.accounts, caller.actor, name=body.name, scopes=body.scopes, expires_at=body.expires_at
    )
    return NewApiKeyView.model_validate(_facts(api_key) | {"key": key.reveal()})


@router.delete("/{api_key_id:id}", summary="Revoke an API key", responses=answers(404))
async def revoke(here: Here, caller: Admin, api_key_id: Id) -> ApiKeyView:
    """Revoke an API key at once and everywhere; it stays in the list."""
    return show_api_key(await accounts.revoke_api_key(here.accounts, caller.actor, api_key_id))
