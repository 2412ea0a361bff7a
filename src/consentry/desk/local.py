"""The desk over the local home: asks the rooms directly."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from consentry import accounts, audit, credentials
from consentry.app import App
from consentry.audit import Action, Actor
from consentry.connectors import Account, Connector, SignedInClient
from consentry.core.pages import every
from consentry.core.secret import Secret
from consentry.credentials import Credential, CredentialEdit, IssuedToken, NewCredential
from consentry.desk.contract import (
    AccountView,
    ApiKeyView,
    Call,
    ConnectorView,
    CredentialView,
    EntryView,
    Lent,
    LinkView,
    NewApiKey,
    PersonView,
    Route,
    TestView,
    TokenView,
    UsedBy,
    UseView,
    VerdictView,
)
from consentry.desk.destination_contract import Destinations
from consentry.desk.flow_contract import Flows
from consentry.desk.local_destinations import LocalDestinations
from consentry.desk.local_flows import LocalFlows
from consentry.desk.naming import choose
from consentry.desk.runners import Runners
from consentry.errors import FieldError, InvalidInput, NotFound

HISTORY_LIMIT: Final = 50
LOOKED_AFTER_SECONDS: Final = 60.0


class LocalDesk:
    """Works on the home of this machine. The person who runs it may do everything, as they may read its files."""

    def __init__(self, app: App, actor: Actor, runners: Runners) -> None:
        self.app = app
        self.actor = actor
        self.place = f"the home {app.settings.home}"
        self.public_url = app.settings.public_url
        self._room = app.credentials
        self.flows: Flows = LocalFlows(app.flows, actor, runners)
        self.destinations: Destinations = LocalDestinations(app.flows, actor, runners)

    # --- credentials

    async def list_connectors(self) -> list[ConnectorView]:
        """Return what credentials can be made for."""
        return [ConnectorView(name=each.name, title=each.title) for each in self.app.catalogue.list()]

    async def list_credentials(
        self, *, connector: str | None = None, status: str | None = None, q: str | None = None
    ) -> list[CredentialView]:
        """Return every credential that fits."""
        chosen = choose(credentials.Status, status, "status")
        read = partial(credentials.list_credentials, self._room, connector=connector, status=chosen, q=q)
        return [self._view(each) for each in await every(read)]

    async def get(self, which: str | int) -> CredentialView:
        """Return one credential; raise NotFound, or Conflict when the name fits two."""
        return self._view(await self._find(which))

    async def create(self, new: NewCredential) -> CredentialView:
        """Add a credential; its connect link is in the answer."""
        created = await credentials.create(self._room, self.actor, new)
        return self._view(created, await self._link(created.id))

    async def edit(self, credential_id: int, edit: CredentialEdit) -> CredentialView:
        """Change a credential; the answer has a connect link when that needs consent."""
        edited = await credentials.edit(self._room, self.actor, credential_id, edit)
        return self._view(edited, await self._link(edited.id) if edited.pending_change else None)

    async def connect(self, credential_id: int) -> LinkView:
        """Make a fresh connect link."""
        link = await credentials.make_link(self._room, self.actor, credential_id)
        return LinkView(connect_url=link.url, expires_at=link.expires_at)

    async def copy(self, credential_id: int, name: str | None) -> CredentialView:
        """Copy a credential without its grant."""
        made = await credentials.copy(self._room, self.actor, credential_id, name)
        return self._view(made, await self._link(made.id))

    async def test(self, credential_id: int) -> TestView:
        """Ask the provider now."""
        result = await credentials.check(self._room, self.actor, credential_id)
        return TestView(
            status=result.status,
            detail=result.detail,
            hint=result.hint,
            account=_account(result.account),
            checked_at=result.checked_at,
        )

    async def token(self, credential_id: int, *, min_ttl: timedelta, force: bool) -> TokenView:
        """Return a fresh access token."""
        issued = await credentials.token(self._room, self.actor, credential_id, min_ttl=min_ttl, force=force)
        return TokenView(access_token=issued.access_token, expires_at=issued.expires_at, scope=issued.scope)

    async def delete(self, credential_id: int) -> None:
        """Withdraw the grant and shred the credential."""
        await credentials.delete(self._room, self.actor, credential_id)

    async def history(self, credential_id: int) -> list[EntryView]:
        """Return the newest entries of the audit trail that tell of a credential, newest first."""
        return await self.list_entries(credential_id=credential_id, action=None, q=None, limit=HISTORY_LIMIT)

    # --- lending

    def lend_at_once(self, credential_id: int) -> IssuedToken | None:
        """Return a fresh token when one is at hand, in microseconds, from any thread."""
        return credentials.cached_token(self._room, self.actor, credential_id)

    async def lend(self, credential_id: int) -> IssuedToken:
        """Return a fresh token, refreshing it first where needed."""
        return await credentials.token(self._room, self.actor, credential_id)

    async def lend_another(self, credential_id: int, refused: Lent) -> IssuedToken | None:
        """Return another token after the provider answered 401 to this one; None when asking again would not help."""
        if not isinstance(refused, IssuedToken):
            raise TypeError("a desk takes back only what it has lent")
        return await credentials.refuse_token(self._room, credential_id, refused)

    async def route(self, credential: CredentialView) -> Route:
        """Reach the provider's API straight, and count the calls here."""
        base_url = self.app.catalogue.get(credential.connector).base_url
        return Route(provider_url=base_url, base_url=base_url, meter=LocalMeter(self._room, credential.id))

    def connector(self, name: str) -> Connector:
        """Return what is known about an outside system."""
        return self.app.catalogue.get(name)

    async def signed_in(self, credential_id: int, *, wait: timedelta) -> SignedInClient:
        """Return a client that speaks to the provider straight."""
        credential = await credentials.get(self._room, credential_id)
        return credentials.SignedIn(self._room, self.actor, credential, wait=wait)

    # --- accounts

    async def create_api_key(self, name: str, scopes: Sequence[str], expires_at: datetime | None) -> NewApiKey:
        """Make an API key."""
        made, key = await accounts.create_api_key(
            self.app.accounts, self.actor, name=name, scopes=_scopes(scopes), expires_at=expires_at
        )
        return NewApiKey(view=_api_key(made), key=key)

    async def list_api_keys(self) -> list[ApiKeyView]:
        """Return every API key."""
        return [_api_key(each) for each in await every(partial(accounts.list_api_keys, self.app.accounts))]

    async def revoke_api_key(self, api_key_id: int) -> ApiKeyView:
        """Revoke an API key."""
        return _api_key(await accounts.revoke_api_key(self.app.accounts, self.actor, api_key_id))

    async def create_person(self, *, name: str, email: str, password: Secret) -> PersonView:
        """Add an administrator."""
        return _person(
            await accounts.create_person(self.app.accounts, self.actor, name=name, email=email, password=password)
        )

    async def list_people(self) -> list[PersonView]:
        """Return everybody who may sign in."""
        return [_person(each) for each in await every(partial(accounts.list_people, self.app.accounts))]

    async def set_disabled(self, person_id: int, *, disabled: bool) -> PersonView:
        """Shut a person out, or let them in again."""
        change = accounts.disable_person if disabled else accounts.enable_person
        return _person(await change(self.app.accounts, self.actor, person_id))

    async def set_password(self, person_id: int, password: Secret) -> None:
        """Give a person another password."""
        await accounts.set_password(self.app.accounts, self.actor, person_id, password)

    # --- audit

    async def list_entries(
        self, *, credential_id: int | None, action: str | None, q: str | None, limit: int
    ) -> list[EntryView]:
        """Return the newest entries that fit, newest first."""
        chosen = choose(Action, action, "action")

        async def read(page: int, per_page: int) -> tuple[list[audit.Entry], bool]:
            async with self.app.database.reading() as connection:
                return await audit.list_entries(
                    connection, credential_id=credential_id, action=chosen, q=q, page=page, per_page=per_page
                )

        return [_entry(each) for each in await every(read, at_most=limit)]

    async def verify(self) -> VerdictView:
        """Check the chain from its first entry on."""
        verdict = await audit.verify(self.app.database)
        return VerdictView(ok=verdict.ok, entries=verdict.entries, first_broken_id=verdict.first_broken_id)

    # --- inside

    async def _find(self, which: str | int) -> Credential:
        if isinstance(which, str):
            found = await credentials.find_by_name(self._room, which)
            if found is not None:
                return found
            if not which.isdecimal():
                raise NotFound(f"There is no credential named {which}.", hint="Look with consentry credential list.")
        return await credentials.get(self._room, int(which))

    async def _link(self, credential_id: int) -> str:
        return (await credentials.make_link(self._room, self.actor, credential_id)).url

    def _view(self, credential: Credential, connect_url: str | None = None) -> CredentialView:
        grant, pending = credential.grant, credential.pending_grant
        return CredentialView(
            id=credential.id,
            connector=credential.connector,
            name=credential.name,
            description=credential.description,
            created_by=credential.created_by,
            client_id=credential.client_id,
            redirect_uri=self.app.settings.redirect_uri,
            scope=credential.scope,
            granted_scope=grant.granted_scope if grant else "",
            status=credential.status.value,
            status_reason=credential.status_reason,
            status_since=credential.status_since,
            verified_status=credential.verified_status,
            verified_at=credential.verified_at,
            account=_account(grant.account) if grant else None,
            pending_account=_account(pending.account) if pending else None,
            pending_authorization=credential.pending_change,
            access_token_expires_at=grant.expires_at if grant else None,
            used_at=credential.used_at,
            used_by=_used_by(credential),
            created_at=credential.created_at,
            updated_at=credential.updated_at,
            connect_url=connect_url,
        )


class LocalMeter:
    """Counts calls on the budget of whoever gave consent, and looks now and then who that is."""

    def __init__(self, room: credentials.Room, credential_id: int) -> None:
        self._room = room
        self._id = credentials.CredentialId(credential_id)
        self._credential: Credential | None = None
        self._looked_at = 0.0

    @asynccontextmanager
    async def spend(self, wait: timedelta) -> AsyncIterator[Call]:
        """Begin a call; raise RateLimited when none is left within the wait."""
        now = self._room.clock.monotonic()
        if self._credential is None or now - self._looked_at > LOOKED_AFTER_SECONDS:
            self._credential, self._looked_at = await credentials.get(self._room, self._id), now
        limit = self._room.catalogue.get(self._credential.connector).rate_limit
        async with self._room.budgets.spend(credentials.budget_subject(self._credential), limit, wait=wait) as call:
            yield call


def _used_by(credential: Credential) -> UsedBy:
    def of(kind: str) -> tuple[UseView, ...]:
        return tuple(UseView(id=use.id, name=use.name) for use in credential.used_by if use.kind == kind)

    return UsedBy(sources=of("source"), destinations=of("destination"))


def _account(account: Account | None) -> AccountView | None:
    return AccountView(subdomain=account.subdomain, name=account.name, url=account.url) if account else None


def _api_key(key: accounts.ApiKey) -> ApiKeyView:
    return ApiKeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=tuple(sorted(scope.value for scope in key.scopes)),
        created_by=key.created_by,
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        used_at=key.used_at,
    )


def _person(person: accounts.Person) -> PersonView:
    return PersonView(
        id=person.id,
        email=person.email,
        name=person.name,
        created_at=person.created_at,
        signed_in_at=person.signed_in_at,
        disabled_at=person.disabled_at,
    )


def _entry(entry: audit.Entry) -> EntryView:
    return EntryView(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=str(entry.action),
        outcome=str(entry.outcome),
        credential_id=entry.credential_id,
        detail=entry.detail,
        ip=entry.ip,
    )


def _scopes(scopes: Sequence[str]) -> list[accounts.KeyScope]:
    try:
        return [accounts.KeyScope(scope) for scope in scopes]
    except ValueError:
        known = ", ".join(accounts.KeyScope)
        raise InvalidInput(FieldError(field="scopes", message=f"Choose among {known}.")) from None
