"""Credentials: add, list, show, change, copy, authorize again, test, delete, and their history."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field, StrictBool

from consentry import audit, credentials
from consentry.api.answers import answers
from consentry.api.callers import Admin, Here, ProvedAdmin, Reader, User
from consentry.api.fields import (
    Body,
    ClientId,
    ClientSecret,
    Description,
    Id,
    KeptClientSecret,
    Name,
    PageNumber,
    PerPage,
    ScopeText,
    Search,
)
from consentry.api.lists import link_next
from consentry.api.routing import StrictRoute
from consentry.api.views import (
    CheckView,
    CredentialView,
    CredentialWithLinkView,
    EntryView,
    LinkView,
    show_account,
    show_credential,
    show_with_link,
)
from consentry.connectors import list_names
from consentry.core.secret import Secret

router: Final = APIRouter(prefix="/api/v1/credentials", tags=["credentials"], route_class=StrictRoute)
ConnectorName = Annotated[str | None, Query(max_length=100, pattern=r"^[a-z0-9_]*$", description="Only of this one.")]


class NewCredentialBody(Body):
    """A credential to add."""

    connector: Annotated[Name, Field(examples=list_names()[:1])]
    name: Name
    description: Description = ""
    client_id: ClientId
    client_secret: ClientSecret
    scope: ScopeText = ""


class CredentialEditBody(Body):
    """What to change; a field that is left out or null stays, and so does the secret when it is blank."""

    name: Name | None = None
    description: Description | None = None
    client_id: ClientId | None = None
    client_secret: KeptClientSecret | None = None
    scope: ScopeText | None = None


class CopyBody(Body):
    """The name of the copy; without one it is made from the name of the original."""

    name: Name | None = None


class DecisionBody(Body):
    """Whether the other upstream account takes the place of the present one."""

    accept: StrictBool


@router.get("", summary="List credentials", responses=answers())
async def list_credentials(
    here: Here,
    _: Reader,
    response: Response,
    connector: ConnectorName = None,
    status: Annotated[credentials.Status | None, Query(description="Only with this status.")] = None,
    q: Search = None,
    page: PageNumber = 1,
    per_page: PerPage = 50,
) -> list[CredentialView]:
    """The credentials in pages, with the address of the next page in `Link`."""
    found, has_more = await credentials.list_credentials(
        here.credentials, connector=connector, status=status, q=q, page=page, per_page=per_page
    )
    address = f"{here.settings.public_url}/api/v1/credentials"
    filters = {"connector": connector, "status": status, "q": q}
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters=filters)
    return [show_credential(each, here.settings.redirect_uri) for each in found]


@router.post("", status_code=201, summary="Add a credential", responses=answers(404, 409))
async def create(here: Here, caller: Admin, body: NewCredentialBody) -> CredentialWithLinkView:
    """Add a credential, and get the link with which consent is given."""
    new = credentials.NewCredential(
        connector=body.connector,
        name=body.name,
        description=body.description,
        client_id=body.client_id,
        client_secret=Secret(body.client_secret.get_secret_value()),
        scope=body.scope,
    )
    created = await credentials.create(here.credentials, caller.actor, new)
    link = await credentials.make_link(here.credentials, caller.actor, created.id)
    return show_with_link(created, here.settings.redirect_uri, link.url)


@router.get("/{credential_id:id}", summary="Show a credential", responses=answers(404))
async def show(here: Here, _: Reader, credential_id: Id) -> CredentialView:
    """One credential."""
    found = await credentials.get(here.credentials, credentials.CredentialId(credential_id))
    return show_credential(found, here.settings.redirect_uri)


@router.patch("/{credential_id:id}", summary="Change a credential", responses=answers(404, 409, 502, 504))
async def edit(here: Here, caller: Admin, credential_id: Id, body: CredentialEditBody) -> CredentialWithLinkView:
    """Change fields. A new secret alone is tried at once; a new client ID or scope waits for consent."""
    secret = body.client_secret.get_secret_value().strip() if body.client_secret else ""
    change = credentials.CredentialEdit(
        name=body.name,
        description=body.description,
        client_id=body.client_id,
        client_secret=Secret(secret) if secret else None,
        scope=body.scope,
    )
    chosen = credentials.CredentialId(credential_id)
    edited = await credentials.edit(here.credentials, caller.actor, chosen, change)
    link = None
    if edited.pending_change:
        link = await credentials.make_link(here.credentials, caller.actor, chosen)
    return show_with_link(edited, here.settings.redirect_uri, link.url if link else None)


@router.delete("/{credential_id:id}", status_code=204, summary="Delete a credential", responses=answers(404, 409))
async def delete(here: Here, caller: ProvedAdmin, credential_id: Id) -> None:
    """Withdraw the grant at the provider, and shred what is sealed here; refused while something uses it."""
    await credentials.delete(here.credentials, caller.actor, credentials.CredentialId(credential_id))


@router.post("/{credential_id:id}/connect", status_code=201, summary="Make a connect link", responses=answers(404))
async def connect(here: Here, caller: Admin, credential_id: Id) -> LinkView:
    """Make a fresh link that asks for consent: absolute, for one hour and one use."""
    link = await credentials.make_link(here.credentials, caller.actor, credentials.CredentialId(credential_id))
    return LinkView(connect_url=link.url, expires_at=link.expires_at)


@router.post("/{credential_id:id}/test", summary="Test a credential", responses=answers(404))
async def test(here: Here, caller: User, credential_id: Id) -> CheckView:
    """Ask the provider now whether the credential works."""
    result = await credentials.check(here.credentials, caller.actor, credentials.CredentialId(credential_id))
    return CheckView(
        status=result.status,
        detail=result.detail,
        hint=result.hint,
        account=show_account(result.account),
        checked_at=result.checked_at,
    )


@router.post("/{credential_id:id}/confirm-account", summary="Decide on another account", responses=answers(404, 409))
async def confirm_account(here: Here, caller: Admin, credential_id: Id, body: DecisionBody) -> CredentialView:
    """Accept or refuse the other upstream account that gave consent last."""
    chosen = credentials.CredentialId(credential_id)
    decided = await credentials.confirm_account(here.credentials, caller.actor, chosen, accept=body.accept)
    return show_credential(decided, here.settings.redirect_uri)


@router.post("/{credential_id:id}/copy", status_code=201, summary="Copy a credential", responses=answers(404, 409))
async def copy(here: Here, caller: Admin, credential_id: Id, body: CopyBody | None = None) -> CredentialWithLinkView:
    """Copy a credential, client secret included, without its grant."""
    chosen = credentials.CredentialId(credential_id)
    copied = await credentials.copy(here.credentials, caller.actor, chosen, body.name if body else None)
    link = await credentials.make_link(here.credentials, caller.actor, copied.id)
    return show_with_link(copied, here.settings.redirect_uri, link.url)


@router.get("/{credential_id:id}/audit", summary="Show a credential's history", responses=answers(404))
async def history(
    here: Here, _: Reader, response: Response, credential_id: Id, page: PageNumber = 1, per_page: PerPage = 50
) -> list[EntryView]:
    """Who did what with the credential, the newest first."""
    found = await credentials.get(here.credentials, credentials.CredentialId(credential_id))
    async with here.database.reading() as connection:
        entries, has_more = await audit.list_entries(connection, credential_id=found.id, page=page, per_page=per_page)
    address = f"{here.settings.public_url}/api/v1/credentials/{credential_id}/audit"
    link_next(response, address, page=page, per_page=per_page, has_more=has_more, filters={})
    return [EntryView.model_validate(entry) for entry in entries]
