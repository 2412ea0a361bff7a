"""Destinations in the database, but for flow_store.py. Rows of runs are in row_store.py, sent ones in ledger.py."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.flows import flow_store, store
from consentry.flows.columns import decode_schedule, encode_schedule
from consentry.flows.destination.model import (
    Destination,
    DestinationId,
    ManualWrite,
    Mapped,
    NewDestination,
    RowsSpec,
)
from consentry.flows.model import Run
from consentry.storage.tables import destinations, sources


def columns_of(new: NewDestination, *, dataset: str | None) -> dict[str, Any]:
    """Return the columns that a described destination fills."""
    return {
        "name": new.name,
        "name_key": new.name.casefold(),
        "template": new.template,
        "origin": encode_rows(new.rows),
        "mapping": encode({name: asdict(each) for name, each in new.mapping.items()}),
        "match_on": new.match_on,
        "nested": new.nested,
        "clear_with_null": new.clear_with_null,
        "stop_after_refusals": new.stop_after_refusals,
        "dataset": dataset,
        "manual": None if new.manual is None else encode(asdict(new.manual)),
        "schedule": encode_schedule(new.schedule),
        "after_source": new.schedule.after_source if new.schedule else None,
    }


async def is_filled_by_source(connection: AsyncConnection, place: str, dataset: str) -> bool:
    """Tell whether a source fills a dataset of this name in this warehouse."""
    query = select(sources.c.id).where(sources.c.warehouse_key == place, sources.c.dataset == dataset)
    return (await connection.execute(query)).first() is not None


async def get(connection: AsyncConnection, destination_id: int) -> Destination:
    """Return a destination with its last run; raise NotFound."""
    row = await flow_store.get(connection, "destination", destination_id)
    return (await _with_last_runs(connection, [row]))[0]


async def list_page(
    connection: AsyncConnection, *, name: str | None, credential_id: int | None, page: int, per_page: int
) -> tuple[list[Destination], bool]:
    """Return a page of destinations by name, and whether there are more."""
    rows, more = await flow_store.list_page(
        connection, "destination", name=name, credential_id=credential_id, page=page, per_page=per_page
    )
    return await _with_last_runs(connection, rows), more


async def list_followers(connection: AsyncConnection, source_id: int, *, paused: bool = False) -> list[Destination]:
    """Return the active destinations that run after each run of a source; ``paused``: the others too."""
    after = flow_store.WITH_CREDENTIAL["destination"].where(destinations.c.after_source == source_id)
    query = after.order_by(destinations.c.id)
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
        schedule=None if row.schedule is None else decode_schedule(row.schedule),
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
