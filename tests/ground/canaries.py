"""Secrets whose values a test knows, and the search for them in everything that came out of Consentry."""

import base64
import hashlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

import psycopg
from psycopg.sql import SQL, Identifier

_SHORTEST: Final = 8
_VERIFIER: Final = re.compile(rb"[A-Za-z0-9._~-]{43,128}")


class Canaries:
    """Values that must not be seen, each with the word for what it is."""

    def __init__(self) -> None:
        self._forms: dict[bytes, str] = {}
        self._challenges: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._forms)

    def add(self, kind: str, *values: str) -> None:
        """Remember values, in every form in which a careless line might show them."""
        for value in values:
            assert len(value) >= _SHORTEST, kind
            raw = value.encode()
            forms = {raw, quote(value, safe="").encode(), quote_plus(value).encode(), raw.hex().encode()}
            forms |= {base64.b64encode(raw).rstrip(b"="), base64.urlsafe_b64encode(raw).rstrip(b"=")}
            self._forms |= dict.fromkeys(forms, kind)

    def add_verifier_of(self, challenge: str) -> None:
        """Remember a code verifier by its challenge; its value never leaves Consentry but for the token endpoint."""
        self._challenges.add(challenge.encode())

    def find(self, data: bytes, *, but_for: Iterable[str] = ()) -> set[str]:
        """Return the kinds of what is found in some bytes."""
        found = {kind for form, kind in self._forms.items() if form in data}
        if self._challenges and any(_challenge_of(word[0]) in self._challenges for word in _VERIFIER.finditer(data)):
            found.add("code verifier")
        return found - set(but_for)


def _challenge_of(verifier: bytes) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=")


def rows_of(database_url: str) -> Iterator[tuple[str, bytes]]:
    """Give the name of every table, with all that stands in it; bytes stand there as they are."""
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///")) as file:
            names = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                yield name, _flat(file.execute(f'SELECT * FROM "{name}"'))
        file.close()
        return
    with psycopg.connect(database_url) as server:
        tables = server.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (name,) in tables.fetchall():
            yield name, _flat(server.execute(SQL("SELECT * FROM {}").format(Identifier(name))))


def _flat(rows: Iterable[tuple[object, ...]]) -> bytes:
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give the name of every file below a folder, with its raw bytes."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()
