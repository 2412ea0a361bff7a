"""Rows out of a warehouse for destinations: a table of a dataset, or one query that can only read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from consentry.core.secret import Secret
from consentry.errors import FieldError, InvalidInput, NotFound, WarehouseRefused
from consentry.flows.model import Source

if TYPE_CHECKING:
    from consentry.flows.warehouse.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """Columns, and rows to be taken while the warehouse is open."""

    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]


@runtime_checkable
class HandsOut(Protocol):
    """An engine that rows can be streamed out of."""

    def stream(self, query: str, *, guarded: bool) -> tuple[Sequence[str], Iterator[Mapping[str, Any]]]:
        """Return the columns of a query and its rows, a few in memory at a time.

        ``guarded``: somebody else wrote it, so it is proven to be one query, and can neither write nor leave the
        warehouse. Raises InvalidInput with words about such a query.
        """


@contextmanager
def hand_out(
    source: Source | None,
    *,
    home: Path,
    address: Secret | None,
    dataset: str,
    table: str | None,
    sql: str | None,
    with_deleted: bool,
) -> Iterator[HandedOut]:
    """Open a warehouse and hand out rows; ``source`` None is the warehouse in the home.

    Raises InvalidInput when the table isn't there or the query can't be run, WarehouseBusy, WarehouseRefused.
    """
    engine = _opened(source, home, address, dataset)
    if engine is None:
        raise _nothing(table)
    try:
        if not isinstance(engine, HandsOut):
            raise WarehouseRefused(
                "Rows can't be read out of this kind of warehouse.", hint="Export them to a file, and use that."
            )
        query = sql if sql is not None else _query(engine, table or "", with_deleted=with_deleted)
        columns, rows = engine.stream(query, guarded=sql is not None)
        twice = [name for name, times in Counter(columns).items() if times > 1]
        if twice:
            raise wrong("sql", f"The query gives more than one column named {twice[0]}; name them apart with AS.")
        yield HandedOut(columns=columns, rows=rows)
    finally:
        engine.close()


def wrong(place: str, message: str) -> InvalidInput:
    """Return the error for a table or query that can't be had."""
    return InvalidInput(FieldError(field=f"rows.{place}", message=message), message=message)


def _nothing(table: str | None) -> InvalidInput:
    words = "There is no warehouse yet that it could be read from; run the source first."
    return wrong("sql" if table is None else "table", words)


def _opened(source: Source | None, home: Path, address: Secret | None, dataset: str) -> "Engine | None":
    if source is not None:
        from consentry.flows.warehouse.opening import to_read

        return to_read(source, home, address)
    from consentry.flows.warehouse.duckdb import DuckDbEngine

    path = home / "warehouse.duckdb"
    return DuckDbEngine(path, dataset or "main", read_only=True) if path.exists() else None


def _query(engine: "Engine", table: str, *, with_deleted: bool) -> str:
    from consentry.flows.warehouse.look import select

    try:
        return select(engine, table, with_deleted=with_deleted)
    except NotFound as error:
        raise wrong("table", error.message) from error
