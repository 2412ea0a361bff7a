"""Names for tables and columns: snake_case of the API's, no two the same, none longer than PostgreSQL takes."""

import re
from hashlib import blake2b
from typing import Final

LONGEST: Final = 63
"""PostgreSQL cuts longer names off, so that two could become one."""


def snake(name: str) -> str:
    """Return a name of the API in snake_case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name))
    return re.sub(r"\W+", "_", spaced.lower()) or "column"


def fitted(name: str) -> str:
    """Return a name that is short enough; a long one ends in a hash, so that it stays one of a kind."""
    if len(name.encode()) <= LONGEST:
        return name
    digest = blake2b(name.encode(), digest_size=4).hexdigest()
    return name.encode()[: LONGEST - 9].decode(errors="ignore") + "_" + digest


class Names:
    """Gives out names, each once; who comes second gets a number behind."""

    def __init__(self, *taken: str) -> None:
        self._taken = {name.casefold() for name in taken}

    def take(self, wanted: str) -> str:
        """Return the name, or the next one like it that is free."""
        name, number = fitted(wanted), 1
        while name.casefold() in self._taken:
            number += 1
            name = fitted(f"{wanted}_{number}")
        self._taken.add(name.casefold())
        return name

    def copy(self) -> "Names":
        """Return names that can be taken without taking them here."""
        return Names(*self._taken)
