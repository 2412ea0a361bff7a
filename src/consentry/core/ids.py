"""The one seam to randomness: tokens, nonces, names of processes, jitter."""

import random
import secrets
from typing import Protocol


class Randomness(Protocol):
    """A source of values nobody can guess."""

    def token(self, size: int = 32) -> str:
        """Return a URL-safe text made of ``size`` random bytes."""

    def fraction(self) -> float:
        """Return a number from 0 up to, not including, 1: for jitter, never for secrets."""


class SystemRandomness:
    """Randomness of the operating system."""

    def token(self, size: int = 32) -> str:
        """Return a URL-safe text made of ``size`` random bytes."""
        return secrets.token_urlsafe(size)

    def fraction(self) -> float:
        """Return a number from 0 up to, not including, 1."""
        return secrets.randbelow(1 << 30) / (1 << 30)


class SeededRandomness:
    """Repeatable values for tests and samples; never for anything that must stay secret."""

    def __init__(self, seed: int = 0) -> None:
        self._source = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def token(self, size: int = 32) -> str:
        """Return the next repeatable text of the length that ``size`` bytes would give."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        return "".join(self._source.choices(alphabet, k=-(-size * 4 // 3)))

    def fraction(self) -> float:
        """Return the next repeatable number from 0 up to, not including, 1."""
        return self._source.random()
