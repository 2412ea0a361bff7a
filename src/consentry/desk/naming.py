"""What the audit trail calls those who work on the local home: the face they use, and their name on this machine."""

import getpass
from typing import Literal

from consentry.audit import Actor

Face = Literal["cli", "library"]


def actor_of(face: Face) -> Actor:
    """Return who runs this process, as the operating system knows them."""
    try:
        person = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for this user id, as in some containers
        person = "unknown"
    return Actor(name=f"{face}:{person}")
