"""The chain that makes a change to the trail visible: each entry's hash covers the hash before it. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

BEGINNING: Final = "0" * 64
"""Stands for the hash before the first entry."""
FIELDS: Final = ("id", "at", "actor", "action", "outcome", "credential_id", "detail", "ip")


def link(previous: str, line: Mapping[str, Any]) -> str:
    """Return the hash of a line of the trail, given the hash of the line before it."""
    return hashlib.sha256(previous.encode() + b"\n" + _canonical(line)).hexdigest()


def _canonical(line: Mapping[str, Any]) -> bytes:
    """Return the one form in which a line is hashed: its fields in fixed order, as a JSON array, its moment in UTC."""
    at: datetime = line["at"]
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    return msgspec.json.encode([moment if field == "at" else line[field] for field in FIELDS])
