"""What makes a step of the demo hold or not."""

import time
from collections.abc import Callable

from consentry.cli.stage import PATIENCE_SECONDS


class NotHeld(Exception):
    """A step saw something else than it should have."""


def expect(held: object, otherwise: str) -> None:
    """Go on only if it held."""
    if not held:
        raise NotHeld(otherwise)


def wait_until(reached: Callable[[], bool], otherwise: str, *, patience: float = PATIENCE_SECONDS) -> None:
    """Wait a while for something that others do."""
    deadline = time.monotonic() + patience
    while not reached():
        if time.monotonic() > deadline:
            raise NotHeld(otherwise)
        time.sleep(0.02)
