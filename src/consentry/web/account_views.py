"""API keys and people as pages show them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consentry.accounts import ApiKey, KeyScope, Person
from consentry.web.moments import Moment, moment
from consentry.web.status import StatusWords
from consentry.web.trail import actor_words

SCOPES: Final[dict[KeyScope, str]] = {
    KeyScope.READ: "List and show credentials, sources and runs.",
    KeyScope.USE: "Use the proxy, test credentials and run sources. Includes read.",
    KeyScope.TOKEN: "Read access tokens. Includes read.",
    KeyScope.ADMIN: "Everything, people and keys included.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """An API key, without the key itself."""

    id: int
    name: str
    prefix: str
    scopes: str
    state: StatusWords
    can_be_revoked: bool
    created_at: Moment
    created_by: str
    expires_at: Moment | None
    used_at: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """Somebody who may sign in."""

    id: int
    name: str
    email: str
    state: StatusWords
    is_disabled: bool
    is_you: bool
    signed_in_at: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChoice:
    """One scope that a new key may have."""

    name: str
    meaning: str
    is_chosen: bool


def key_view(key: ApiKey, now: datetime) -> KeyView:
    """Return what the page shows of an API key."""
    return KeyView(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=", ".join(scope.value for scope in KeyScope if scope in key.scopes),
        state=_key_state(key, now),
        can_be_revoked=key.revoked_at is None,
        created_at=moment(key.created_at, now),
        created_by=actor_words(key.created_by),
        expires_at=moment(key.expires_at, now) if key.expires_at else None,
        used_at=moment(key.used_at, now) if key.used_at else None,
    )


def _key_state(key: ApiKey, now: datetime) -> StatusWords:
    if key.revoked_at is not None:
        return StatusWords(shape="waiting", words="Revoked")
    return StatusWords(shape="ok", words="Valid") if key.is_valid(now) else StatusWords(shape="warn", words="Expired")


def person_view(person: Person, you: Person, now: datetime) -> PersonView:
    """Return what the page shows of a person."""
    disabled = person.disabled_at is not None
    return PersonView(
        id=person.id,
        name=person.name,
        email=person.email,
        state=StatusWords(shape="waiting", words="Disabled") if disabled else StatusWords(shape="ok", words="Enabled"),
        is_disabled=disabled,
        is_you=person.id == you.id,
        signed_in_at=moment(person.signed_in_at, now) if person.signed_in_at else None,
    )
