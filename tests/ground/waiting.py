"""Waiting for what happens by itself, never without end."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.1


def eventually(holds: Callable[[], bool], *, within: float = PATIENCE_SECONDS) -> bool:
    """Tell whether something comes true before the patience is at its end; it is looked at several times a second."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
