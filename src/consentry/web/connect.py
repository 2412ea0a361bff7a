"""The connect link: whom one is about to connect and for whom; its button binds the browser and leads on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials
from consentry.connectors import Scope
from consentry.web.connector_view import ConnectorView
from consentry.web.consent import bind, targets_of
from consentry.web.door import Door
from consentry.web.frame import Page
from consentry.web.moments import Moment, moment
from consentry.web.trail import actor_words
from consentry.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectPage(Page):
    """Who asks for consent, to what, and on which Consentry, before anything leaves."""

    template: ClassVar[str] = "connect.html"
    connector: ConnectorView
    asked_by: str
    credential_name: str
    scopes: tuple[Scope, ...]  # what will be asked for, with its meaning where it is known
    client_id: str
    public_url: str
    expires_at: Moment
    path: str  # where the button leads, the link itself

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Connect {self.connector.title}"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of a connect link.

    Its POST needs no form token: the address is itself a secret, and a browser's request from any other page is
    refused by its origin. So the link also serves people who open it with curl.
    """
    return (
        door.for_all("/connect/{token}", show),
        door.for_all("/connect/{token}", begin, methods=["POST"], form_token=False),
    )


async def show(visit: Visit) -> Response:
    """Show what a connect link asks for."""
    visit.app.accounts.consents.take(visit.ip)
    token = _token(visit)
    link = await credentials.look_at_link(visit.app.credentials, token)
    connector = visit.app.catalogue.get(link.credential.connector)
    meanings = {scope.name: scope for scope in connector.oauth.scopes}
    page = ConnectPage(
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        asked_by=actor_words(link.asked_by),
        credential_name=link.credential.name,
        scopes=tuple(meanings.get(name) or Scope(name=name, meaning="") for name in link.scope.split()),
        client_id=link.credential.client_id,
        public_url=visit.app.settings.public_url,
        expires_at=moment(link.expires_at, visit.now),
        path=f"/connect/{token}",
    )
    return visit.show(page, form_targets=targets_of(connector.authorize_url))


async def begin(visit: Visit) -> Response:
    """Use up the link, bind this browser, and lead it to the provider."""
    visit.app.accounts.consents.take(visit.ip)
    begun = await credentials.begin_by_link(visit.app.credentials, _token(visit), visit.ip)
    return bind(visit, visit.go(begun.authorize_url), begun)


def _token(visit: Visit) -> str:
    """Return the link's token; raise TooManyAttempts when one address looks at very many links."""
    visit.app.accounts.consents.take(visit.ip)
    return str(visit.request.path_params["token"])
