"""Names of tables and columns, made of the names that an API uses."""

import re
from collections.abc import Container
from typing import Final

_HUMP: Final = re.compile(r"(?<=[A-Z])(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])")
_ODD: Final = re.compile(r"[^a-z0-9_]+")
LONGEST: Final = 55
"""PostgreSQL cuts names behind 63 bytes; this leaves room for a number that tells twins apart."""


def snake(name: str) -> str:
    """Return a name in snake_case: pictureURL becomes picture_url."""
    return _ODD.sub("_", _HUMP.sub("_", name).lower())


def free_name(wanted: str, taken: Container[str]) -> str:
    """Return the name, cut to what every warehouse takes, with a number behind it if it is taken."""
    name = wanted[:LONGEST] or "column"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
