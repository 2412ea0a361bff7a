"""Addresses of hooks: made, recognised, and kept out of what is read. The address itself is the secret. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from consentry.connectors.contract import Hooks, Record

ADDRESS_PATH: Final = "/hooks/"
TOKEN_BYTES: Final = 32
_OURS: Final = re.compile(r"(?P<base>.*/hooks/)(?P<token>[A-Za-z0-9_-]{43})")  # of TOKEN_BYTES in base64


def address_of(public_url: str, token: str) -> str:
    """Return the address that the provider is to call."""
    return f"{public_url}{ADDRESS_PATH}{token}"


def token_of(address: object) -> str | None:
    """Return what is secret in an address, if it is one that a Consentry makes."""
    found = _OURS.fullmatch(address) if isinstance(address, str) else None
    return found["token"] if found else None


def veiled(hooks: Hooks, records: Sequence[Record]) -> list[Record]:
    """Return a provider's hooks without what is secret in the addresses that a Consentry made."""
    key = hooks.address_key
    return [
        {**record, key: _OURS.sub(r"\g<base>…", record[key])} if token_of(record.get(key)) else record
        for record in records
    ]
