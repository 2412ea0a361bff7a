"""A look into a dataset for people: what tables there are, and their first rows."""

from collections.abc import Sequence
from typing import Any, Final

from consentry.errors import NotFound
from consentry.flows.warehouse.contract import TableLook
from consentry.flows.warehouse.engine import Engine, listed
from consentry.flows.warehouse.layout import COLUMNS

_HIDDEN: Final = ("_key", "_hash")


def tables(engine: Engine) -> Sequence[TableLook]:
    """Return the tables and views that Consentry made, by name."""
    columns = _columns(engine)
    return [
        TableLook(name=name, columns=tuple(there), count=_count(engine, name, [each for each, _ in there]))
        for name, there in sorted(columns.items())
    ]


def rows(engine: Engine, table: str, limit: int) -> list[dict[str, Any]]:
    """Return the first live rows of a table; raise NotFound when it isn't one of the dataset's."""
    return engine.read(f"{select(engine, table)} LIMIT {int(limit)}")


def select(engine: Engine, table: str, *, with_deleted: bool = False) -> str:
    """Return the query for the rows of a table, as people see them; raise NotFound when it isn't the dataset's."""
    there = _columns(engine).get(table)
    if there is None:
        raise NotFound(f"The dataset has no table named {table[:100]}.", hint="Look at the list of its tables.")
    names = [name for name, _ in there]
    return f"SELECT {listed(names)} FROM {engine.place(table)}{'' if with_deleted else _live(names)}"


def _columns(engine: Engine) -> dict[str, list[tuple[str, str]]]:
    if COLUMNS not in engine.names():
        return {}
    ours = {name for (name,) in engine.execute(f"SELECT DISTINCT table_name FROM {engine.place(COLUMNS)}")}
    query = (
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = ? AND table_catalog = current_database() ORDER BY table_name, ordinal_position"
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in engine.execute(query, engine.schema):
        if table in ours and column not in _HIDDEN:
            found.setdefault(table, []).append((column, str(kind).lower()))
    return found


def _count(engine: Engine, table: str, names: list[str]) -> int:
    return int(engine.execute(f"SELECT count(*) FROM {engine.place(table)}{_live(names)}")[0][0])


def _live(names: list[str]) -> str:
    return " WHERE _deleted_at IS NULL" if "_deleted_at" in names else ""
