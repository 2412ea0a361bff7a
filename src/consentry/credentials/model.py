"""Credentials, grants and authorizations as frozen values, and the rules that need nothing but values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, NewType

from consentry.connectors import Account
from consentry.core.secret import Secret
from consentry.errors import Conflict

CredentialId = NewType("CredentialId", int)
GrantId = NewType("GrantId", int)
AuthorizationId = NewType("AuthorizationId", int)

LINK_LIFE: Final = timedelta(hours=1)
AUTHORIZATION_LIFE: Final = timedelta(minutes=10)
LONGEST_MARGIN: Final = timedelta(minutes=15)


class Status(StrEnum):
    """What can be said of a credential without asking the provider."""

    AUTHORIZATION_REQUIRED = "authorization_required"
    AUTHORIZED = "authorized"
    REFRESH_FAILING = "refresh_failing"
    REAUTHORIZATION_REQUIRED = "reauthorization_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """What a person enters to add a credential."""

    connector: str
    name: str
    client_id: str
    client_secret: Secret
    description: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialEdit:
    """What a person changes; None leaves a field as it is, and so does a blank client secret."""

    name: str | None = None
    description: str | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the provider issued, without the tokens themselves."""

    id: GrantId
    version: int
    client_id: str
    granted_scope: str
    has_refresh_token: bool
    issued_at: datetime
    refreshed_at: datetime
    expires_at: datetime
    account: Account | None

    @property
    def lifetime(self) -> timedelta:
        """How long the present access token lives in all."""
        return self.expires_at - self.refreshed_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An edit of client ID, secret or scope that waits for consent; until then the grant in use goes on without it."""

    client_id: str
    scope: str
    has_secret: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A source or destination that would break without the credential."""

    kind: Literal["source", "destination"]
    id: int
    name: str


class InUse(Conflict):
    """A source or destination depends on this credential."""

    code = "in_use"
    default_hint = "Delete or change what uses it first."

    def __init__(self, uses: tuple[Use, ...]) -> None:
        names = ", ".join(f"{use.kind} {use.name}" for use in uses)
        super().__init__(f"The credential is used by {names}.")
        self.uses = uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A credential as everybody may see it: no secret is in it."""

    id: CredentialId
    connector: str
    name: str
    description: str
    created_by: str
    client_id: str
    secret_version: int
    secret_hint: str  # the last characters of the client secret, or empty
    scope: str
    version: int
    status: Status
    status_reason: str
    status_code: str  # the stable code of the reason, such as "invalid_grant"; empty when all is well
    status_since: datetime
    verified_status: Literal["success", "failed"] | None
    verified_detail: str | None
    verified_at: datetime | None
    grant: Grant | None
    pending_grant: Grant | None  # consent that came from another upstream account, until somebody decides
    proposal: Proposal | None  # an edit that waits for consent
    failures: int
    refresh_at: datetime | None
    used_at: datetime | None
    used_by: tuple[Use, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def pending_change(self) -> bool:
        """Whether an edit of client ID, secret or scope waits for consent."""
        return self.proposal is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """As much of a credential as a refresh has to know, read in one look."""

    id: CredentialId
    connector: str
    client_id: str
    secret_version: int
    status: Status
    failures: int
    refresh_at: datetime | None
    lease_fence: int
    grant: Grant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectLink:
    """A one-time address with which consent can be given without an account here."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """What a connect link's page tells before anything leaves."""

    credential: Credential
    asked_by: str
    scope: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An authorization that has begun: send the browser on, with the cookie that binds it."""

    id: AuthorizationId
    authorize_url: str
    cookie_name: str
    cookie_value: Secret
    expires_at: datetime


AuthorizationStatus = Literal["begun", "taken", "connected", "pending_account", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """One attempt to get consent, as pages and API may see it."""

    id: AuthorizationId
    credential_id: CredentialId
    session_id: int | None
    status: AuthorizationStatus
    code: str  # the stable code of a failure
    detail: str
    hint: str
    return_to: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """An access token for who may have it."""

    access_token: Secret
    expires_at: datetime
    scope: str
    grant_id: GrantId
    grant_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What the provider said when it was asked now."""

    status: Literal["success", "failed"]
    detail: str
    hint: str
    account: Account | None
    checked_at: datetime


def margin(lifetime: timedelta) -> timedelta:
    """Return how long before its end a token is refreshed: 15 minutes, or a tenth of its life if that is less."""
    return min(LONGEST_MARGIN, lifetime / 10)


def wanted_life(lifetime: timedelta, asked: timedelta) -> timedelta:
    """Return the life a token must still have to be handed out without a refresh.

    More than the provider gives can't be had: a token that was refreshed a moment ago is then as good as it gets.
    """
    return max(margin(lifetime), min(asked, lifetime - margin(lifetime)))


def name_key(name: str) -> str:
    """Return the form in which names are compared."""
    return " ".join(name.split()).casefold()


def missing_scopes(asked: str, granted: str) -> tuple[str, ...]:
    """Return the scopes that were asked for and not granted."""
    return tuple(scope for scope in asked.split() if scope not in set(granted.split()))
