"""What a destination has sent for each key and what came of it, across its runs: the ledger's only SQL.

A row is written before its request leaves, and again when its answer is known; what is still `sent` has to be looked
up before anything is sent for that key again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.connectors import Request
from consentry.flows.destination.store import encode
from consentry.storage.tables import destination_ledger

_MOST_IN_A_QUERY: Final = 500
Deed = Literal["create", "change", "delete"]


class Known(StrEnum):
    """What is known about a key."""

    SENT = "sent"  # a request left, or was about to, and its answer isn't known
    WRITTEN = "written"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The part of the ledger that a run writes in."""

    destination_id: int
    space: str  # the outside account and the collection that record ids belong to
    way: str  # template and match: the same text may identify another record by another field

    def entry_key(self, key: str) -> str:
        """Return how a row's key stands in the ledger."""
        return f"{self.way} {key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known about one key."""

    key: str
    state: Known
    record_id: int | None
    deed: Deed
    request: Request | None
    run_id: int
    sent_at: datetime  # by the provider's clock, a little early
    attempts: int
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A request that is about to leave for a key."""

    key: str
    deed: Deed
    record_id: int | None
    request: Request
    content: str
    attempts: int


async def find(connection: AsyncConnection, book: Book, keys: Iterable[str]) -> dict[str, Entry]:
    """Return what is known about keys, by key."""
    found: dict[str, Entry] = {}
    for part in _parts({book.entry_key(key): key for key in keys}):
        query = select(destination_ledger).where(
            destination_ledger.c.destination_id == book.destination_id,
            destination_ledger.c.space == book.space,
            destination_ledger.c.key.in_(part),
        )
        for row in (await connection.execute(query)).all():
            found[part[row.key]] = _entry(part[row.key], row)
    return found


def _entry(key: str, row: Any) -> Entry:
    return Entry(
        key=key,
        state=Known(row.state),
        record_id=row.record_id,
        deed=row.deed,
        request=None if row.request is None else Request(**msgspec.json.decode(row.request)),
        run_id=row.run_id,
        sent_at=row.sent_at,
        attempts=row.attempts,
        owner=row.owner,
    )


async def write_sent(
    connection: AsyncConnection, book: Book, intents: Sequence[Intent], *, run_id: int, owner: str, at: datetime
) -> None:
    """Write down requests before they leave."""
    rows = [
        {
            "destination_id": book.destination_id,
            "space": book.space,
            "key": book.entry_key(each.key),
            "state": Known.SENT,
            "record_id": each.record_id,
            "content": each.content,
            "run_id": run_id,
            "sent_at": at,
            "request": encode({"method": each.request.method, "path": each.request.path, "body": each.request.body}),
            "deed": each.deed,
            "attempts": each.attempts,
            "owner": owner,
        }
        for each in intents
    ]
    if not rows:
        return
    fresh = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(destination_ledger)
    keyed = ("destination_id", "space", "key")
    replaced = {name: fresh.excluded[name] for name in rows[0] if name not in keyed}
    await connection.execute(fresh.on_conflict_do_update(index_elements=list(keyed), set_=replaced), rows)


async def write_done(connection: AsyncConnection, book: Book, records: Mapping[str, int | None], state: Known) -> None:
    """Write down what came of requests: which record each key has now."""
    done = (
        update(destination_ledger)
        .where(
            destination_ledger.c.destination_id == book.destination_id,
            destination_ledger.c.space == book.space,
            destination_ledger.c.key == bindparam("of_key"),
        )
        .values(state=state, record_id=bindparam("of_record"), request=None)
    )
    given = [{"of_key": book.entry_key(key), "of_record": record} for key, record in records.items()]
    if given:
        await connection.execute(done, given)


async def forget(connection: AsyncConnection, book: Book, keys: Iterable[str]) -> None:
    """Take back requests that surely did nothing: those that should have made a record vanish."""
    for part in _parts({book.entry_key(key): key for key in keys}):
        these = (
            (destination_ledger.c.destination_id == book.destination_id)
            & (destination_ledger.c.space == book.space)
            & destination_ledger.c.key.in_(part)
        )
        await connection.execute(delete(destination_ledger).where(these, destination_ledger.c.record_id.is_(None)))
        await connection.execute(update(destination_ledger).where(these).values(state=Known.WRITTEN, request=None))


async def list_owned(connection: AsyncConnection, book: Book, record_ids: Iterable[int]) -> set[int]:
    """Return which of these records some destination has for a key already."""
    found: set[int] = set()
    for part in _parts({record: record for record in record_ids}):
        query = select(destination_ledger.c.record_id).where(
            destination_ledger.c.space == book.space, destination_ledger.c.record_id.in_(part)
        )
        found.update((await connection.execute(query)).scalars())
    return found


def _parts(values: Mapping[Any, Any]) -> Iterable[dict[Any, Any]]:
    items = list(values.items())
    for start in range(0, len(items), _MOST_IN_A_QUERY):
        yield dict(items[start : start + _MOST_IN_A_QUERY])
