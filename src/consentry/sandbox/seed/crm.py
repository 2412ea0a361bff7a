"""All records of one account, by the path under which the API lists them."""

from dataclasses import dataclass, field
from typing import Any, Final

from consentry.sandbox.records import Collection, Record

NEWEST_FIRST: Final = frozenset({"entries"})
PATHS: Final = (
    "parties",
    "opportunities",
    "kases",
    "tasks",
    "entries",
    "users",
    "teams",
    "parties/tags",
    "opportunities/tags",
    "kases/tags",
    "parties/fields/definitions",
    "opportunities/fields/definitions",
    "kases/fields/definitions",
    "pipelines",
    "milestones",
    "boards",
    "stages",
    "lostreasons",
    "trackdefinitions",
    "tracks",
    "categories",
    "activitytypes",
    "activitytypes/icons",
    "goals",
    "goals/periods",
    "titles",
    "resthooks",
)
BELONGS: Final[dict[str, dict[str, str]]] = {
    "parties": {"organisation": "parties"},
    "opportunities": {"party": "parties"},
    "kases": {"party": "parties"},
    "entries": {"party": "parties", "opportunity": "opportunities", "kase": "kases"},
    "milestones": {"pipeline": "pipelines"},
    "stages": {"board": "boards"},
    "goals/periods": {"goal": "goals"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many records of each kind an account is seeded with."""

    parties: int = 260
    opportunities: int = 60
    projects: int = 40
    tasks: int = 150
    entries: int = 200

    def smaller(self) -> "Sizes":
        """Return a third of everything, for the accounts that come second."""
        return Sizes(
            parties=self.parties // 3,
            opportunities=self.opportunities // 3,
            projects=self.projects // 3,
            tasks=self.tasks // 3,
            entries=self.entries // 3,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """The bytes of a file that hangs on an entry."""

    filename: str
    content_type: str
    content: bytes


def _newest_first(record: Record) -> tuple[int, int]:
    values: dict[str, Any] = record.decode()
    return (-int("".join(letter for letter in values["entryAt"] if letter.isdigit())), -record.id)


def _collections() -> dict[str, Collection]:
    return {path: Collection(_newest_first if path in NEWEST_FIRST else None, BELONGS.get(path, {})) for path in PATHS}


@dataclass(frozen=True, slots=True)
class Crm:
    """The records of one account. `crm["parties"]` is the collection behind `/parties`."""

    site: dict[str, str]
    collections: dict[str, Collection] = field(default_factory=_collections)
    attachments: dict[int, Attachment] = field(default_factory=dict)
    contacts: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    def __getitem__(self, path: str) -> Collection:
        return self.collections[path]
