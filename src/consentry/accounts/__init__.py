"""People, sign-in, sessions and API keys: who is asking, and what they may do."""

from consentry.accounts.api_keys import authenticate, create_api_key, get_api_key, list_api_keys, revoke_api_key
from consentry.accounts.model import (
    KEY_PREFIX,
    SESSION_LIFE,
    ApiKey,
    Caller,
    KeyScope,
    Person,
    Session,
    caller_of_session,
    with_included,
)
from consentry.accounts.passwords import Passwords
from consentry.accounts.people import (
    create_first_person,
    create_person,
    create_person_of_settings,
    disable_person,
    enable_person,
    find_person_by_email,
    get_person,
    has_people,
    list_people,
    rename_person,
    set_password,
)
from consentry.accounts.room import Room, close, open_room
from consentry.accounts.sessions import change_password, find_session, forget_ended, prove, sign_in, sign_out

__all__ = [
    "KEY_PREFIX",
    "SESSION_LIFE",
    "ApiKey",
    "Caller",
    "KeyScope",
    "Passwords",
    "Person",
    "Room",
    "Session",
    "authenticate",
    "caller_of_session",
    "change_password",
    "close",
    "create_api_key",
    "create_first_person",
    "create_person",
    "create_person_of_settings",
    "disable_person",
    "enable_person",
    "find_person_by_email",
    "find_session",
    "forget_ended",
    "get_api_key",
    "get_person",
    "has_people",
    "list_api_keys",
    "list_people",
    "open_room",
    "prove",
    "rename_person",
    "revoke_api_key",
    "set_password",
    "sign_in",
    "sign_out",
    "with_included",
]
