"""All records of one account, by the path under which the API lists them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from consentry.sandbox.records import Collection, Key, Record

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
KEYED: Final = frozenset(path for path in PATHS if path.split("/")[0] in ("parties", "opportunities", "kases"))
BELONGS: Final[dict[str, dict[str, str]]] = {
    "parties": {"organisation": "parties"},
    "opportunities": {"party": "parties"},
    "kases": {"party": "parties", "opportunity": "opportunities"},
    "tasks": {"party": "parties", "opportunity": "opportunities", "kase": "kases"},
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


def _keys(values: Mapping[str, Any]) -> Iterator[Key]:
    name = name_of(values).casefold()
    yield "name", name
    if values.get("type") == "organisation":
        yield "organisation", name
    for each in values.get("emailAddresses", ()):
        yield "email", str(each["address"]).casefold()
    if values.get("title"):
        yield "title", values["title"].casefold()
    for each in values.get("tags", ()):
        yield "tag", str(each["id"])
    for each in values.get("fields", ()):
        yield "definition", str(each["definition"]["id"])
        yield f"custom:{each['definition']['id']}", str(each["value"]).casefold()
    for member in ("milestone", "stage"):
        if values.get(member):
            yield member, str(values[member]["id"])


def name_of(values: Mapping[str, Any]) -> str:
    """Return the name under which people know a record."""
    if values.get("name"):
        return str(values["name"])
    return " ".join(str(values[part]) for part in ("firstName", "lastName") if values.get(part))


def _without_keys(_values: Mapping[str, Any]) -> Iterator[Key]:
    return iter(())


def _collections() -> dict[str, Collection]:
    return {
        path: Collection(
            sort=_newest_first if path in NEWEST_FIRST else None,
            belongs=BELONGS.get(path, {}),
            keyed=_keys if path in KEYED else _without_keys,
        )
        for path in PATHS
    }


@dataclass(slots=True)
class Ids:
    """The numbers of new records; kinds count apart, so ids of different kinds may coincide."""

    first: int = 0
    _last: dict[str, int] = field(default_factory=dict)

    def next(self, kind: str) -> int:
        """Return the next id of a kind."""
        self._last[kind] = self._last.get(kind, self.first) + 1
        return self._last[kind]


@dataclass(slots=True, kw_only=True)
class Job:
    """A long-running operation: how often somebody asked for it yet."""

    action: str
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Crm:
    """The records of one account. `crm["parties"]` is the collection behind `/parties`."""

    site: dict[str, str]
    ids: Ids = field(default_factory=Ids)
    collections: dict[str, Collection] = field(default_factory=_collections)
    attachments: dict[int, Attachment] = field(default_factory=dict)
    uploads: dict[str, Attachment] = field(default_factory=dict)
    contacts: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    jobs: dict[UUID, Job] = field(default_factory=dict)

    def __getitem__(self, path: str) -> Collection:
        return self.collections[path]

    def new_id(self, path: str, kind: str) -> int:
        """Return an id that no record of a collection has."""
        number = self.ids.next(kind)
        while self.collections[path].find(number) is not None:  # somebody added it behind the API
            number = self.ids.next(kind)
        return number
