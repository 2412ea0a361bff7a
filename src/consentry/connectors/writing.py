"""What a connector says about writing: templates, the values they take, and how a row becomes a request.

Values and pure functions; the few that have to ask the provider are handed a client that is already signed in. What is
sent, when, and how often is decided in flows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from consentry.connectors.contract import Answer, Record, WritingClient
from consentry.errors import FieldError

ValueKind = Literal["text", "integer", "decimal", "boolean", "date", "timestamp", "time", "reference", "tags", "json"]
"""What a field takes. A reference is another record, given by id or by a name that its choices know."""

Deed = Literal["create", "update", "upsert", "delete", "note", "add_tags", "remove_tags", "set_fields", "manual"]
Nested = Literal["replace", "add"]

CUSTOM: Final = "fields."
"""How the names of custom fields begin: fields.Size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Values that are allowed because a stream of the connector has them now, such as its users."""

    stream: str
    names: tuple[str, ...] = ("name",)  # members by which people name a record; the first is shown
    within: str | None = None  # a member (an object with a name) that tells two of one name apart: Pipeline / Milestone
    sends: str = "id"  # the member that is sent: the id, or for countries the name itself


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateField:
    """One field of a template, as a mapping names it.

    ``emailAddresses`` is the whole list; ``emailAddresses.Work`` the one address of that type, and
    ``addresses.Office.city`` a part of it. ``fields.Size`` is the custom field of that name.
    """

    name: str
    title: str
    kind: ValueKind = "text"
    meaning: str = ""
    required: bool = False  # to create a record
    repeats: bool = False  # takes several values: a list, or a text with ; between them
    values: tuple[str, ...] = ()  # the only ones there are
    choices: Choices | None = None  # or where they are read
    synonyms: tuple[str, ...] = ()  # what people call such a column
    longest: int | None = None  # characters
    parts: tuple[str, ...] = ()  # members of an item that is given as an object; a plain text stands for the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What identifies a record: the value of one field."""

    field: str  # "id", "emailAddresses", "name"; "fields." for any custom field
    title: str
    at_once: int  # how many values one request looks up
    ignores_case: bool = False
    path: tuple[str, ...] = ()  # where a record has it: emailAddresses, address; none: only the provider can look it up


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A prepared way to write: to what, what is done to it, and the few fields it takes."""

    name: str  # upsert_person
    title: str
    meaning: str
    deed: Deed
    stream: str | None  # whose records it writes; None for manual
    fields: tuple[TemplateField, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()  # of each group at least one field is needed to create
    matches: tuple[Match, ...] = ()  # none: every row makes a record of its own
    custom_fields: str | None = None  # the stream that defines the custom fields it takes too
    where: Mapping[str, object] = field(default_factory=dict)  # members that its records have: type is person
    writes_scope: bool = True  # whether the grant needs a scope that allows writing
    finds_written: bool = True  # whether a create can be found whose answer was lost; else it is never sent again

    @property
    def creates(self) -> bool:
        """Whether it may make records."""
        return self.deed in ("create", "upsert", "note", "manual")

    def match(self, name: str) -> Match | None:
        """Return what identifies by this field, if the template can."""
        return next(
            (each for each in self.matches if each.field == name or (each.field == CUSTOM and name.startswith(CUSTOM))),
            None,
        )


Row = Mapping[str, Any]
"""One row's values by template field, of the field's kind; None says that the row has none.

text, reference and tags: str (references also int); integer: int; decimal: Decimal; boolean: bool; date, timestamp and
time: those of datetime, moments aware; json: as decoded. A field that repeats has a list of them.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was read from the provider before the first row: records by stream, as they came."""

    records: Mapping[str, Sequence[Record]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a destination wants its rows written."""

    nested: Nested = "add"  # lists are made equal to the row's, or only added to
    clear_with_null: bool = False  # an empty value empties the field


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that writes, under the base URL."""

    method: Literal["POST", "PUT", "DELETE"]
    path: str
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field as it was and as it will be, as people read them."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What is to be done about a row."""

    deed: Literal["create", "change", "delete", "nothing", "refuse"]
    record_id: int | None = None
    request: Request | None = None
    changes: tuple[Change, ...] = ()
    errors: tuple[FieldError, ...] = ()


class Plan(Protocol):
    """Decides about one row. Pure."""

    def __call__(self, template: Template, row: Row, current: Record | None, *, wish: Wish, known: Known) -> Planned:
        """Return what makes the record so; ``current`` is the record as it is now, None where there is none."""


class Find(Protocol):
    """Looks records up by what identifies them."""

    async def __call__(
        self, client: WritingClient, template: Template, match: str, values: Sequence[Any], *, known: Known
    ) -> Mapping[Any, Sequence[Record]]:
        """Return for each value the records that have it, whole; a value that nobody has may be left out.

        At most ``Match.at_once`` values a request. Raises what the client raises.
        """


class FindWritten(Protocol):
    """Looks for what a request may have written whose answer was lost."""

    async def __call__(
        self, client: WritingClient, template: Template, requests: Sequence[Request], *, since: datetime
    ) -> Sequence[Sequence[Record]]:
        """Return for each request, in order, the records made since that moment that are as it wanted.

        Several requests are looked up together, with as few calls as can be.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why the provider refuses a row: its words, at the template's fields where it names them."""

    errors: tuple[FieldError, ...]


class Prepare(Protocol):
    """Reads what the references of some rows name and no choices know, such as the person a task is about."""

    async def __call__(self, client: WritingClient, template: Template, rows: Sequence[Row], *, known: Known) -> Known:
        """Return what is known, and the records that these rows name besides; asks for nothing where they name none.

        For a few hundred rows at a time, before they are planned. Raises what the client raises.
        """


class ReadCustomFields(Protocol):
    """Says which custom fields a template takes."""

    def __call__(self, template: Template, *, known: Known) -> tuple[TemplateField, ...]:
        """Return them as fields, ``fields.Size``; out of the definitions that are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Everything a connector knows about writing."""

    templates: tuple[Template, ...]
    plan: Plan
    find: Find
    find_written: FindWritten
    record_of: "ReadWritten"
    refusal_of: "ReadRefusal"
    custom_fields: ReadCustomFields | None = None  # None: its templates take no custom fields
    prepare: Prepare | None = None  # None: choices know all that its references name

    def template(self, name: str) -> Template | None:
        """Return the template of this name, if there is one."""
        return next((template for template in self.templates if template.name == name), None)


class ReadWritten(Protocol):
    """Reads what a write was answered with."""

    def __call__(self, template: Template, answer: Answer) -> Record | None:
        """Return the record of a 2xx answer, None where it holds none; raise ReplyNotUnderstood."""


class ReadRefusal(Protocol):
    """Reads why a write was refused."""

    def __call__(self, template: Template, answer: Answer) -> Refusal:
        """Return the provider's reasons out of a 4xx answer."""
