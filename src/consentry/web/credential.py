"""One credential: its state, the life of its grant, its facts, its history, and all that can be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import audit, credentials
from consentry.audit import Action, Entry, Outcome
from consentry.credentials import ConnectLink, Credential, Status
from consentry.web.connector_view import ConnectorView
from consentry.web.credential_form import secret_words
from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.life import Event, Life, draw_life
from consentry.web.moments import Moment, moment
from consentry.web.status import StatusWords, account_name, status_words
from consentry.web.trail import EntryView, actor_words, entry_view
from consentry.web.visit import SignedInVisit

_HISTORY: Final = 12
_EVENTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOnce:
    """A connect link that was just made; it is shown this once."""

    url: str
    expires_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLink:
    """A source or destination that uses the credential."""

    kind: str
    name: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was entered, what was granted, and where it is used."""

    client_id: str
    secret_words: str  # that a client secret is set, never which
    scope: str  # as it is asked for
    granted_scope: str
    expires_at: Moment | None  # of the access token
    used_at: Moment | None
    uses: tuple[UseLink, ...]
    created_at: Moment
    owner: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialPage(Page):
    """Everything that can be told of one credential."""

    template: ClassVar[str] = "credential.html"
    section: ClassVar[Section] = "credentials"
    id: int
    name: str
    description: str
    base: str  # path of this page, under which its actions live
    connector: ConnectorView
    status: StatusWords
    status_since: Moment
    needs_consent: bool  # whether the next move is to authorize
    had_consent: bool  # whether consent was given before
    account: str  # the account in use, or empty
    account_url: str
    pending_account: str  # the account that gave consent and waits for a decision, or empty
    missing_scopes: tuple[str, ...]  # asked for, and not granted
    checked_at: Moment | None  # the last test
    check_failed: bool
    check_detail: str
    life: Life | None  # of the grant, where there is one
    history: tuple[EntryView, ...]
    facts: Facts
    link: LinkOnce | None

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.name


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of one credential."""
    base = "/credentials/{id:int}"
    return (
        door.for_people(base, show),
        door.for_people(f"{base}/test", test, methods=["POST"]),
        door.for_people(f"{base}/copy", copy, methods=["POST"]),
        door.for_people(f"{base}/link", make_link, methods=["POST"]),
    )


async def show(visit: SignedInVisit) -> Response:
    """Show the credential."""
    return visit.show(await _page(visit, None))


async def test(visit: SignedInVisit) -> Response:
    """Ask the provider now."""
    result = await credentials.check(visit.app.credentials, visit.actor, visit.id)
    if visit.wants_json:
        return visit.say({"status": result.status, "detail": result.detail, "hint": result.hint})
    return visit.go(visit.url(f"/credentials/{visit.id}"))


async def copy(visit: SignedInVisit) -> Response:
    """Copy the credential, and show the copy."""
    new = await credentials.copy(visit.app.credentials, visit.actor, visit.id, None)
    return visit.go(visit.url(f"/credentials/{new.id}", done="copied"))


async def make_link(visit: SignedInVisit) -> Response:
    """Make a connect link, and show it this once."""
    link = await credentials.make_link(visit.app.credentials, visit.actor, visit.id)
    return visit.show(await _page(visit, link))


async def _page(visit: SignedInVisit, link: ConnectLink | None) -> CredentialPage:
    credential = await credentials.get(visit.app.credentials, visit.id)
    async with visit.app.database.reading() as connection:
        entries, _ = await audit.list_entries(connection, credential_id=credential.id, per_page=_HISTORY)
        refreshes, _ = await audit.list_entries(
            connection, credential_id=credential.id, action=Action.TOKEN_REFRESH, per_page=_EVENTS
        )
    return credential_page(visit, credential, entries, _events(refreshes), link)


def _events(entries: Sequence[Entry]) -> list[Event]:
    return [Event(at=entry.at, succeeded=entry.outcome == Outcome.DONE) for entry in entries]


def credential_page(
    visit: SignedInVisit,
    credential: Credential,
    entries: Sequence[Entry],
    events: Sequence[Event],
    link: ConnectLink | None,
) -> CredentialPage:
    """Put together what the page shows."""
    now = visit.now
    connector = visit.app.catalogue.get(credential.connector)
    grant = credential.grant
    account = grant.account if grant else None
    scope = connector.scope_to_ask(credential.scope)
    return CredentialPage(
        id=credential.id,
        name=credential.name,
        description=credential.description,
        base=f"/credentials/{credential.id}",
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        status=status_words(credential, connector.provider, now),
        status_since=moment(credential.status_since, now),
        needs_consent=credential.status in (Status.AUTHORIZATION_REQUIRED, Status.REAUTHORIZATION_REQUIRED)
        or credential.pending_change,
        had_consent=grant is not None or credential.status is Status.REAUTHORIZATION_REQUIRED,
        account=account_name(account),
        account_url=(account.url or "") if account else "",
        pending_account=_pending_account(credential),
        missing_scopes=credentials.missing_scopes(scope, grant.granted_scope) if grant else (),
        checked_at=moment(credential.verified_at, now) if credential.verified_at else None,
        check_failed=credential.verified_status == "failed",
        check_detail=credential.verified_detail or "",
        life=_life(visit, credential, events),
        history=tuple(entry_view(entry, now) for entry in entries),
        facts=_facts(credential, scope, visit.app.settings.redirect_uri, now),
        link=LinkOnce(url=link.url, expires_at=moment(link.expires_at, now)) if link else None,
    )


def _facts(credential: Credential, scope: str, redirect_uri: str, now: datetime) -> Facts:
    grant = credential.grant
    return Facts(
        client_id=credential.client_id,
        secret_words=secret_words(credential),
        scope=scope,
        granted_scope=grant.granted_scope if grant else "",
        expires_at=moment(grant.expires_at, now) if grant else None,
        used_at=moment(credential.used_at, now) if credential.used_at else None,
        uses=tuple(UseLink(kind=use.kind, name=use.name, path=f"/{use.kind}s/{use.id}") for use in credential.used_by),
        created_at=moment(credential.created_at, now),
        owner=actor_words(credential.created_by),
        redirect_uri=redirect_uri,
    )


def _pending_account(credential: Credential) -> str:
    if credential.pending_grant is None:
        return ""
    return account_name(credential.pending_grant.account) or "one with no name"


def _life(visit: SignedInVisit, credential: Credential, events: Sequence[Event]) -> Life | None:
    if credential.grant is None:
        return None
    return draw_life(
        issued_at=credential.grant.issued_at,
        expires_at=credential.grant.expires_at,
        refresh_at=credential.refresh_at,
        events=events,
        now=visit.now,
        is_ending=credential.status is Status.REAUTHORIZATION_REQUIRED,
    )
