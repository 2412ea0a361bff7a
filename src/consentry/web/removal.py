"""Deleting a credential: asked first, and the password with it when it was last given a while ago."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import accounts, credentials
from consentry.errors import Conflict, ConsentryError, InvalidInput, TooManyAttempts
from consentry.web.connector_view import ConnectorView
from consentry.web.deletion import DeletePage
from consentry.web.door import Door
from consentry.web.fields import Field, filled
from consentry.web.frame import Section
from consentry.web.mishaps import errors_of, status_of, words_of
from consentry.web.visit import SignedInVisit

PASSWORD = Field(
    name="password",
    label="Password",
    id="proof",
    required=True,
    secret=True,
    max_length=1024,
    help="Asked for because you gave it more than 15 minutes ago.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCredentialPage(DeletePage):
    """The question before a credential is deleted, with the password where it has to be given again."""

    fragment: ClassVar[str] = "credential_delete.html"
    section: ClassVar[Section] = "credentials"
    what: ClassVar[str] = "credential"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of deleting."""
    return (
        door.for_people("/credentials/{id:int}/delete", show),
        door.for_people("/credentials/{id:int}/delete", delete, methods=["POST"]),
    )


async def show(visit: SignedInVisit) -> Response:
    """Ask before deleting."""
    return visit.show(await _page(visit, None))


async def delete(visit: SignedInVisit) -> Response:
    """Delete the credential."""
    try:
        await prove_if_needed(visit)
        await credentials.delete(visit.app.credentials, visit.actor, visit.id)
    except (Conflict, InvalidInput, TooManyAttempts) as error:
        return visit.show(await _page(visit, error), status_of(error))
    return visit.go(visit.url("/credentials", done="deleted"))


async def prove_if_needed(visit: SignedInVisit) -> None:
    """Hold a risky step to a password that was given a short while ago; raise InvalidInput or TooManyAttempts."""
    if not visit.session.is_proved(visit.now):
        await accounts.prove(visit.app.accounts, visit.session, visit.form.secret("password"), visit.ip)


async def _page(visit: SignedInVisit, error: ConsentryError | None) -> DeleteCredentialPage:
    credential = await credentials.get(visit.app.credentials, visit.id)
    connector = visit.app.catalogue.get(credential.connector)
    errors = errors_of(error)
    message, hint = words_of(error)
    asked = () if visit.session.is_proved(visit.now) else (PASSWORD,)
    return DeleteCredentialPage(
        id=credential.id,
        name=credential.name,
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        fields=filled(asked, {}, errors),
        message=message,
        hint=hint,
    )
