"""The credential's life: consent, a token that is always fresh, and the way out. Use cases take the room first."""

from consentry.credentials.access import cached_token, refuse_token, token
from consentry.credentials.authorize import (
    begin_in_session,
    complete,
    confirm_account,
    cookie_name,
    get_authorization,
    is_its_browser,
)
from consentry.credentials.check import check, read_sample
from consentry.credentials.client import SignedIn, budget_subject, client, judged, refusal
from consentry.credentials.editing import copy, create, delete, edit, find_by_name, get, list_credentials
from consentry.credentials.links import begin_by_link, look_at_link, make_link
from consentry.credentials.model import (
    Authorization,
    Begun,
    CheckResult,
    ConnectLink,
    Credential,
    CredentialEdit,
    CredentialId,
    Grant,
    InUse,
    IssuedToken,
    LinkView,
    NewCredential,
    Status,
    Use,
    missing_scopes,
    name_key,
)
from consentry.credentials.room import Room
from consentry.credentials.spool import Spool
from consentry.credentials.store import add_use, remove_use
from consentry.credentials.tokens import Flights, TokenCache
from consentry.credentials.upkeep import BATCH, EVERY_MINUTE, EVERY_SECOND
from consentry.credentials.waiting import Waiting, find_waiting

__all__ = [
    "BATCH",
    "EVERY_MINUTE",
    "EVERY_SECOND",
    "Authorization",
    "Begun",
    "CheckResult",
    "ConnectLink",
    "Credential",
    "CredentialEdit",
    "CredentialId",
    "Flights",
    "Grant",
    "InUse",
    "IssuedToken",
    "LinkView",
    "NewCredential",
    "Room",
    "SignedIn",
    "Spool",
    "Status",
    "TokenCache",
    "Use",
    "Waiting",
    "add_use",
    "begin_by_link",
    "begin_in_session",
    "budget_subject",
    "cached_token",
    "check",
    "client",
    "complete",
    "confirm_account",
    "cookie_name",
    "copy",
    "create",
    "delete",
    "edit",
    "find_by_name",
    "find_waiting",
    "get",
    "get_authorization",
    "is_its_browser",
    "judged",
    "list_credentials",
    "look_at_link",
    "make_link",
    "missing_scopes",
    "name_key",
    "read_sample",
    "refusal",
    "refuse_token",
    "remove_use",
    "token",
]
