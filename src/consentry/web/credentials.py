"""The list of credentials: tiles, search, and the way to a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials
from consentry.credentials import Status
from consentry.web.choices import Choice, choices, pages_around
from consentry.web.connector_view import ConnectorView
from consentry.web.door import Door
from consentry.web.first_visit import FirstVisit, first_steps
from consentry.web.frame import Page, Section
from consentry.web.tiles import CredentialTile, credential_tile
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 48
_STATUSES: Final = {
    Status.AUTHORIZED.value: "Connected",
    Status.AUTHORIZATION_REQUIRED.value: "Waiting for consent",
    Status.REFRESH_FAILING.value: "Refresh failing",
    Status.REAUTHORIZATION_REQUIRED.value: "Authorize again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsPage(Page):
    """Every credential, or those that a search found."""

    template: ClassVar[str] = "credentials.html"
    section: ClassVar[Section] = "credentials"
    tiles: tuple[CredentialTile, ...]
    q: str  # what was searched for
    statuses: tuple[Choice, ...]
    newer: str  # address of the page before this one, or empty
    older: str  # address of the page after this one, or empty
    only_connector: str  # the name of the connector, where there is but one to add a credential for
    first_visit: FirstVisit | None  # instead of tiles while there is no credential

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Credentials"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the list, and of the root, which leads to it."""
    return (door.for_people("/", lead_home), door.for_people("/credentials", show))


async def lead_home(visit: SignedInVisit) -> Response:
    """Lead to what people come for."""
    return visit.go(visit.url("/credentials"))


async def show(visit: SignedInVisit) -> Response:
    """Show credentials, searched and by page."""
    q, status = visit.query.text("q").strip()[:200], visit.query.text("status")
    page = max(1, visit.query.number("page") or 1)
    found, has_more = await credentials.list_credentials(
        visit.app.credentials, status=status or None, q=q or None, page=page, per_page=PER_PAGE
    )
    connectors = visit.app.catalogue.list()
    newer, older = pages_around(visit.url("/credentials"), {"q": q, "status": status}, page, has_more=has_more)
    is_empty = not found and not q and not status and page == 1
    context = CredentialsPage(
        tiles=tuple(tile_of(visit, credential) for credential in found),
        q=q,
        statuses=choices(_STATUSES, status),
        newer=newer,
        older=older,
        only_connector=connectors[0].name if len(connectors) == 1 else "",
        first_visit=await first_steps(visit) if is_empty else None,
    )
    return visit.show(context)


def tile_of(visit: SignedInVisit, credential: credentials.Credential) -> CredentialTile:
    """Return the tile of a credential."""
    connector = visit.app.catalogue.get(credential.connector)
    view = ConnectorView.of(connector, visit.app.settings.public_url)
    return credential_tile(credential, view, visit.now)
