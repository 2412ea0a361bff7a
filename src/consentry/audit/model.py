"""Who did what to which credential, and how it ended. The values; the chain is in the store."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person, an API key, the owner of a connect link, or Consentry itself."""

    name: str  # such as "person:ada@example.com", "key:nightly", "link", "consentry"
    ip: str = ""


CONSENTRY: Final = Actor(name="consentry")


class Action(StrEnum):
    """What can stand in the trail."""

    CREDENTIAL_CREATE = "credential.create"
    CREDENTIAL_EDIT = "credential.edit"
    CREDENTIAL_COPY = "credential.copy"
    CREDENTIAL_DELETE = "credential.delete"
    SECRET_REPLACE = "credential.secret.replace"
    LINK_CREATE = "authorization.link.create"
    AUTHORIZATION_BEGIN = "authorization.begin"
    AUTHORIZATION_COMPLETE = "authorization.complete"
    ACCOUNT_CONFIRM = "authorization.account.confirm"
    GRANT_REPLACE = "grant.replace"
    TOKEN_READ = "token.read"
    TOKEN_REFRESH = "token.refresh"
    PROXY_USE = "proxy.use"
    TEST = "credential.test"
    REVOKE = "grant.revoke"
    SOURCE_CREATE = "source.create"
    SOURCE_EDIT = "source.edit"
    SOURCE_DELETE = "source.delete"
    SOURCE_RUN = "source.run"
    SOURCE_READ = "source.read"
    DESTINATION_CREATE = "destination.create"
    DESTINATION_EDIT = "destination.edit"
    DESTINATION_DELETE = "destination.delete"
    DESTINATION_RUN = "destination.run"
    DESTINATION_WRITE = "destination.write"
    RUN_CANCEL = "run.cancel"
    HOOK_CHECK = "hook.check"
    HOOK_SUBSCRIBE = "hook.subscribe"
    HOOK_REMOVE = "hook.remove"
    KEYSET_ROTATE = "keyset.rotate"
    SIGN_IN = "person.sign_in"
    SIGN_OUT = "person.sign_out"
    PERSON_CREATE = "person.create"
    PERSON_EDIT = "person.edit"
    API_KEY_CREATE = "api_key.create"
    API_KEY_REVOKE = "api_key.revoke"


class Outcome(StrEnum):
    """How it ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the trail, as it is kept."""

    id: int
    at: datetime
    actor: str
    action: Action | str  # a text that is no action was put there by somebody else
    outcome: Outcome | str
    credential_id: int | None
    detail: str
    ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying the chain found."""

    ok: bool
    entries: int  # that are as they were written
    first_broken_id: int | None  # the entry that was changed, or is missing
    head: str  # the hash of the last good entry: noted elsewhere, it also shows whether later ones were cut off
