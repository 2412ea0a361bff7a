"""The desk over a server: asks its REST API with an API key."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import msgspec

from consentry.connectors import Catalogue, Connector, SignedInClient
from consentry.core.secret import Secret
from consentry.credentials import CredentialEdit, NewCredential, name_key
from consentry.desk.contract import (
    ApiKeyView,
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
    VerdictView,
)
from consentry.desk.destination_contract import Destinations
from consentry.desk.flow_contract import Flows
from consentry.desk.naming import only_one
from consentry.desk.proxied import Proxied
from consentry.desk.remote_destinations import RemoteDestinations
from consentry.desk.remote_flows import RemoteFlows
from consentry.desk.wire import API, TIMEOUT_SECONDS, Wire, given, read

HISTORY_LIMIT: Final = 50
KEPT_SECONDS: Final = 60.0  # so long at most after the server has withdrawn a token, this process still lends it
SPARE: Final = timedelta(seconds=30)


class _Token(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    expires_at: datetime
    scope: str = ""


class _Base(msgspec.Struct, frozen=True, kw_only=True):
    base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _PassKey:
    access_token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    token: TokenView
    until: float


class _NewApiKey(msgspec.Struct, frozen=True, kw_only=True):
    key: str


class RemoteDesk:
    """Works on a server. What may be done depends on the scopes of the API key."""

    def __init__(self, url: str, api_key: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self.place = f"the server {url}"
        self.public_url = url
        self._pass_key = _PassKey(access_token=Secret(api_key))
        self._kept: dict[int, _Kept] = {}
        self._catalogue = Catalogue.load()
        self._wire = Wire(url, api_key, timeout=timeout)
        self.flows: Flows = RemoteFlows(self._wire)
        self.destinations: Destinations = RemoteDestinations(self._wire)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._wire.close()

    # --- credentials

    async def list_connectors(self) -> list[ConnectorView]:
        """Return what credentials can be made for."""
        return await self._wire.every("/connectors", ConnectorView, {})

    async def list_credentials(
        self, *, connector: str | None = None, status: str | None = None, q: str | None = None
    ) -> list[CredentialView]:
        """Return every credential that fits."""
        return await self._wire.every(
            "/credentials", CredentialView, {"connector": connector, "status": status, "q": q}
        )

    async def get(self, which: str | int) -> CredentialView:
        """Return one credential; raise NotFound, or Conflict when the name fits two."""
        if isinstance(which, str):
            wanted = name_key(which)
            named = [each for each in await self.list_credentials(q=which) if name_key(each.name) == wanted]
            if (credential := only_one(named, "credential", which)) is not None:
                return credential
        return await self._wire.ask("GET", f"/credentials/{int(which)}", CredentialView)

    async def create(self, new: NewCredential) -> CredentialView:
        """Add a credential; its connect link is in the answer."""
        fields = {
            "connector": new.connector,
            "name": new.name,
            "description": new.description,
            "client_id": new.client_id,
            "client_secret": new.client_secret.reveal(),
            "scope": new.scope,
        }
        return await self._wire.ask("POST", "/credentials", CredentialView, fields)

    async def edit(self, credential_id: int, edit: CredentialEdit) -> CredentialView:
        """Change a credential; the answer has a connect link when that needs consent."""
        fields = {
            "name": edit.name,
            "description": edit.description,
            "client_id": edit.client_id,
            "client_secret": edit.client_secret.reveal() if edit.client_secret else None,
            "scope": edit.scope,
        }
        return await self._wire.ask("PATCH", f"/credentials/{credential_id}", CredentialView, given(fields))

    async def connect(self, credential_id: int) -> LinkView:
        """Make a fresh connect link."""
        return await self._wire.ask("POST", f"/credentials/{credential_id}/connect", LinkView)

    async def copy(self, credential_id: int, name: str | None) -> CredentialView:
        """Copy a credential without its grant."""
        return await self._wire.ask("POST", f"/credentials/{credential_id}/copy", CredentialView, given({"name": name}))

    async def test(self, credential_id: int) -> TestView:
        """Ask the provider now."""
        return await self._wire.ask("POST", f"/credentials/{credential_id}/test", TestView)

    async def token(self, credential_id: int, *, min_ttl: timedelta, force: bool) -> TokenView:
        """Return a fresh access token."""
        wish = {"min_ttl_seconds": int(min_ttl.total_seconds()), "force_refresh": force}
        issued = await self._wire.ask("POST", f"/credentials/{credential_id}/token", _Token, wish)
        return TokenView(access_token=Secret(issued.access_token), expires_at=issued.expires_at, scope=issued.scope)

    async def delete(self, credential_id: int) -> None:
        """Withdraw the grant and shred the credential."""
        await self._wire.send("DELETE", f"/credentials/{credential_id}")

    async def history(self, credential_id: int) -> list[EntryView]:
        """Return the newest entries of the audit trail that tell of a credential, newest first."""
        return await self._wire.every(f"/credentials/{credential_id}/audit", EntryView, {}, at_most=HISTORY_LIMIT)

    # --- lending

    def lend_at_once(self, credential_id: int) -> TokenView | None:
        """Return the token that the server gave a moment ago, while it is surely fresh."""
        kept = self._kept.get(credential_id)
        if kept is None or time.monotonic() >= kept.until or datetime.now(UTC) >= kept.token.expires_at - SPARE:
            return None
        return kept.token

    async def lend(self, credential_id: int) -> TokenView:
        """Return a fresh token, and keep it for a short while."""
        return self._keep(credential_id, await self.token(credential_id, min_ttl=timedelta(0), force=False))

    async def lend_another(self, credential_id: int, refused: Lent) -> TokenView | None:
        """Return another token after a 401 to this one: the server's present one, else one that it refreshes now."""
        self._kept.pop(credential_id, None)
        present = await self.token(credential_id, min_ttl=timedelta(0), force=False)
        if present.access_token == refused.access_token:
            present = await self.token(credential_id, min_ttl=timedelta(0), force=True)
        return self._keep(credential_id, present) if present.access_token != refused.access_token else None

    async def route(self, credential: CredentialView) -> Route:
        """Reach the provider's API through the server, which attaches the token and keeps the rate budget."""
        return Route(
            provider_url=(await self._wire.ask("GET", f"/connectors/{credential.connector}", _Base)).base_url,
            base_url=f"{self.public_url}{API}/credentials/{credential.id}/proxy",
            pass_key=self._pass_key,
        )

    def connector(self, name: str) -> Connector:
        """Return what this release knows about an outside system."""
        return self._catalogue.get(name)

    async def signed_in(self, credential_id: int, *, wait: timedelta) -> SignedInClient:
        """Return a client that goes through the server's proxy."""
        connector = self.connector((await self.get(credential_id)).connector)
        return Proxied(self._wire, connector, credential_id, wait=wait)

    def _keep(self, credential_id: int, token: TokenView) -> TokenView:
        self._kept[credential_id] = _Kept(token=token, until=time.monotonic() + KEPT_SECONDS)
        return token

    # --- accounts

    async def create_api_key(self, name: str, scopes: Sequence[str], expires_at: datetime | None) -> NewApiKey:
        """Make an API key."""
        fields = {"name": name, "scopes": list(scopes), "expires_at": expires_at}
        body = (await self._wire.send("POST", "/api-keys", given(fields))).content
        return NewApiKey(view=read(body, ApiKeyView), key=Secret(read(body, _NewApiKey).key))

    async def list_api_keys(self) -> list[ApiKeyView]:
        """Return every API key."""
        return await self._wire.every("/api-keys", ApiKeyView, {})

    async def revoke_api_key(self, api_key_id: int) -> ApiKeyView:
        """Revoke an API key."""
        return await self._wire.ask("DELETE", f"/api-keys/{api_key_id}", ApiKeyView)

    async def create_person(self, *, name: str, email: str, password: Secret) -> PersonView:
        """Add an administrator."""
        fields = {"name": name, "email": email, "password": password.reveal()}
        return await self._wire.ask("POST", "/people", PersonView, fields)

    async def list_people(self) -> list[PersonView]:
        """Return everybody who may sign in."""
        return await self._wire.every("/people", PersonView, {})

    async def set_disabled(self, person_id: int, *, disabled: bool) -> PersonView:
        """Shut a person out, or let them in again."""
        return await self._wire.ask("PATCH", f"/people/{person_id}", PersonView, {"disabled": disabled})

    async def set_password(self, person_id: int, password: Secret) -> None:
        """Give a person another password."""
        await self._wire.send("PATCH", f"/people/{person_id}", {"password": password.reveal()})

    # --- audit

    async def list_entries(
        self, *, credential_id: int | None, action: str | None, q: str | None, limit: int
    ) -> list[EntryView]:
        """Return the newest entries that fit, newest first."""
        if credential_id is None:
            return await self._wire.every("/audit", EntryView, {"action": action, "q": q}, at_most=limit)
        own = await self._wire.every(f"/credentials/{credential_id}/audit", EntryView, {})
        return [each for each in own if _fits(each, action, q)][:limit]

    async def verify(self) -> VerdictView:
        """Check the chain from its first entry on."""
        return await self._wire.ask("GET", "/audit/verdict", VerdictView)


def _fits(entry: EntryView, action: str | None, q: str | None) -> bool:
    """Choose among the entries of one credential as the server chooses among all."""
    texts = (entry.actor, entry.action, entry.outcome, entry.detail, entry.ip)
    return action in (None, entry.action) and (not q or any(q.casefold() in text.casefold() for text in texts))
