"""What can be asked at a desk, and the values it answers with: the same as the REST API's, field by field."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from consentry.connectors import Connector, SignedInClient
from consentry.core.secret import Secret
from consentry.credentials import CredentialEdit, NewCredential
from consentry.desk.destination_contract import Destinations
from consentry.desk.flow_contract import Flows


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """The account at the provider that gave consent."""

    subdomain: str | None = None
    name: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseView:
    """A source or destination that uses a credential."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedBy:
    """Who would break without a credential."""

    sources: tuple[UseView, ...] = ()
    destinations: tuple[UseView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialView:
    """A credential as everybody may see it."""

    id: int
    connector: str
    name: str
    description: str = ""
    created_by: str = ""
    client_id: str
    redirect_uri: str
    scope: str
    granted_scope: str = ""
    status: str
    status_reason: str = ""
    status_since: datetime
    verified_status: str | None = None
    verified_at: datetime | None = None
    account: AccountView | None = None
    pending_account: AccountView | None = None
    pending_authorization: bool = False
    access_token_expires_at: datetime | None = None
    used_at: datetime | None = None
    used_by: UsedBy = field(default_factory=UsedBy)
    created_at: datetime
    updated_at: datetime
    connect_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A one-time address with which consent can be given."""

    connect_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TestView:
    """What the provider said when it was asked now."""

    __test__ = False  # not a test, whatever a collector makes of its name

    status: str
    detail: str
    hint: str
    account: AccountView | None = None
    checked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """An access token for who may have it."""

    access_token: Secret
    expires_at: datetime
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorView:
    """An outside system for which credentials can be made."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyView:
    """An API key without the key itself."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_by: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """An API key that was just made, with the key, which nobody shows again."""

    view: ApiKeyView
    key: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """Somebody who may sign in."""

    id: int
    email: str
    name: str
    created_at: datetime
    signed_in_at: datetime | None = None
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One line of the audit trail."""

    id: int
    at: datetime
    actor: str
    action: str
    outcome: str
    credential_id: int | None = None
    detail: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """Whether the chain of the audit trail holds."""

    ok: bool
    entries: int
    first_broken_id: int | None = None


class Credentials(Protocol):
    """What a desk does with credentials. ``which`` is a name or an id."""

    async def list_connectors(self) -> list[ConnectorView]:
        """Return what credentials can be made for."""

    async def list_credentials(
        self, *, connector: str | None = None, status: str | None = None, q: str | None = None
    ) -> list[CredentialView]:
        """Return every credential that fits."""

    async def get(self, which: str | int) -> CredentialView:
        """Return one credential; raise NotFound, or Conflict when the name fits two."""

    async def create(self, new: NewCredential) -> CredentialView:
        """Add a credential; its connect link is in the answer."""

    async def edit(self, credential_id: int, edit: CredentialEdit) -> CredentialView:
        """Change a credential; the answer has a connect link when that needs consent."""

    async def connect(self, credential_id: int) -> LinkView:
        """Make a fresh connect link."""

    async def copy(self, credential_id: int, name: str | None) -> CredentialView:
        """Copy a credential without its grant."""

    async def test(self, credential_id: int) -> TestView:
        """Ask the provider now."""

    async def token(self, credential_id: int, *, min_ttl: timedelta, force: bool) -> TokenView:
        """Return a fresh access token."""

    async def delete(self, credential_id: int) -> None:
        """Withdraw the grant and shred the credential."""

    async def history(self, credential_id: int) -> list[EntryView]:
        """Return the newest entries of the audit trail that tell of a credential, newest first."""


class Lent(Protocol):
    """A token that the desk lends for a request. It knows more about it than it shows."""

    @property
    def access_token(self) -> Secret:
        """The token itself."""


class Call(Protocol):
    """A call that counts on a rate budget."""

    def learn(self, status: int, header: Callable[[str], str | None]) -> None:
        """Take in what the answer says about the budget."""


class Meter(Protocol):
    """Counts the calls of one credential on the budget of its upstream user."""

    def spend(self, wait: timedelta) -> AbstractAsyncContextManager[Call]:
        """Begin a call; raise RateLimited when none is left within the wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a provider's API is reached: straight with a token, or through a server that attaches the token itself."""

    provider_url: str  # the provider's own address: where a token may be sent
    base_url: str
    pass_key: Lent | None = None  # what the server wants to see; None means straight
    meter: Meter | None = None  # None leaves the rate budget to the server


class Lending(Protocol):
    """What the library needs to send requests with a credential."""

    def lend_at_once(self, credential_id: int) -> Lent | None:
        """Return a fresh token when one is at hand, in microseconds, from any thread."""

    async def lend(self, credential_id: int) -> Lent:
        """Return a fresh token, refreshing it first where needed."""

    async def lend_another(self, credential_id: int, refused: Lent) -> Lent | None:
        """Return another token after the provider answered 401 to this one; None when asking again would not help."""

    async def route(self, credential: CredentialView) -> Route:
        """Return how the provider's API is reached from here."""

    def connector(self, name: str) -> Connector:
        """Return what is known about an outside system; raise NotFound when this release doesn't know it."""

    async def signed_in(self, credential_id: int, *, wait: timedelta) -> SignedInClient:
        """Return a client for the credential's API; a call waits so long for the rate budget."""


class Accounts(Protocol):
    """What a desk does with API keys and people."""

    async def create_api_key(self, name: str, scopes: Sequence[str], expires_at: datetime | None) -> NewApiKey:
        """Make an API key."""

    async def list_api_keys(self) -> list[ApiKeyView]:
        """Return every API key."""

    async def revoke_api_key(self, api_key_id: int) -> ApiKeyView:
        """Revoke an API key."""

    async def create_person(self, *, name: str, email: str, password: Secret) -> PersonView:
        """Add an administrator."""

    async def list_people(self) -> list[PersonView]:
        """Return everybody who may sign in."""

    async def set_disabled(self, person_id: int, *, disabled: bool) -> PersonView:
        """Shut a person out, or let them in again."""

    async def set_password(self, person_id: int, password: Secret) -> None:
        """Give a person another password."""


class AuditTrail(Protocol):
    """What a desk tells of the audit trail."""

    async def list_entries(
        self, *, credential_id: int | None, action: str | None, q: str | None, limit: int
    ) -> list[EntryView]:
        """Return the newest entries that fit, newest first."""

    async def verify(self) -> VerdictView:
        """Check the chain from its first entry on."""


class Desk(Credentials, Lending, Accounts, AuditTrail, Protocol):
    """Everything together, and where it stands."""

    place: str
    public_url: str

    @property
    def flows(self) -> Flows:
        """Where it deals with sources and runs."""

    @property
    def destinations(self) -> Destinations:
        """Where it deals with destinations and their rows."""
