"""What can be written to one resource, as data, and the three writers made of it: create, update, delete."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from consentry.sandbox.readers import Call, Reply, render_record
from consentry.sandbox.records import Record
from consentry.sandbox.writing.draft import Absent, Complaint, Draft, NotEntitled, Refused, unwrap
from consentry.sandbox.writing.fields import Fields, fill, require

Check = Callable[[Draft], None]
Delete = Callable[[Call, Record], None]
READ_ONLY = ("id", "createdAt", "updatedAt", "missingImportantFields", "pictureURL", "enrichment", "lastContactedAt")
NO_CONTENT = Reply(body=b"", status=204)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One resource: `key` wraps its records and names it in complaints, `kind` is what its ids are counted by."""

    path: str
    key: str
    kind: str
    fields: Fields
    fresh: Mapping[str, Any] = field(default_factory=dict)
    """What a new record holds besides what was sent."""
    required: tuple[str, ...] = ()
    ignored: tuple[str, ...] = READ_ONLY
    """What a caller may send back as it was read; it has no effect."""
    checks: tuple[Check, ...] = ()
    """Rules that look at more than one field, in order."""
    kept: Callable[[Draft, Record], None] | None = None
    """What else happens once the record is written."""
    stamped: bool = True
    """Whether the record has `createdAt` and `updatedAt`."""
    administrator: bool = False
    """Whether only an administrator may write it."""
    parents: Callable[[dict[str, Any]], list[tuple[str, int]]] = lambda _values: []
    """Parents that the record doesn't name by itself."""


def creator(shape: Shape) -> Callable[[Call], Reply]:
    """Make the writer behind POST: 201, where the record is, and the whole record."""

    def write(call: Call) -> Reply:
        _check_role(shape, call)
        record = create(shape, call, unwrap(call.body, shape.key))
        headers = {"Location": f"{call.address}/{record.id}"}
        return Reply(status=201, body=render_record(call, shape.key, record), headers=headers)

    return write


def create(shape: Shape, call: Call, given: dict[str, Any]) -> Record:
    """Make a record of what was sent; raises Refused."""
    draft = Draft(call=call, resource=shape.key, given=given, values=deepcopy(dict(shape.fresh)))
    _fill(draft, shape)
    draft.settle()
    times = {"createdAt": call.now, "updatedAt": call.now} if shape.stamped else {}
    values = {"id": call.crm.new_id(shape.path, shape.kind), **draft.values, **times}
    record = call.crm[shape.path].add(values, parents=shape.parents(values))
    if shape.kept is not None:
        shape.kept(draft, record)
    return record


def updater(shape: Shape) -> Callable[[Call], Reply]:
    """Make the writer behind PUT: what isn't sent stays as it is."""

    def write(call: Call) -> Reply:
        _check_role(shape, call)
        known = get(call, shape.path)
        given = unwrap(call.body, shape.key)
        standing = known.decode()
        draft = Draft(call=call, resource=shape.key, given=given, known=standing, values=deepcopy(standing))
        _fill(draft, shape)
        draft.settle()
        at = call.now if shape.stamped else None
        record = call.crm[shape.path].change(known.id, draft.values, at=at)
        if shape.kept is not None:
            shape.kept(draft, record)
        return Reply(body=render_record(call, shape.key, record))

    return write


def remover(shape: Shape, delete: Delete | None = None) -> Callable[[Call], Reply]:
    """Make the writer behind DELETE: 204; `delete` does what has to happen, by default the record alone goes."""

    def write(call: Call) -> Reply:
        _check_role(shape, call)
        record = get(call, shape.path)
        if delete is None:
            call.crm[shape.path].remove(record.id, at=call.now)
        else:
            delete(call, record)
        return NO_CONTENT

    return write


def get(call: Call, path: str, which: int = 0) -> Record:
    """Return the record that the address names; raises Absent."""
    record = call.crm[path].find(call.ids[which])
    if record is None:
        raise Absent(path)
    return record


def undeletable(key: str, message: str) -> Refused:
    """Return the refusal to delete a record."""
    return Refused(Complaint(message=message, resource=key, field="id"))


def _fill(draft: Draft, shape: Shape) -> None:
    fill(draft, shape.fields, ignored=shape.ignored)
    require(draft, *shape.required)
    for check in shape.checks:
        check(draft)


def _check_role(shape: Shape, call: Call) -> None:
    if shape.administrator and not call.user.administrator:
        raise NotEntitled("Only an administrator may do that.")
