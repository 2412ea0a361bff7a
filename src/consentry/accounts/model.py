"""People, sessions and API keys as frozen values, and the rules that need nothing but values."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from consentry.audit import Actor
from consentry.errors import FieldError, NotAllowed

PersonId = NewType("PersonId", int)
SessionId = NewType("SessionId", int)
ApiKeyId = NewType("ApiKeyId", int)

KEY_PREFIX: Final = "csy_"
SESSION_IDLE: Final = timedelta(hours=12)
SESSION_LIFE: Final = timedelta(days=30)
PROOF_LIFE: Final = timedelta(minutes=15)
SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 1024

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


class KeyScope(StrEnum):
    """What an API key may do."""

    READ = "read"
    USE = "use"
    TOKEN = "token"
    ADMIN = "admin"


EVERY_SCOPE: Final = frozenset(KeyScope)


def with_included(scopes: Iterable[KeyScope]) -> frozenset[KeyScope]:
    """Return the scopes with those that they include: admin every other, use and token also read."""
    chosen = frozenset(scopes)
    if KeyScope.ADMIN in chosen:
        return EVERY_SCOPE
    return chosen | {KeyScope.READ} if chosen & {KeyScope.USE, KeyScope.TOKEN} else chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in; every person is an administrator."""

    id: PersonId
    email: str
    name: str
    created_at: datetime
    signed_in_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser in which a person has signed in."""

    id: SessionId
    person: Person
    csrf_token: str
    created_at: datetime
    seen_at: datetime
    proved_at: datetime  # when the password was last given

    def is_alive(self, now: datetime) -> bool:
        """Tell whether the session still stands: not idle for too long, and not too old."""
        return now - self.seen_at < SESSION_IDLE and now - self.created_at < SESSION_LIFE

    def is_proved(self, now: datetime) -> bool:
        """Tell whether the password was given a short while ago, as risky steps ask for."""
        return now - self.proved_at < PROOF_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key as everybody may see it: the key itself is not in it."""

    id: ApiKeyId
    name: str
    prefix: str  # its first characters, enough to recognise it
    scopes: frozenset[KeyScope]  # as they were given
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the key still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking, once that is known."""

    name: str  # such as "person:ada@example.com" or "key:nightly#3"
    scopes: frozenset[KeyScope]
    ip: str
    person: Person | None = None
    session: Session | None = None
    api_key: ApiKey | None = None

    @property
    def actor(self) -> Actor:
        """The caller as the audit trail names them."""
        return Actor(name=self.name, ip=self.ip)

    def require(self, scope: KeyScope) -> None:
        """Go on only when the caller has the scope; raise NotAllowed, which names it, otherwise."""
        if scope not in self.scopes:
            raise NotAllowed(
                f"This API key lacks the scope {scope.value}.",
                hint=f"Use an API key with the scope {scope.value}, or ask an administrator for one.",
            )


def caller_of_session(session: Session, ip: str) -> Caller:
    """Return the caller that a signed-in browser stands for."""
    name = f"person:{session.person.email}"
    return Caller(name=name, scopes=EVERY_SCOPE, ip=ip, person=session.person, session=session)


def caller_of_key(api_key: ApiKey, ip: str) -> Caller:
    """Return the caller that an API key stands for; the id keeps keys of one name apart in the trail."""
    name = f"key:{api_key.name}#{api_key.id}"
    return Caller(name=name, scopes=with_included(api_key.scopes), ip=ip, api_key=api_key)


def session_cookie(*, is_secure: bool) -> str:
    """Return the name of the cookie that carries a session's token, bound to the host where there is TLS."""
    return "__Host-consentry" if is_secure else "consentry"


def fingerprint(token: str) -> str:
    """Return the form in which session tokens and API keys are stored; they are random, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def canonical_email(email: str) -> str:
    """Return the form in which e-mail addresses are stored and compared."""
    return unicodedata.normalize("NFC", email).strip().casefold()


def has_control_characters(text: str) -> bool:
    """Tell whether a text holds what no name should: control characters or lone surrogates."""
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def check_name(name: str, field: str = "name") -> list[FieldError]:
    """Return what is wrong with a name that people read."""
    if not name.strip():
        return [FieldError(field=field, message="Enter a name.")]
    if len(name) > 100:
        return [FieldError(field=field, message="Use at most 100 characters.")]
    if has_control_characters(name):
        return [FieldError(field=field, message="Leave out line breaks and control characters.")]
    return []


def check_email(email: str) -> list[FieldError]:
    """Return what is wrong with an e-mail address."""
    email = canonical_email(email)
    if len(email) > 254 or has_control_characters(email) or not _EMAIL.fullmatch(email):
        return [FieldError(field="email", message="Enter an e-mail address such as ada@example.com.")]
    return []


def check_password(password: str, field: str = "password") -> list[FieldError]:
    """Return what is wrong with a new password."""
    if len(password) < SHORTEST_PASSWORD:
        return [FieldError(field=field, message=f"Use at least {SHORTEST_PASSWORD} characters; a sentence is fine.")]
    if len(password) > LONGEST_PASSWORD:
        return [FieldError(field=field, message=f"Use at most {LONGEST_PASSWORD} characters.")]
    if any(unicodedata.category(character) == "Cs" for character in password):
        return [FieldError(field=field, message="Some characters can't be read; type the password again.")]
    return []
