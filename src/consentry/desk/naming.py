"""What the audit trail calls those who work on the local home, and how a flow is named whose runs are looked for."""

import getpass
from typing import Literal

from consentry.audit import Actor

FlowKind = Literal["source", "destination"]
Face = Literal["cli", "library"]


def actor_of(face: Face) -> Actor:
    """Return who runs this process, as the operating system knows them."""
    try:
        person = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for this user id, as in some containers
        person = "unknown"
    return Actor(name=f"{face}:{person}")


def kind_of(source_id: int | None, destination_id: int | None) -> tuple[FlowKind | None, int | None]:
    """Return of which flow runs are wanted: of what kind, and its id."""
    if source_id is not None:
        return "source", source_id
    return ("destination", destination_id) if destination_id is not None else (None, None)
