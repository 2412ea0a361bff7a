"""A dataset as anybody would see it who opens it with the tools of its warehouse: duckdb, psycopg, a Parquet reader."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow.parquet
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from sqlalchemy import MetaData, create_engine, make_url, select

from consentry.flows.model import Source

Rows = dict[str, dict[str, Any]]


def live_rows(source: Source, home: Path) -> dict[str, Rows]:
    """Return the live rows of every table by key; rows of lists by their parent's key and their place."""
    tables = {name: list(rows) for name, rows in _tables(source, home)}
    live = {name: _live(rows) for name, rows in tables.items() if "__" not in name}
    lists = {name: rows for name, rows in tables.items() if "__" in name}
    return live | {name: _of_parents(rows, live[name.partition("__")[0]]) for name, rows in lists.items()}


def deleted_rows(source: Source, home: Path, table: str) -> list[dict[str, Any]]:
    """Return the rows of a table that are marked as deleted."""
    tables = dict(_tables(source, home))
    return [row for row in tables[table] if row["_deleted_at"] is not None]


def _live(rows: list[dict[str, Any]]) -> Rows:
    live = [row for row in rows if row["_deleted_at"] is None]
    found = {row["_key"]: row for row in live}
    assert len(found) == len(live), "a record is there twice"
    return found


def _of_parents(rows: list[dict[str, Any]], parents: Mapping[str, Any]) -> Rows:
    mine = [row for row in rows if str(row["_parent_id"]) in parents]
    found = {f"{row['_parent_id']}#{row['_position']}": row for row in mine}
    assert len(found) == len(mine), "an item of a list is there twice"
    return found


def _tables(source: Source, home: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    warehouse = source.warehouse
    match warehouse.kind:
        case "duckdb":
            yield from _in_duckdb(Path(warehouse.path or home / "warehouse.duckdb"), source.dataset)
        case "postgres":
            yield from _in_postgres(warehouse.url or "", source.dataset)
        case "parquet":
            yield from _in_parquet(Path(warehouse.path or ""), source.dataset)
        case "filesystem":
            yield from _in_files(Path((warehouse.url or "").removeprefix("file://")), source.dataset)
        case _:
            yield from _by_sqlalchemy(warehouse.url or "", source.dataset)


def _in_duckdb(path: Path, schema: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        asked = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_type = 'BASE TABLE'"
        names = [name for (name,) in connection.execute(asked, [schema]).fetchall()]
        for name in names:
            if not name.startswith("_"):
                yield name, connection.table(f'"{schema}"."{name}"').to_arrow_table().to_pylist()


def _in_postgres(url: str, schema: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        asked = SQL(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'"
        )
        names = [row["table_name"] for row in connection.execute(asked, [schema]).fetchall()]
        for name in names:
            if not name.startswith("_"):
                yield (
                    name,
                    connection.execute(
                        SQL("SELECT * FROM {}.{}").format(Identifier(schema), Identifier(name))
                    ).fetchall(),
                )


def _in_files(folder: Path, schema: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for each in sorted((folder / schema).iterdir()):
        if not each.name.startswith("_") and each.is_dir():
            files = [pyarrow.parquet.read_table(path).to_pylist() for path in sorted(each.glob("*.parquet"))]
            yield each.name, [row for rows in files for row in rows]


def _by_sqlalchemy(url: str, schema: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    whole = make_url(url)
    if whole.get_backend_name() == "sqlite":  # a dataset has a file of its own, beside the one that the address names
        path = Path(whole.database or "")
        whole, schema = whole.set(database=str(path.with_stem(f"{path.stem}__{schema}"))), ""
    engine = create_engine(whole)
    metadata = MetaData(schema=schema or None)
    metadata.reflect(engine)
    with engine.connect() as connection:
        for table in metadata.tables.values():
            if not table.name.startswith("_"):
                yield table.name, [_ours(dict(row)) for row in connection.execute(select(table)).mappings()]
    engine.dispose()


def _ours(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without dlt's mark, which nothing that stays bears."""
    assert row.pop("_consentry_removed") is None
    return {name: _with_zone(value) for name, value in row.items()}


def _with_zone(value: Any) -> Any:
    """Let moments say that they are of UTC, as all are, where a database has no zones; and times of a day not."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value.replace(tzinfo=None) if isinstance(value, time) else value


def _in_parquet(folder: Path, schema: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for path in sorted(folder.rglob("*.parquet")):
        if not path.stem.startswith("_") and not path.stem.endswith("_wide"):
            yield path.stem, pyarrow.parquet.read_table(path).to_pylist()
