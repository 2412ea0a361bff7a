"""The consent step: asks to authorize, begins an authorization, and tells the page how it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials
from consentry.credentials import Authorization, Begun, Credential
from consentry.errors import NotFound
from consentry.web.connector_view import ConnectorView
from consentry.web.cookies import FLOW_SECONDS
from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.origin import origin_of
from consentry.web.sayings import Saying, sayings_for
from consentry.web.status import account_name
from consentry.web.visit import SignedInVisit, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentPage(Page):
    """What will happen, the button, and then what is happening."""

    template: ClassVar[str] = "sheet.html"
    fragment: ClassVar[str] = "consent.html"
    section: ClassVar[Section] = "credentials"
    credential_id: int
    name: str
    connector: ConnectorView
    scope: str  # what will be asked for
    is_again: bool  # whether consent was given before
    return_to: str  # address to go back to
    sayings: tuple[Saying, ...]

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Authorize {self.name}"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the consent step."""
    return (
        door.for_people("/credentials/{id:int}/authorize", show),
        door.for_people("/credentials/{id:int}/authorize", begin, methods=["POST"]),
        door.for_people("/credentials/{id:int}/confirm-account", decide, methods=["POST"]),
        door.for_people("/authorizations/{id:int}", tell),
    )


async def show(visit: SignedInVisit) -> Response:
    """Show the consent step."""
    credential = await credentials.get(visit.app.credentials, visit.id)
    connector = visit.app.catalogue.get(credential.connector)
    asked = credential.proposal.scope if credential.proposal else credential.scope
    page = ConsentPage(
        credential_id=credential.id,
        name=credential.name,
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        scope=connector.scope_to_ask(asked),
        is_again=credential.grant is not None,
        return_to=visit.return_to(visit.query, f"/credentials/{credential.id}"),
        sayings=sayings_for(connector.provider),
    )
    return visit.show(page, form_targets=targets_of(connector.authorize_url))


def targets_of(authorize_url: str) -> str:
    """Return where the form of a full page may lead: to the provider, and over https to wherever it signs people in."""
    origin = origin_of(authorize_url)
    return "'self' https:" if origin.startswith("https:") else f"'self' https: {origin}"


async def begin(visit: SignedInVisit) -> Response:
    """Begin an authorization that only this session can complete; where a script asked, the pop-up leads there."""
    wanted = visit.form.text("return_to")
    return_to = visit.return_to(visit.form, f"/credentials/{visit.id}") if wanted else ""
    begun = await credentials.begin_in_session(
        visit.app.credentials, visit.actor, visit.session.id, visit.id, return_to
    )
    if visit.wants_json:
        words = {"authorization": begun.id, "authorize_url": begun.authorize_url}
        return bind(visit, visit.say(words), begun)
    return bind(visit, visit.go(begun.authorize_url), begun)


def bind(visit: Visit, answer: Response, begun: Begun) -> Response:
    """Bind this browser to an authorization."""
    visit.cookies.put(answer, begun.cookie_name, begun.cookie_value, seconds=FLOW_SECONDS)
    return answer


async def tell(visit: SignedInVisit) -> Response:
    """Tell the page how an authorization of this session goes."""
    authorization = await credentials.get_authorization(visit.app.credentials, visit.id)
    if authorization.session_id != visit.session.id:
        raise NotFound("There is no such authorization.")
    credential = await credentials.get(visit.app.credentials, authorization.credential_id)
    return visit.say(told(authorization, credential))


def told(authorization: Authorization, credential: Credential) -> dict[str, str | int]:
    """Return what the page's script is told; pure."""
    grant, pending = credential.grant, credential.pending_grant
    return {
        "status": authorization.status,
        "detail": authorization.detail,
        "hint": authorization.hint,
        "account": account_name(grant.account) if grant else "",
        "other_account": account_name(pending.account) if pending else "",
    }


async def decide(visit: SignedInVisit) -> Response:
    """Use the other account that gave consent, or keep the present one."""
    accept = visit.form.text("accept") == "yes"
    await credentials.confirm_account(visit.app.credentials, visit.actor, visit.id, accept=accept)
    if visit.wants_json:
        return visit.say({"accepted": accept})
    return visit.go(visit.url(f"/credentials/{visit.id}", done="account-replaced" if accept else "account-kept"))
