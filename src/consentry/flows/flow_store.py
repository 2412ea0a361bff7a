"""Flows in the database: what is the same for sources and destinations. What isn't, is in the store of each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.errors import Conflict, NotFound
from consentry.flows.model import FlowKind
from consentry.storage import announce
from consentry.storage.tables import credentials, destinations, sources

_TABLES: Final[Mapping[FlowKind, Table]] = {"source": sources, "destination": destinations}
_DATASET_TAKEN: Final[Mapping[FlowKind, tuple[str, str]]] = {
    "source": ("Another source fills the dataset {} in this warehouse.", "Choose another dataset."),
    "destination": ("Another destination keeps its answers in the dataset {}.", "Choose another name."),
}
WITH_CREDENTIAL: Final[Mapping[FlowKind, Select[Any]]] = {
    kind: select(*table.c, credentials.c.name.label("credential_name")).join(
        credentials, credentials.c.id == table.c.credential_id
    )
    for kind, table in _TABLES.items()
}


async def add(connection: AsyncConnection, kind: FlowKind, values: Mapping[str, Any]) -> int:
    """Insert a flow, and return its id; raise Conflict when its name or its dataset is taken."""
    table = _TABLES[kind]
    try:
        async with connection.begin_nested():
            found = await connection.execute(insert(table).values(dict(values)).returning(table.c.id))
    except IntegrityError as error:
        raise _taken(kind, error, values) from error
    flow_id = int(found.scalar_one())
    await announce(connection, f"{kind}:{flow_id}")
    return flow_id


async def change(connection: AsyncConnection, kind: FlowKind, flow_id: int, values: Mapping[str, Any]) -> None:
    """Change columns of a flow; raise Conflict when its new name or dataset is taken."""
    table = _TABLES[kind]
    try:
        async with connection.begin_nested():
            await connection.execute(update(table).where(table.c.id == flow_id).values(dict(values)))
    except IntegrityError as error:
        raise _taken(kind, error, values) from error
    await announce(connection, f"{kind}:{flow_id}")


def _taken(kind: FlowKind, error: IntegrityError, values: Mapping[str, Any]) -> Conflict:
    if "name_key" in str(error.orig):
        return Conflict(f"There is a {kind} named {values.get('name')} already.", hint="Choose another name.")
    words, hint = _DATASET_TAKEN[kind]
    return Conflict(words.format(values.get("dataset")), hint=hint)


async def remove(connection: AsyncConnection, kind: FlowKind, flow_id: int) -> None:
    """Delete a flow with what it remembers; its runs stay."""
    table = _TABLES[kind]
    await connection.execute(delete(table).where(table.c.id == flow_id))
    await announce(connection, f"{kind}:{flow_id}")


async def get(connection: AsyncConnection, kind: FlowKind, flow_id: int) -> Row[Any]:
    """Return a flow's columns with the name of its credential; raise NotFound."""
    query = WITH_CREDENTIAL[kind].where(_TABLES[kind].c.id == flow_id)
    row: Row[Any] | None = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"There is no such {kind}.")
    return row


async def list_page(
    connection: AsyncConnection,
    kind: FlowKind,
    *,
    name: str | None,
    credential_id: int | None,
    page: int,
    per_page: int,
) -> tuple[Sequence[Row[Any]], bool]:
    """Return a page of flows by name, as ``get`` does, and whether there are more."""
    table = _TABLES[kind]
    query = WITH_CREDENTIAL[kind].order_by(table.c.name_key, table.c.id)
    if name is not None:
        query = query.where(table.c.name_key == name.casefold())
    if credential_id is not None:
        query = query.where(table.c.credential_id == credential_id)
    rows = (await connection.execute(query.limit(per_page + 1).offset((page - 1) * per_page))).all()
    return rows[:per_page], len(rows) > per_page


async def list_due(connection: AsyncConnection, kind: FlowKind, now: datetime, limit: int) -> list[int]:
    """Return active flows whose time has come, the longest due first."""
    table = _TABLES[kind]
    due = select(table.c.id).where(table.c.is_active, table.c.next_run_at <= now).order_by(table.c.next_run_at)
    return list((await connection.execute(due.limit(limit))).scalars())
