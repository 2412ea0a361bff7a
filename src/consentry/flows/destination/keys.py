"""What identifies a row, as text: what its record is found by, or else all that it says. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from consentry.connectors import Row, Template

_LONGEST: Final = 300
_encode: Final = msgspec.json.Encoder(order="deterministic", enc_hook=str).encode


def match_of(template: Template, match_on: str | None) -> str | None:
    """Return the field that records are found by: the one that was chosen, or the template's first way."""
    if match_on is not None:
        return match_on
    first = template.matches[0].field if template.matches else None
    return None if first is None or first.endswith(".") else first


def match_value(template: Template, match_on: str, row: Row) -> Any:
    """Return what a row's record is found by, None where the row has nothing: of a list, the first item.

    A list can also be given in parts: emailAddresses is found in emailAddresses.Work, too.
    """
    own = _first(row.get(match_on))
    if own is not None:
        return own
    parts = (value for name, value in row.items() if name.startswith(f"{match_on}."))
    return next((found for found in map(_first, parts) if found is not None), None)


def _first(value: Any) -> Any:
    if isinstance(value, list):
        return next((found for found in map(_first, value) if found is not None), None)
    if isinstance(value, Mapping):
        return next((each for each in value.values() if each is not None), None) if len(value) == 1 else _named(value)
    return None if value == "" else value


def _named(value: Mapping[str, Any]) -> Any:
    """Return the member of an item that names it."""
    return next((value[name] for name in ("id", "address", "number", "name") if value.get(name) is not None), None)


def key_of(template: Template, match_on: str | None, row: Row, occurrence: int = 1) -> str:
    """Return a row's key; ``occurrence`` tells rows apart that say the same where nothing else does, from 1 on."""
    by = match_of(template, match_on)
    value = None if by is None else match_value(template, by, row)
    if by is None or value is None:
        return f"{content_hash(row)}:{occurrence}"
    match = template.match(by)
    text = " ".join(str(value).split())
    text = text.casefold() if match is not None and match.ignores_case else text
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def content_hash(row: Row) -> str:
    """Return a hash of all that a row says, whatever the order of its fields."""
    return hashlib.sha256(_encode({name: value for name, value in row.items() if value is not None})).hexdigest()
