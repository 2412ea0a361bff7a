"""What the process that reads tables, queries and Parquet is asked, and which warehouse a table or query is in."""

from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from consentry.core.pages import every
from consentry.errors import NotFound
from consentry.flows import sources
from consentry.flows.destination.model import RowsSpec
from consentry.flows.destination.raw import About, refused, shown
from consentry.flows.model import Source
from consentry.flows.room import Room

LONGEST_QUERY: Final = 100_000
LENGTH: Final = 4
"""Bytes before all that is said, which tell how much it is."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is asked, over its standard input; it may hold a password."""

    home: str
    file: int | None = None  # an open Parquet file, handed on
    source: Source | None = None  # whose warehouse; None: the home's
    address: str | None = None
    dataset: str = ""
    table: str | None = None
    sql: str | None = None
    with_deleted: bool = False
    after: int = 0
    limit: int | None = None

    def __repr__(self) -> str:
        return f"Question({self.dataset!r}, {self.table!r})"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the process says: first about the rows, then rows, and what went wrong."""

    about: About | None = None
    rows: list[tuple[int, dict[str, Any], str | None]] = []
    code: str = ""
    message: str = ""
    hint: str = ""
    field: str = ""


def of_file(home: Path, file: int, *, after: int, limit: int | None) -> Question:
    """Ask for the rows of an open Parquet file."""
    return Question(home=str(home), file=file, after=after, limit=limit)


async def of_warehouse(room: Room, spec: RowsSpec, *, after: int, with_deleted: bool, limit: int | None) -> Question:
    """Ask for the rows of a table or query; raise InvalidInput when it isn't known which warehouse has them."""
    dataset, _, table = (spec.table or "").rpartition(".")
    if spec.sql is not None:
        _check_query(spec.sql)
    source = await _source(room, spec, dataset)
    address = await sources.find_address(room, source.id) if source else None
    return Question(
        home=str(room.home),
        source=source,
        address=address.reveal() if address else None,
        dataset=source.dataset if source else dataset,
        table=table if spec.table is not None else None,
        sql=spec.sql,
        with_deleted=with_deleted,
        after=after,
        limit=limit,
    )


def _check_query(sql: str) -> None:
    if not sql.strip():
        raise refused("sql", "The query is empty.")
    if len(sql) > LONGEST_QUERY or "\0" in sql:
        raise refused("sql", f"The query must be text of no more than {LONGEST_QUERY:,} characters.")


async def _source(room: Room, spec: RowsSpec, dataset: str) -> Source | None:
    """Find the source whose warehouse has the rows; None stands for the home's warehouse."""
    if spec.source_id is not None:
        try:
            source = await sources.get(room, spec.source_id)
        except NotFound as error:
            raise refused("source_id", "There is no such source.") from error
        if spec.table is not None and dataset not in ("", source.dataset):
            raise refused(
                "table", f"The source {source.name} keeps the dataset {source.dataset}, not {shown(dataset)}."
            )
        return source
    if spec.sql is not None:
        return None
    if not dataset:
        raise refused("table", "Write the table with its dataset before it, such as crm.parties.")
    found = [source for source in await every(partial(sources.list_sources, room)) if source.dataset == dataset]
    if len(found) > 1:
        names = ", ".join(source.name for source in found)
        raise refused("source_id", f"Several sources keep a dataset {shown(dataset)}: {names}. Say which one is meant.")
    return found[0] if found else None
