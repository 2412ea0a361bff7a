"""Writing the preferences of users."""

from typing import Final

from consentry.sandbox.readers import Call, Reply, render_record
from consentry.sandbox.writing.draft import Draft, NotEntitled, unwrap
from consentry.sandbox.writing.fields import Setter, choice, currency, fill, flag, text
from consentry.sandbox.writing.shape import get


def update_user(call: Call) -> Reply:
    """Change the preferences of the token's own user."""
    record = get(call, "users")
    if record.id != call.user.id:
        raise NotEntitled("Only their own preferences can be changed by a user.")
    draft = Draft(call=call, resource="user", given=unwrap(call.body, "user"), known=record.decode())
    fill(draft, _PREFERENCES, ignored=tuple(record.decode()))
    draft.settle()
    changed = call.crm["users"].change(record.id, draft.values, at=None)
    return Reply(body=render_record(call, "user", changed))


_PREFERENCES: Final[dict[str, Setter]] = {
    "locale": choice("en_US", "en_GB", "es_ES"),
    "currency": currency,
    "emailPreference": choice("GMAIL"),
    "clickToCallPreference": choice("SIP", "TEL", "CALLTO", "CIRCLELOOP"),
    "preferredEmailFromAddress": text,
    "timezone": text,
    "taskReminder": flag,
}
