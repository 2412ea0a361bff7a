"""What may stand in the fields of a credential: read, cleaned and refused field by field, before anything is kept."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from consentry.core.secret import Secret
from consentry.credentials.model import CredentialEdit, NewCredential
from consentry.errors import FieldError, InvalidInput

LONGEST: Final = {"name": 100, "description": 1000, "client_id": 255, "client_secret": 1024, "scope": 1000}
_LABELS: Final = {
    "name": "Credential Name",
    "description": "Credential Description",
    "client_id": "Client ID",
    "client_secret": "Client Secret",
    "scope": "Access Scope",
}


def clean_new(new: NewCredential) -> NewCredential:
    """Return the values as they will be kept; raise InvalidInput naming every field that can't be."""
    errors: list[FieldError] = []
    cleaned = replace(
        new,
        name=_checked("name", _one_line(new.name), errors),
        description=_checked("description", new.description.strip(), errors),
        client_id=_checked("client_id", new.client_id.strip(), errors),
        client_secret=Secret(_checked("client_secret", new.client_secret.reveal().strip(), errors)),
        scope=_checked("scope", _one_line(new.scope), errors),
    )
    if errors:
        raise InvalidInput(*errors)
    return cleaned


def clean_edit(edit: CredentialEdit) -> CredentialEdit:
    """Return the changes as they will be kept, a blank secret as no change; raise InvalidInput like clean_new."""
    errors: list[FieldError] = []
    secret = edit.client_secret.reveal().strip() if edit.client_secret else ""

    def part(field: str, value: str | None) -> str | None:
        return None if value is None else _checked(field, value, errors)

    cleaned = CredentialEdit(
        name=part("name", None if edit.name is None else _one_line(edit.name)),
        description=part("description", None if edit.description is None else edit.description.strip()),
        client_id=part("client_id", None if edit.client_id is None else edit.client_id.strip()),
        client_secret=Secret(_checked("client_secret", secret, errors)) if secret else None,
        scope=part("scope", None if edit.scope is None else _one_line(edit.scope)),
    )
    if errors:
        raise InvalidInput(*errors)
    return cleaned


def _one_line(value: str) -> str:
    return re.sub(" +", " ", value.strip())


def _checked(field: str, value: str, errors: list[FieldError]) -> str:
    """Note what is wrong with a value, and return it."""
    for judge in (_empty, _too_long, _control_characters, _alphabet):
        fault = judge(field, value)
        if fault:
            errors.append(FieldError(field=field, message=fault))
            break
    return value


def _empty(field: str, value: str) -> str:
    needed = field in ("name", "client_id", "client_secret")
    return f"{_LABELS[field]} is required." if needed and not value else ""


def _too_long(field: str, value: str) -> str:
    longest = LONGEST[field]
    return f"{_LABELS[field]} is longer than {longest} characters." if len(value) > longest else ""


def _control_characters(field: str, value: str) -> str:
    allowed = "\n\t" if field == "description" else ""
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in allowed for sign in value):
        return f"{_LABELS[field]} has characters that can't be shown."
    return ""


def _alphabet(field: str, value: str) -> str:
    """RFC 6749 appendix A: client ID and secret are visible ASCII, scopes too but for quotes and backslashes."""
    rules: dict[str, Callable[[str], bool]] = {
        "client_id": lambda sign: "!" <= sign <= "~",
        "client_secret": lambda sign: " " <= sign <= "~",
        "scope": lambda sign: " " <= sign <= "~" and sign not in '"\\',
    }
    rule = rules.get(field)
    if rule is not None and not all(rule(sign) for sign in value):
        return f"{_LABELS[field]} has characters that the OAuth standard doesn't allow there."
    return ""
