"""One write before it happens: what was sent, what stands already, and everything that is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from consentry.sandbox.readers import Call
from consentry.sandbox.seed import Crm


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that is wrong, as the answer names it."""

    message: str
    resource: str
    field: str


class Refused(Exception):
    """Nothing is written, because of these; becomes Capsule's 422."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__("; ".join(each.message for each in complaints))
        self.complaints = complaints

    def body(self) -> bytes:
        """Return the answer."""
        errors = [{"message": e.message, "resource": e.resource, "field": e.field} for e in self.complaints]
        return msgspec.json.encode({"message": "Validation Failed", "errors": errors})


class Malformed(Exception):
    """The body isn't what the method takes at all; becomes 400."""


class NotEntitled(Exception):
    """The user's role doesn't reach; becomes 403."""


class Absent(Exception):
    """There is no such record; becomes 404."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """What a record would become. Whatever must happen beside it waits in `later` until nothing is wrong."""

    call: Call
    resource: str
    given: dict[str, Any]
    known: dict[str, Any] | None = None
    values: dict[str, Any] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    later: list[Callable[[], object]] = field(default_factory=list)
    planned: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """New records that this one needs, by collection and folded name."""

    @property
    def crm(self) -> Crm:
        """Return the records of the account."""
        return self.call.crm

    @property
    def is_new(self) -> bool:
        """Tell whether the record is made now."""
        return self.known is None

    def refuse(self, field: str, message: str) -> None:
        """Note what is wrong with a field."""
        self.complaints.append(Complaint(message=message, resource=self.resource, field=field))

    def part(self, resource: str, given: dict[str, Any], known: dict[str, Any] | None) -> "Draft":
        """Return the draft of a nested item, which complains in the same place."""
        return Draft(
            call=self.call,
            resource=resource,
            given=given,
            known=known,
            values=dict(known or {}),
            complaints=self.complaints,
            later=self.later,
            planned=self.planned,
        )

    def plan(self, path: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """Make another record together with this one; one that is planned already under the name is given back."""
        key = (path, name.casefold())
        if key not in self.planned:
            self.planned[key] = values
            self.later.append(lambda: self.crm[path].add(values))
        return self.planned[key]

    def settle(self) -> None:
        """Let happen what waited; raises Refused when anything is wrong."""
        if self.complaints:
            raise Refused(*self.complaints)
        for each in self.later:
            each()


def unwrap(body: bytes, key: str) -> dict[str, Any]:
    """Return the object inside the wrapper; raises Malformed."""
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed("The body is not JSON.") from error
    inner = whole.get(key) if isinstance(whole, dict) else None
    if not isinstance(inner, dict):
        raise Malformed(f"The body has no object under the key {key}.")
    return inner
