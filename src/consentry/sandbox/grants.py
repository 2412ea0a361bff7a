"""What the sandbox's authorization server remembers: codes, grants, access and refresh tokens (RFC 6749, 7009).

Every method is one step under one lock, so two refreshes that arrive together are told apart.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from consentry.core.clock import Clock
from consentry.core.ids import Randomness
from consentry.sandbox.accounts import User
from consentry.sandbox.knobs import Knobs
from consentry.sandbox.pkce import Challenge


class Refused(Exception):
    """The server says no, with an error code of RFC 6749."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(slots=True, kw_only=True)
class Grant:
    """One consent of one user to one application, with the tokens that came from it."""

    id: int
    client_id: str
    user: User
    scope: tuple[str, ...]
    created_at: datetime
    access: dict[str, "AccessToken"] = field(default_factory=dict, repr=False)
    refresh: dict[str, "RefreshToken"] = field(default_factory=dict, repr=False)
    refreshes: int = 0
    ended: str | None = None


@dataclass(slots=True, kw_only=True)
class AccessToken:
    """An access token's scope and end."""

    scope: tuple[str, ...]
    expires_at: datetime


@dataclass(slots=True, kw_only=True)
class RefreshToken:
    """A refresh token's state: replaced ones are remembered, so that their reuse is noticed."""

    expires_at: datetime | None
    replaced_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Code:
    """What one authorisation code stands for."""

    client_id: str
    user: User
    redirect_uri: str
    scope: tuple[str, ...]
    challenge: Challenge | None
    expires_at: datetime
    grant_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The tokens of one successful call."""

    grant: Grant
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    scope: tuple[str, ...]
    expires_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who stands behind a valid access token, and what it may do."""

    grant: Grant
    scope: tuple[str, ...]


class Grants:
    """All codes, grants and tokens of a world."""

    def __init__(self, *, clock: Clock, randomness: Randomness, knobs: Callable[[], Knobs]) -> None:
        self._clock = clock
        self._randomness = randomness
        self._knobs = knobs
        self._lock = threading.RLock()
        self._codes: dict[str, Code] = {}
        self._grants: dict[int, Grant] = {}
        self._by_access: dict[str, int] = {}
        self._by_refresh: dict[str, int] = {}
        self._inactive: set[str] = set()
        self.reuses_detected = 0

    def all(self) -> tuple[Grant, ...]:
        """Return every grant there ever was, oldest first."""
        with self._lock:
            return tuple(self._grants.values())

    # -- codes

    def issue_code(
        self, *, client_id: str, user: User, redirect_uri: str, scope: tuple[str, ...], challenge: Challenge | None
    ) -> str:
        """Make a code for a consent that was just given."""
        code = self._randomness.token(24)
        with self._lock:
            self._codes[code] = Code(
                client_id=client_id,
                user=user,
                redirect_uri=redirect_uri,
                scope=scope,
                challenge=challenge,
                expires_at=self._clock.now() + timedelta(seconds=self._knobs().code_seconds),
            )
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str | None, verifier: str | None) -> Issued:
        """Exchange a code for tokens, once; a second use ends what the first one gave. Raises Refused."""
        with self._lock:
            known = self._codes.get(code)
            if known is None or known.client_id != client_id:
                raise Refused("invalid_grant", "The code is unknown.")
            if known.grant_id is not None:
                # RFC 6749 section 4.1.2: whoever comes second may be a thief, so nobody keeps anything.
                self.end(known.grant_id, "a code was used twice")
                raise Refused("invalid_grant", "The code was used before; what it gave is revoked.")
            self._check_code(known, redirect_uri, verifier)
            if self._knobs().reauthorisation == "ends_earlier":
                self._end_all_of(client_id, known.user.username, "a new consent replaced it")
            grant = self._new_grant(known)
            known.grant_id = grant.id
            return self._issue(grant, grant.scope, with_refresh=True)

    def _check_code(self, code: Code, redirect_uri: str | None, verifier: str | None) -> None:
        if code.expires_at <= self._clock.now():
            raise Refused("invalid_grant", "The code has expired.")
        if redirect_uri is None and self._knobs().redirect_uri_again == "required":
            raise Refused("invalid_request", "redirect_uri is missing.")
        if redirect_uri is not None and redirect_uri != code.redirect_uri:
            raise Refused("invalid_grant", "redirect_uri differs from the one of the authorise request.")
        if code.challenge is None and verifier is not None:
            # RFC 9700 section 2.1.1: a verifier without a challenge smells of a stripped request.
            raise Refused("invalid_grant", "code_verifier was sent, but the authorise request had no code_challenge.")
        if code.challenge is not None and (verifier is None or not code.challenge.accepts(verifier)):
            raise Refused("invalid_grant", "code_verifier doesn't match the code_challenge.")
        if code.user.username in self._inactive:
            raise Refused("invalid_grant", "The user is no longer active.")

    def _new_grant(self, code: Code) -> Grant:
        grant = Grant(
            id=len(self._grants) + 1,
            client_id=code.client_id,
            user=code.user,
            scope=code.scope,
            created_at=self._clock.now(),
        )
        self._grants[grant.id] = grant
        return grant

    # -- tokens

    def refresh(self, token: str, *, client_id: str, scope: tuple[str, ...] | None) -> Issued:
        """Exchange a refresh token for new tokens; the reuse of a replaced one ends the grant. Raises Refused."""
        with self._lock:
            grant = self._grants.get(self._by_refresh.get(token, 0))
            if grant is None or grant.client_id != client_id:
                raise Refused("invalid_grant", "The refresh token is unknown.")
            if grant.ended is not None or grant.user.username in self._inactive:
                raise Refused("invalid_grant", "The grant was revoked.")
            state = grant.refresh[token]
            self._check_refresh(grant, state)
            wanted = grant.scope if scope is None else scope
            if not set(wanted) <= set(grant.scope):
                raise Refused("invalid_scope", "The scope goes beyond what was granted.")
            rotates = self._knobs().rotation != "keep"
            if rotates and state.replaced_at is None:
                state.replaced_at = self._clock.now()
            grant.refreshes += 1
            return self._issue(grant, wanted, with_refresh=rotates)

    def _check_refresh(self, grant: Grant, state: RefreshToken) -> None:
        now = self._clock.now()
        if state.expires_at is not None and state.expires_at <= now:
            raise Refused("invalid_grant", "The refresh token has expired.")
        if state.replaced_at is None:
            return
        grace = timedelta(seconds=self._knobs().grace_seconds)
        if self._knobs().rotation == "rotate_with_grace" and now < state.replaced_at + grace:
            return
        self.reuses_detected += 1
        self.end(grant.id, "a replaced refresh token was used again")
        raise Refused("invalid_grant", "The refresh token was replaced before; its grant is revoked.")

    def _issue(self, grant: Grant, scope: tuple[str, ...], *, with_refresh: bool) -> Issued:
        now, knobs = self._clock.now(), self._knobs()
        access = self._randomness.token(32)
        grant.access[access] = AccessToken(scope=scope, expires_at=now + timedelta(seconds=knobs.access_token_seconds))
        self._by_access[access] = grant.id
        refresh = None
        if with_refresh:
            refresh = self._randomness.token(32)
            life = knobs.refresh_token_seconds
            grant.refresh[refresh] = RefreshToken(expires_at=None if life is None else now + timedelta(seconds=life))
            self._by_refresh[refresh] = grant.id
        return Issued(
            grant=grant, access_token=access, refresh_token=refresh, scope=scope, expires_in=knobs.access_token_seconds
        )

    def find_access(self, token: str) -> Access | None:
        """Return who stands behind an access token, or None if it is unknown, expired, revoked or of a lost user."""
        with self._lock:
            grant = self._grants.get(self._by_access.get(token, 0))
            if grant is None or grant.ended is not None or grant.user.username in self._inactive:
                return None
            state = grant.access[token]
            if state.expires_at <= self._clock.now():
                return None
            return Access(grant=grant, scope=state.scope)

    # -- ends

    def revoke_token(self, token: str, *, client_id: str) -> None:
        """Revoke by token as RFC 7009 says: an unknown one is fine, one of another application is Refused."""
        with self._lock:
            grant_id = self._by_access.get(token) or self._by_refresh.get(token)
            if grant_id is None:
                return
            grant = self._grants[grant_id]
            if grant.client_id != client_id:
                raise Refused("unauthorized_client", "The token belongs to another application.")
            match self._knobs().revoke_reach:
                case "token":
                    self._forget_token(grant, token)
                case "grant":
                    self.end(grant.id, "revoked by the application")
                case "application":
                    self._end_all_of(client_id, grant.user.username, "revoked by the application")

    def _forget_token(self, grant: Grant, token: str) -> None:
        grant.access.pop(token, None)
        grant.refresh.pop(token, None)
        self._by_access.pop(token, None)
        self._by_refresh.pop(token, None)

    def end(self, grant_id: int, reason: str) -> None:
        """End a grant with all its tokens; raises KeyError for an unknown one. The first reason stays."""
        with self._lock:
            grant = self._grants[grant_id]
            grant.ended = grant.ended or reason

    def end_of_user(self, username: str) -> int:
        """End every living grant of a user, as they can do in their preferences; return how many."""
        with self._lock:
            return self._end_those(
                (grant for grant in self._grants.values() if grant.user.username == username),
                "withdrawn by the user",
            )

    def _end_all_of(self, client_id: str, username: str, reason: str) -> int:
        chosen = (g for g in self._grants.values() if g.client_id == client_id and g.user.username == username)
        return self._end_those(chosen, reason)

    def _end_those(self, grants: Iterable[Grant], reason: str) -> int:
        living = [grant for grant in grants if grant.ended is None]
        for grant in living:
            grant.ended = reason
        return len(living)

    def expire_access(self, token: str | None = None) -> int:
        """Let one access token, or every one, expire now; return how many did."""
        now = self._clock.now()
        with self._lock:
            expired = 0
            for grant in self._grants.values():
                for value, state in grant.access.items():
                    if (token is None or value == token) and state.expires_at > now:
                        state.expires_at = now
                        expired += 1
            return expired

    def set_active(self, username: str, *, active: bool) -> None:
        """Deactivate a user, which silences all their tokens, or bring them back."""
        with self._lock:
            if active:
                self._inactive.discard(username)
            else:
                self._inactive.add(username)

    def is_active(self, username: str) -> bool:
        """Tell whether this user may still do anything."""
        return username not in self._inactive
