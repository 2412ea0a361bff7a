"""How things are named at a desk: who works on the local home, what is looked for, and a member of a closed set."""

import getpass
from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, TypeVar

from consentry.audit import Actor
from consentry.errors import Conflict, FieldError, InvalidInput, NotFound

FlowKind = Literal["source", "destination"]
Face = Literal["cli", "library"]
Found = TypeVar("Found")
Member = TypeVar("Member", bound=StrEnum)


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


def only_one(found: Sequence[Found], kind: Literal["credential", "source", "destination"], name: str) -> Found | None:
    """Return the one that a name found; None where none is named so, but the name can be an id.

    Raises NotFound, or Conflict when the name fits two.
    """
    if len(found) > 1:
        raise Conflict(f"Several {kind}s are named {name}.", hint="Name the one you mean by its id.")
    if not found and not name.isdecimal():
        raise NotFound(f"There is no {kind} named {name}.", hint=f"Look with consentry {kind} list.")
    return found[0] if found else None


def choose(among: type[Member], value: str | None, field: str) -> Member | None:
    """Return the member of this value, if one is given; raise InvalidInput with all that could be."""
    try:
        return None if value is None else among(value)
    except ValueError:
        raise InvalidInput(FieldError(field=field, message=f"Choose one of {', '.join(among)}.")) from None
