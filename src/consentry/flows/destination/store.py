"""Destinations in the database: their only SQL. Rows of their runs are in row_store.py, sent ones in ledger.py."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.errors import Conflict, NotFound
from consentry.flows import store
from consentry.flows.destination.model import (
    Destination,
    DestinationId,
    ManualWrite,
    Mapped,
    NewDestination,
    RowsSpec,
)
from consentry.flows.model import Run
from consentry.storage import announce
from consentry.storage.tables import credentials, destinations, sources

_WITH_CREDENTIAL: Final[Select[Any]] = select(*destinations.c, credentials.c.name.label("credential_name")).join(
    credentials, credentials.c.id == destinations.c.credential_id
)


def columns_of(new: NewDestination, *, dataset: str | None) -> dict[str, Any]:
    """Return the columns that a described destination fills."""
    return {
        "name": new.name,
        "name_key": new.name.casefold(),
        "credential_id": new.credential_id,
        "template": new.template,
        "origin": encode_rows(new.rows),
        "mapping": encode({name: asdict(each) for name, each in new.mapping.items()}),
        "match_on": new.match_on,
        "nested": new.nested,
        "clear_with_null": new.clear_with_null,
        "stop_after_refusals": new.stop_after_refusals,
        "dataset": dataset,
        "manual": None if new.manual is None else encode(asdict(new.manual)),
        "schedule": store.encode_schedule(new.schedule),
        "after_source": new.schedule.after_source if new.schedule else None,
    }


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> DestinationId:
    """Insert a destination; raise Conflict when its name or the dataset of its answers is taken."""
    try:
        async with connection.begin_nested():
            found = await connection.execute(insert(destinations).values(values).returning(destinations.c.id))
    except IntegrityError as error:
        raise _taken(error, values) from error
    destination_id = DestinationId(found.scalar_one())
    await announce(connection, f"destination:{destination_id}")
    return destination_id


async def change(connection: AsyncConnection, destination_id: int, values: Mapping[str, Any]) -> None:
    """Change columns of a destination; raise Conflict when its new name or dataset is taken."""
    try:
        async with connection.begin_nested():
            await connection.execute(
                update(destinations).where(destinations.c.id == destination_id).values(dict(values))
            )
    except IntegrityError as error:
        raise _taken(error, values) from error
    await announce(connection, f"destination:{destination_id}")


def _taken(error: IntegrityError, values: Mapping[str, Any]) -> Conflict:
    if "name_key" in str(error.orig):
        return Conflict(f"There is a destination named {values.get('name')} already.", hint="Choose another name.")
    return Conflict(
        f"Another destination keeps its answers in the dataset {values.get('dataset')}.", hint="Choose another name."
    )


async def is_filled_by_source(connection: AsyncConnection, place: str, dataset: str) -> bool:
    """Tell whether a source fills a dataset of this name in this warehouse."""
    query = select(sources.c.id).where(sources.c.warehouse_key == place, sources.c.dataset == dataset)
    return (await connection.execute(query)).first() is not None


async def remove(connection: AsyncConnection, destination_id: int) -> None:
    """Delete a destination with what it remembers; its runs stay."""
    await connection.execute(delete(destinations).where(destinations.c.id == destination_id))
    await announce(connection, f"destination:{destination_id}")


async def get(connection: AsyncConnection, destination_id: int) -> Destination:
    """Return a destination with its last run; raise NotFound."""
    row = (await connection.execute(_WITH_CREDENTIAL.where(destinations.c.id == destination_id))).one_or_none()
    if row is None:
        raise NotFound("There is no such destination.")
    return (await _with_last_runs(connection, [row]))[0]


async def list_page(
    connection: AsyncConnection, *, name: str | None, credential_id: int | None, page: int, per_page: int
) -> tuple[list[Destination], bool]:
    """Return a page of destinations by name, and whether there are more."""
    query = _WITH_CREDENTIAL.order_by(destinations.c.name_key, destinations.c.id)
    if name is not None:
        query = query.where(destinations.c.name_key == name.casefold())
    if credential_id is not None:
        query = query.where(destinations.c.credential_id == credential_id)
    rows = (await connection.execute(query.limit(per_page + 1).offset((page - 1) * per_page))).all()
    return await _with_last_runs(connection, rows[:per_page]), len(rows) > per_page


async def list_due(connection: AsyncConnection, now: datetime, limit: int) -> list[DestinationId]:
    """Return active destinations whose time has come."""
    due = select(destinations.c.id).where(destinations.c.is_active, destinations.c.next_run_at <= now)
    return [DestinationId(each) for each in (await connection.execute(due.limit(limit))).scalars()]


async def list_followers(connection: AsyncConnection, source_id: int, *, paused: bool = False) -> list[Destination]:
    """Return the active destinations that run after each run of a source; ``paused``: the others too."""
    query = _WITH_CREDENTIAL.where(destinations.c.after_source == source_id).order_by(destinations.c.id)
    if not paused:
        query = query.where(destinations.c.is_active)
    return [_destination(row, None) for row in (await connection.execute(query)).all()]


async def list_uploads_named(connection: AsyncConnection) -> list[str]:
    """Return the uploads that destinations take rows from."""
    named = select(destinations.c.origin).where(destinations.c.origin.contains('"file":"upload:'))
    files = [decode_rows(origin).file for origin in (await connection.execute(named)).scalars()]
    return [file for file in files if file is not None]


async def keeps_answers_in(connection: AsyncConnection, dataset: str) -> bool:
    """Tell whether a destination keeps its answers in the home's dataset of this name."""
    query = select(destinations.c.id).where(destinations.c.dataset == dataset)
    return (await connection.execute(query)).first() is not None


async def _with_last_runs(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Destination]:
    return [_destination(row, await store.find_last_run(connection, "destination", row.id)) for row in rows]


def _destination(row: Row[Any], last_run: Run | None) -> Destination:
    mapping = msgspec.json.decode(row.mapping)
    return Destination(
        id=DestinationId(row.id),
        name=row.name,
        connector=row.connector,
        credential_id=row.credential_id,
        credential_name=row.credential_name,
        template=row.template,
        rows=decode_rows(row.origin),
        mapping={name: Mapped(**each) for name, each in mapping.items()},
        match_on=row.match_on,
        nested=row.nested,
        clear_with_null=row.clear_with_null,
        stop_after_refusals=row.stop_after_refusals,
        keep_answers=row.dataset is not None,
        dataset=row.dataset,
        manual=None if row.manual is None else ManualWrite(**msgspec.json.decode(row.manual)),
        schedule=None if row.schedule is None else store.decode_schedule(row.schedule),
        is_active=row.is_active,
        next_run_at=row.next_run_at,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_run=last_run,
    )


def encode_rows(rows: RowsSpec) -> str:
    """Return where rows come from, as a column keeps it."""
    return encode(asdict(rows))


def decode_rows(text: str) -> RowsSpec:
    """Return where rows come from, out of a column."""
    return msgspec.json.decode(text, type=RowsSpec)


def encode(value: object) -> str:
    """Return a value as JSON text; what JSON has no form for, such as moments and decimals, becomes text."""
    return msgspec.json.encode(value, enc_hook=str).decode()
