"""Passwords: argon2id, off the event loop, few at once because each takes tens of megabytes."""

import asyncio
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from consentry.core.ids import Randomness
from consentry.core.secret import Secret

_AT_ONCE: Final = 2


class Passwords:
    """Makes and checks password hashes; a hash that doesn't exist takes as long to check as one that does."""

    def __init__(self, randomness: Randomness, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._unknown = randomness.token()
        self._decoy = ""

    async def hash(self, password: Secret) -> str:
        """Return the hash to store."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, _canonical(password))

    async def is_right(self, stored: str | None, password: Secret) -> bool:
        """Tell whether the password belongs to the stored hash; with None the work is done all the same."""
        async with self._turns:
            return await asyncio.to_thread(self._check, stored, _canonical(password))

    def is_outdated(self, stored: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _check(self, stored: str | None, password: str) -> bool:
        self._decoy = self._decoy or self._hasher.hash(self._unknown)
        try:
            return self._hasher.verify(stored or self._decoy, password) and stored is not None
        except (VerifyMismatchError, InvalidHashError):
            return False


def _canonical(password: Secret) -> str:
    """Return the text that is hashed: the same whichever keyboard composed the characters (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password.reveal()).encode("utf-8", "replace").decode()
