"""Entries of the audit trail in words. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consentry.audit import Action, Entry, Outcome
from consentry.web.moments import Moment, moment
from consentry.web.status import StatusWords

ACTIONS: Final[dict[str, str]] = {
    Action.CREDENTIAL_CREATE: "Credential added",
    Action.CREDENTIAL_EDIT: "Credential edited",
    Action.CREDENTIAL_COPY: "Credential copied",
    Action.CREDENTIAL_DELETE: "Credential deleted",
    Action.SECRET_REPLACE: "Client secret replaced",
    Action.LINK_CREATE: "Connect link made",
    Action.AUTHORIZATION_BEGIN: "Consent asked for",
    Action.AUTHORIZATION_COMPLETE: "Consent answered",
    Action.ACCOUNT_CONFIRM: "Other account decided on",
    Action.GRANT_REPLACE: "Grant replaced",
    Action.TOKEN_READ: "Access token read",
    Action.TOKEN_REFRESH: "Access token refreshed",
    Action.PROXY_USE: "Proxy used",
    Action.TEST: "Credential tested",
    Action.REVOKE: "Grant withdrawn at the provider",
    Action.SOURCE_CREATE: "Source added",
    Action.SOURCE_EDIT: "Source changed",
    Action.SOURCE_DELETE: "Source deleted",
    Action.SOURCE_RUN: "Run begun",
    Action.SOURCE_READ: "Source read",
    Action.DESTINATION_CREATE: "Destination added",
    Action.DESTINATION_EDIT: "Destination changed",
    Action.DESTINATION_DELETE: "Destination deleted",
    Action.DESTINATION_RUN: "Run begun",
    Action.DESTINATION_WRITE: "Destination written to",
    Action.RUN_CANCEL: "Run cancelled",
    Action.HOOK_CHECK: "Hooks looked after",
    Action.HOOK_SUBSCRIBE: "Hooks set up",
    Action.HOOK_REMOVE: "Hooks removed",
    Action.KEYSET_ROTATE: "Keyset rotated",
    Action.SIGN_IN: "Signed in",
    Action.SIGN_OUT: "Signed out",
    Action.PERSON_CREATE: "Person added",
    Action.PERSON_EDIT: "Person changed",
    Action.API_KEY_CREATE: "API key created",
    Action.API_KEY_REVOKE: "API key revoked",
}
_OUTCOMES: Final[dict[str, StatusWords]] = {
    Outcome.DONE: StatusWords(shape="ok", words="Done"),
    Outcome.REFUSED: StatusWords(shape="warn", words="Refused"),
    Outcome.FAILED: StatusWords(shape="bad", words="Failed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One line of the trail, as a template shows it."""

    id: int
    at: Moment
    words: str  # what was done
    outcome: StatusWords
    is_done: bool
    detail: str
    actor: str
    ip: str
    credential_id: int | None


def entry_view(entry: Entry, now: datetime) -> EntryView:
    """Return a line of the trail in words."""
    return EntryView(
        id=entry.id,
        at=moment(entry.at, now),
        words=ACTIONS.get(entry.action, entry.action),
        outcome=_OUTCOMES.get(entry.outcome) or StatusWords(shape="waiting", words=entry.outcome),
        is_done=entry.outcome == Outcome.DONE,
        detail=entry.detail,
        actor=actor_words(entry.actor),
        ip=entry.ip,
        credential_id=entry.credential_id,
    )


def actor_words(name: str) -> str:
    """Return an actor of the trail as people would call them."""
    kind, _, rest = name.partition(":")
    if name.startswith("link of "):
        return f"connect link of {actor_words(name.removeprefix('link of '))}"
    if kind == "person" and rest:
        return rest
    if kind == "key" and rest:
        return f"API key {rest.rpartition('#')[0] or rest}"
    return name.capitalize() if name == "consentry" else name
