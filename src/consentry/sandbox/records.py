"""The records of one account, each encoded once: pages are joined from ready bytes.

A collection knows its order, its children, what changed since a moment, and what was deleted. Neither a write nor a
look-up by key walks over all records.
"""

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from zlib import crc32

import msgspec

What = Literal["created", "updated", "deleted"]
Listener = Callable[[What, "Record", "Record | None"], None]
"""Told what happened to a record: how it is, or was last, and how it was before."""
Order = Literal["id", "updated", "shuffled"]
Parent = tuple[str, int]
Key = tuple[str, str]
"""What records are looked up by: the kind of key, and the key."""
Keyed = Callable[[Mapping[str, Any]], Iterable[Key]]
OPTIONAL: Final = frozenset({"tags", "fields", "missingImportantFields", "memberships", "tasks"})
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its JSON object without the closing brace, and the parts that only an embed shows."""

    id: int
    updated_at: str
    body: bytes
    extras: tuple[tuple[str, bytes], ...] = ()
    parents: tuple[Parent, ...] = ()
    keys: tuple[Key, ...] = ()

    def render(self, embeds: frozenset[str]) -> bytes:
        """Return the JSON object with the embedded parts that were asked for."""
        if not embeds or not self.extras:
            return self.body + b"}"
        parts = [self.body, *(part for name, part in self.extras if name in embeds), b"}"]
        return b"".join(parts)

    def decode(self) -> dict[str, Any]:
        """Return the whole record as a dictionary, embedded parts included."""
        whole: dict[str, Any] = _decode(self.render(OPTIONAL))
        return whole


def encode(values: Mapping[str, Any], *, parents: Iterable[Parent] = (), keys: Iterable[Key] = ()) -> Record:
    """Make a record of plain values. The keys of OPTIONAL become embedded parts."""
    plain = {key: value for key, value in values.items() if key not in OPTIONAL}
    extras = tuple((key, b',"%b":%b' % (key.encode(), _encode(values[key]))) for key in values if key in OPTIONAL)
    updated = values.get("updatedAt") or values.get("createdAt") or ""
    return Record(values.get("id", 0), updated, _encode(plain)[:-1], extras, tuple(parents), tuple(keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is left of a deleted record, or of one withdrawn from the user's view."""

    id: int
    deleted_at: str
    restricted: bool = False


class _Line:
    """Records in one order, kept while records come and go."""

    def __init__(self, key: Callable[[Record], Any], records: Iterable[Record]) -> None:
        self._key = key
        self._records = sorted(records, key=key)
        self._places = [key(record) for record in self._records]
        self._whole: tuple[Record, ...] | None = None

    def all(self) -> tuple[Record, ...]:
        if self._whole is None:
            self._whole = tuple(self._records)
        return self._whole

    def put(self, record: Record) -> None:
        place = self._key(record)
        index = bisect_right(self._places, place)
        self._records.insert(index, record)
        self._places.insert(index, place)
        self._whole = None

    def take(self, record: Record) -> None:
        index = bisect_left(self._places, self._key(record))
        while self._records[index].id != record.id:  # others may stand at the same place
            index += 1
        del self._records[index], self._places[index]
        self._whole = None


def _without_keys(_values: Mapping[str, Any]) -> Iterable[Key]:
    return ()


@dataclass(slots=True)
class Collection:
    """Records of one kind. `sort` replaces every other order, for what always comes newest first.

    `belongs` names the members that say under which parent a record is listed, each with the parents' path; `keyed`
    gives what a record is looked up by. A `listener` hears of every change.
    """

    sort: Callable[[Record], Any] | None = None
    belongs: Mapping[str, str] = field(default_factory=dict)
    keyed: Keyed = _without_keys
    listener: Listener | None = None
    _records: dict[int, Record] = field(default_factory=dict, repr=False)
    _children: dict[Parent, dict[int, None]] = field(default_factory=dict, repr=False)
    _holders: dict[Key, dict[int, None]] = field(default_factory=dict, repr=False)
    _tombstones: list[Tombstone] = field(default_factory=list, repr=False)
    _lines: dict[Order, _Line] = field(default_factory=dict, repr=False)
    _texts: dict[int, str] = field(default_factory=dict, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __len__(self) -> int:
        return len(self._records)

    def add(self, values: Mapping[str, Any], *, parents: Iterable[Parent] = ()) -> Record:
        """Add a record, or replace the one with the same id; parents that its values don't name are handed in."""
        record, before = self._put(values, parents)
        self._tell("created" if before is None else "updated", record, before)
        return record

    def change(self, record_id: int, changes: Mapping[str, Any], *, at: str | None) -> Record:
        """Change fields of a record and its `updatedAt`; raises KeyError for an unknown id.

        Without a moment only what the record shows of others changes: it moves no `updatedAt`, and nobody hears of it.
        """
        with self._lock:
            known = self._records[record_id]
            values = known.decode()
            named = self._named_parents(values)
            unnamed = [parent for parent in known.parents if parent not in named]
            moved = {} if at is None else {"updatedAt": at}
            record, before = self._put({**values, **changes, **moved}, unnamed)
        if at is not None:
            self._tell("updated", record, before)
        return record

    def remove(self, record_id: int, *, at: str, restricted: bool = False) -> None:
        """Delete a record and leave a tombstone; raises KeyError for an unknown id."""
        with self._lock:
            gone = self._records[record_id]
            self._unlink(gone)
            self.bury(Tombstone(id=record_id, deleted_at=at, restricted=restricted))
        if not restricted:
            self._tell("deleted", gone, None)

    def bury(self, tombstone: Tombstone) -> None:
        """Remember that a record was deleted."""
        with self._lock:
            self._tombstones.append(tombstone)

    def find(self, record_id: int) -> Record | None:
        """Return the record with this id, if there is one."""
        return self._records.get(record_id)

    def all(self, order: Order = "id") -> tuple[Record, ...]:
        """Return every record in order; the order is kept until something changes."""
        with self._lock:
            order = "id" if self.sort is not None else order
            if order not in self._lines:
                self._lines[order] = _Line(self.sort or _KEYS[order], self._records.values())
            return self._lines[order].all()

    def by(self, kind: str, key: str) -> tuple[Record, ...]:
        """Return the records with a key, in order of their ids."""
        with self._lock:
            return tuple(self._records[each] for each in sorted(self._holders.get((kind, key), ())))

    def since(self, moment: str, order: Order, *, inclusive: bool) -> tuple[Record, ...]:
        """Return the records changed after a moment (or in its second too)."""
        if inclusive:
            return tuple(record for record in self.all(order) if record.updated_at >= moment)
        return tuple(record for record in self.all(order) if record.updated_at > moment)

    def of(self, parent: Parent, order: Order = "id") -> tuple[Record, ...]:
        """Return the records that belong to a parent."""
        with self._lock:
            found = [self._records[child] for child in self._children.get(parent, ())]
        return tuple(sorted(found, key=self.sort or _KEYS[order]))

    def matching(self, needle: str) -> tuple[Record, ...]:
        """Return the records whose names, descriptions or contact data contain a text, whatever its case."""
        folded = needle.casefold()
        return tuple(record for record in self.all() if folded in self._text_of(record))

    def _text_of(self, record: Record) -> str:
        if record.id not in self._texts:
            self._texts[record.id] = "\n".join(_texts_in(record.decode())).casefold()
        return self._texts[record.id]

    def tombstones(self, since: str, *, inclusive: bool) -> tuple[Tombstone, ...]:
        """Return what was deleted after a moment (or in its second too), oldest first."""
        with self._lock:
            found = [
                stone for stone in self._tombstones
                if stone.deleted_at > since or (inclusive and stone.deleted_at == since)
            ]  # fmt: skip
        return tuple(sorted(found, key=lambda stone: (stone.deleted_at, stone.id)))

    def _put(self, values: Mapping[str, Any], parents: Iterable[Parent]) -> tuple[Record, Record | None]:
        """Keep a record; return it with the one that it replaces."""
        under = dict.fromkeys((*self._named_parents(values), *parents))
        record = encode(values, parents=under, keys=dict.fromkeys(self.keyed(values)))
        with self._lock:
            before = self._records.get(record.id)
            if before is not None:
                self._unlink(before)
            self._link(record)
        return record, before

    def _tell(self, what: What, record: Record, before: Record | None) -> None:
        if self.listener is not None:
            self.listener(what, record, before)

    def _named_parents(self, values: Mapping[str, Any]) -> list[Parent]:
        named = ((path, values.get(member)) for member, path in self.belongs.items())
        return [(path, parent["id"]) for path, parent in named if isinstance(parent, dict)]

    def _link(self, record: Record) -> None:
        self._records[record.id] = record
        for parent in record.parents:
            self._children.setdefault(parent, {})[record.id] = None
        for key in record.keys:
            self._holders.setdefault(key, {})[record.id] = None
        for line in self._lines.values():
            line.put(record)

    def _unlink(self, record: Record) -> None:
        del self._records[record.id]
        for parent in record.parents:
            del self._children[parent][record.id]
        for key in record.keys:
            del self._holders[key][record.id]
            if not self._holders[key]:
                del self._holders[key]
        for line in self._lines.values():
            line.take(record)
        self._texts.pop(record.id, None)


def _texts_in(values: dict[str, Any]) -> Iterator[str]:
    yield " ".join(values[key] for key in ("firstName", "lastName") if values.get(key))
    yield from (values[key] for key in ("name", "jobTitle", "about", "description") if values.get(key))
    yield from (item["address"] for item in values.get("emailAddresses", ()))
    yield from (item["number"] for item in values.get("phoneNumbers", ()))


_KEYS: Final[dict[Order, Callable[[Record], Any]]] = {
    "id": lambda record: record.id,
    "updated": lambda record: (record.updated_at, record.id),
    "shuffled": lambda record: crc32(b"%d" % record.id),
}


def stamp(moment: datetime) -> str:
    """Return a moment in UTC as Capsule writes it, in whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
