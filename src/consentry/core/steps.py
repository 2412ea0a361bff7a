"""The seam between two steps of work that must survive a crash: tests stop there, everybody else passes through."""

from typing import Protocol


class Steps(Protocol):
    """Told each time that a named step has been reached."""

    async def reached(self, name: str) -> None:
        """Go on at once, or stop here."""


class NoSteps:
    """Never stops."""

    async def reached(self, name: str) -> None:
        """Go on at once."""
