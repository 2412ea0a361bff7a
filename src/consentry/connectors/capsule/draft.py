"""A row on its way to a request: what it says, how the record is now, and what has been decided so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from consentry.connectors.capsule.resources import RESOURCES, Resource
from consentry.connectors.comparing import is_blank
from consentry.connectors.contract import Record
from consentry.connectors.resolving import Unfit, id_of, label_of, resolve
from consentry.connectors.writing import Change, Choices, Known, Planned, Request, Row, Template, TemplateField, Wish
from consentry.errors import FieldError

_NOUNS: Final = {"person": "person", "organisation": "organisation"}


@dataclass(slots=True, kw_only=True)
class Draft:
    """The request that a row becomes, while it is made."""

    template: Template
    row: Row
    current: Record | None
    wish: Wish
    known: Known
    body: dict[str, Any] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)

    @property
    def creating(self) -> bool:
        """Whether there is no record yet."""
        return self.current is None

    @property
    def resource(self) -> Resource:
        """What kind of record it is."""
        return RESOURCES[self.template.stream or ""]

    @property
    def noun(self) -> str:
        """What people call such a record."""
        kind = self.template.where.get("type") or self.now("type")
        return _NOUNS.get(str(kind), self.resource.noun)

    def now(self, name: str) -> Any:
        """Return a member of the record as it is."""
        return (self.current or {}).get(name)

    def now_id(self, name: str) -> int | None:
        """Return the id of a record that this one names."""
        return id_in(self.now(name))

    def gives(self, name: str) -> bool:
        """Tell whether the row has a value for a field."""
        return not is_blank(self.row.get(name))

    def clears(self, name: str) -> bool:
        """Tell whether the row empties a field of a record that is there."""
        return name in self.row and not self.gives(name) and self.wish.clear_with_null and not self.creating

    def says(self, name: str) -> bool:
        """Tell whether the row has anything to say about a field."""
        return self.gives(name) or self.clears(name)

    def refuse(self, name: str, message: str) -> None:
        """Note what is wrong with a field, once."""
        error = FieldError(field=name, message=message)
        if error not in self.errors:
            self.errors.append(error)

    def attempt(self, name: str, put: Callable[[], None]) -> None:
        """Do a part of the work; a value that can't be written is noted at its field."""
        try:
            put()
        except Unfit as unfit:
            self.refuse(name, str(unfit))

    def put(self, name: str, value: Any, *, at: str | None = None, old: Any = None, new: Any = None) -> None:
        """Send a value, and say what it changes at which field."""
        self.body[name] = value
        self.change(at or name, old, new)

    def change(self, name: str, old: Any, new: Any) -> None:
        """Say that a field becomes another one."""
        self.changes.append(Change(field=name, old=old, new=new))

    def choose(self, field: TemplateField, prefer: Callable[[Record], bool] | None = None) -> Record:
        """Return the record that the row's value means among the field's choices; raises Unfit."""
        choices = field.choices or Choices(stream="")
        return self.look(self.row[field.name], choices, title=field.title, prefer=prefer)

    def look(
        self, value: Any, choices: Choices, *, title: str, prefer: Callable[[Record], bool] | None = None
    ) -> Record:
        """Return the record that a value means among choices; raises Unfit."""
        records = self.known.records.get(choices.stream)
        if records is not None:
            return resolve(value, choices, records, title=title, prefer=prefer)
        # the list is closed to this grant, or wasn't asked for: an id can be sent all the same
        number = id_of(value)
        if choices.sends == "id" and number is None:
            raise Unfit(f"Give the {title.lower()} by its id: the list of names can't be read here.")
        return {"id": number} if choices.sends == "id" else {choices.sends: str(value).strip()}

    def planned(self) -> Planned:
        """Return what was decided."""
        if self.errors:
            return Planned(deed="refuse", record_id=self.record_id, errors=tuple(self.errors))
        if self.current is None:
            return self._send("create", "POST")
        return self._send("change", "PUT") if self.body else Planned(deed="nothing", record_id=self.record_id)

    @property
    def record_id(self) -> int | None:
        """The id of the record that is there."""
        return id_in(self.current)

    def _send(self, deed: Any, method: Any) -> Planned:
        request = Request(method=method, path=self.resource.place(self.record_id), body={self.resource.item: self.body})
        return Planned(deed=deed, record_id=self.record_id, request=request, changes=tuple(self.changes))


def id_in(record: Any) -> int | None:
    """Return the id of a record or of a reference to one."""
    number = record.get("id") if isinstance(record, dict) else None
    return number if isinstance(number, int) else None


def shown(record: Any, choices: Choices | None = None) -> str | None:
    """Return how people call a record that another one names; None where there is none."""
    if not isinstance(record, dict) or not record:
        return None
    if choices is not None and any(not is_blank(record.get(name)) for name in choices.names):
        return label_of(record, choices)
    whole = " ".join(str(record[name]) for name in ("firstName", "lastName") if record.get(name))
    return str(record.get("name") or whole or record.get("description") or f"#{record.get('id')}")
