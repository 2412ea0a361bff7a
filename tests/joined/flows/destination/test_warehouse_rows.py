"""Rows out of datasets' tables and out of queries: live ones, safely, and without keeping the warehouse."""

import asyncio
import gc
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg.sql import SQL, Literal

from consentry import credentials, flows
from consentry.audit import Actor
from consentry.core.secret import Secret
from consentry.credentials import NewCredential
from consentry.errors import InvalidInput, WarehouseBusy
from consentry.flows import NewSource, Room, Source, WarehouseKind, WarehouseSpec
from consentry.flows.destination.looking_at_rows import look_at_rows
from consentry.flows.destination.model import RowsSpec
from consentry.flows.destination.origin import open_rows
from consentry.flows.warehouse.handing_out import hand_out
from ground.databases import Databases, Engine
from ground.sources import a_source
from ground.warehouses import KINDS, Warehouse, a_warehouse

ADA = Actor(name="person:ada@example.com")


@pytest.fixture
def engine() -> Engine:
    """Name the engine of Consentry's own database, which has no part in this."""
    return "sqlite"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> WarehouseKind:
    """Name the kind of warehouse."""
    chosen: WarehouseKind = request.param
    return chosen


@pytest.fixture
def spec(kind: WarehouseKind, databases: Databases, tmp_path: Path) -> Iterator[WarehouseSpec]:
    """Say where a dataset of the kind lives."""
    with ExitStack() as held:
        match kind:
            case "postgres":
                yield WarehouseSpec(kind=kind, url=held.enter_context(databases.make("postgresql", tmp_path)))
            case "parquet":
                yield WarehouseSpec(kind=kind, path=str(tmp_path / "files"))
            case _:
                yield WarehouseSpec(kind=kind)


async def add_source(room: Room, spec: WarehouseSpec, *, name: str = "Things", dataset: str = "crm") -> Source:
    """Add a source that keeps a dataset there."""
    known = await credentials.list_credentials(room.credentials)
    new = NewCredential(connector="capsule", name="Sales CRM", client_id="id", client_secret=Secret("secret"), scope="")
    credential = known[0][0] if known[0] else await credentials.create(room.credentials, ADA, new)
    return await flows.create(
        room, ADA, NewSource(name=name, credential_id=credential.id, dataset=dataset, warehouse=spec)
    )


def filled(source: Source, spec: WarehouseSpec, home: Path, count: int = 3) -> Warehouse:
    """Fill its dataset with some things, the last of them deleted."""
    warehouse = Warehouse(source=a_source(id=source.id, dataset=source.dataset, warehouse=spec), home=home)
    things = [
        {"id": number, "name": f"thing {number}", "price": number + 0.5, "parts": [{"id": number * 10, "name": "part"}]}
        for number in range(1, count + 1)
    ]
    warehouse.write([things[0] | {"dueOn": "2025-04-03", "loose": {"a": [1]}}, *things[1:]])
    warehouse.delete((count,))
    warehouse.finish()
    return warehouse


async def values_of(room: Room, rows: RowsSpec, **more: Any) -> list[dict[str, Any]]:
    async with open_rows(room, rows, **more) as origin:
        assert not origin.about.keeps_order
        return [dict(row.values) async for batch in origin.batches() for row in batch]


async def refusal_of(room: Room, rows: RowsSpec) -> str:
    with pytest.raises(InvalidInput) as caught:
        await values_of(room, rows)
    return caught.value.message


async def test_live_rows_of_a_table_are_read(room: Room, home: Path, spec: WarehouseSpec) -> None:
    source = await add_source(room, spec)
    filled(source, spec, home)
    found = await values_of(room, RowsSpec(table="crm.things"))
    assert [(row["id"], row["name"], row["price"]) for row in found] == [(1, "thing 1", "1.5"), (2, "thing 2", "2.5")]
    assert (found[0]["due_on"], json.loads(found[0]["loose"])) == ("2025-04-03", {"a": [1]})
    assert not {"_key", "_hash"} & found[0].keys()
    assert await values_of(room, RowsSpec(table="things", source_id=source.id)) == found
    everything = await values_of(room, RowsSpec(table="crm.things"), with_deleted=True)
    assert [row["id"] for row in everything] == [1, 2, 3]
    parts = await values_of(room, RowsSpec(table="crm.things__parts"))
    assert [row["id"] for row in parts if row["_parent_id"] in (1, 2)] == [10, 20]
    look = await look_at_rows(room, RowsSpec(table="crm.things"), 1)
    assert (len(look.rows), look.columns[0].name, look.columns[0].guess) == (1, "id", "integer")


async def test_a_query_is_run_over_the_warehouse(room: Room, home: Path, spec: WarehouseSpec) -> None:
    source = await add_source(room, spec)
    filled(source, spec, home)
    query = "SELECT name AS who, price * 2 AS twice, '%' AS sign FROM {} WHERE _deleted_at IS NULL ORDER BY id;"
    found = await values_of(room, RowsSpec(sql=query.format("things"), source_id=source.id))
    assert found == [
        {"who": "thing 1", "twice": "3", "sign": "%"},
        {"who": "thing 2", "twice": "5", "sign": "%"},
    ]


WRONG = {
    "two": "SELECT 1; SELECT 2",
    "hidden": "SELECT 1; DROP TABLE things",
    "out of the transaction": "SELECT 1; COMMIT; DELETE FROM things",
    "a change": "DELETE FROM things",
    "a change that gives rows": "WITH gone AS (DELETE FROM things RETURNING id) SELECT * FROM gone",
    "a table": "CREATE TABLE mine AS SELECT 1",
    "a setting": "SET threads = 1",
    "a copy": "COPY things TO '/tmp/consentry-things.csv'",
    "nonsense": "SELEKT 1",
    "no such table": "SELECT * FROM nothing_of_this_name",
    "no such column": "SELECT nothing_of_this_name FROM things",
    "twice one name": "SELECT id AS a, name AS a FROM things",
    "a wrong value": "SELECT CAST(name AS integer) AS n FROM things",
    "a comment": "-- nothing",
}


def test_a_query_can_only_read_and_says_what_is_wrong_with_it(
    kind: WarehouseKind, databases: Databases, home: Path
) -> None:
    with a_warehouse(kind, databases, home) as made:
        warehouse = filled(made.source, made.source.warehouse, home)
        before = warehouse.live()
        for what, query in WRONG.items():
            words = refusal_in_process(warehouse, query)
            assert words.startswith(("The query can't be run. ", "The query gives")), what
            assert "thing 1" not in words or kind != "postgres", what
        assert "nothing_of_this_name" in refusal_in_process(warehouse, WRONG["no such table"])
        assert warehouse.live() == before


def refusal_in_process(warehouse: Warehouse, query: str) -> str:
    """Return what is said, and let go of the error: its frames hold the connection, and DuckDB opens no file anew
    in a process that hasn't let go of it."""
    try:
        take(warehouse, query)
    except InvalidInput as error:
        words = error.message
    else:
        raise AssertionError(f"this was run: {query}")
    gc.collect()
    return words


def take(warehouse: Warehouse, query: str) -> list[Any]:
    more: dict[str, Any] = {"dataset": "crm", "table": None, "sql": query, "with_deleted": False}
    with hand_out(warehouse.source, home=warehouse.home, address=warehouse.address, **more) as found:
        return list(found.rows)


def test_a_query_over_duckdb_does_not_leave_the_warehouse(databases: Databases, home: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("a\n1\n")
    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    with a_warehouse("duckdb", databases, home) as made:
        warehouse = filled(made.source, made.source.warehouse, home)
        for query in (
            f"SELECT * FROM read_text('{home}/keyset.json')",
            f"SELECT * FROM read_csv('{rows}')",
            f"SELECT * FROM '{rows}'",
            f"SELECT * FROM glob('{home}/*')",
            f"ATTACH '{tmp_path}/other.duckdb' AS other",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SELECT * FROM query",
            "PRAGMA database_list",
        ):
            assert "can't be run" in refusal_in_process(warehouse, query), query
        assert len(take(warehouse, "FROM crm.things SELECT id")) == 3


def test_a_query_over_postgresql_writes_nothing_by_functions_either(databases: Databases, home: Path) -> None:
    with a_warehouse("postgres", databases, home) as made:
        warehouse = filled(made.source, made.source.warehouse, home)
        with psycopg.connect(made.source.warehouse.url or "", autocommit=True) as outside:
            outside.execute("CREATE TABLE notes (text text)")
            body = "INSERT INTO notes VALUES (1); SELECT 1"
            outside.execute(SQL("CREATE FUNCTION note() RETURNS int LANGUAGE sql AS {}").format(Literal(body)))
            for query in (
                "SELECT note()",
                "SELECT set_config('transaction_read_only', 'off', false), note()",
                "SELECT set_config('transaction_read_only', 'off', false) FROM things",
            ):
                assert "can't be run" in refusal_in_process(warehouse, query), query
            assert outside.execute("SELECT count(*) FROM notes").fetchone() == (0,)


async def test_tables_that_are_not_there_are_named(room: Room, home: Path) -> None:
    assert "no warehouse yet" in await refusal_of(room, RowsSpec(table="crm.things"))
    assert "no warehouse yet" in await refusal_of(room, RowsSpec(sql="SELECT 1"))
    assert "with its dataset before it" in await refusal_of(room, RowsSpec(table="things"))
    assert "no such source" in await refusal_of(room, RowsSpec(table="things", source_id=5))
    source = await add_source(room, WarehouseSpec())
    filled(source, WarehouseSpec(), home)
    assert "no table named nothing" in await refusal_of(room, RowsSpec(table="crm.nothing"))
    assert "no table named" in await refusal_of(room, RowsSpec(table='crm.things"; DROP TABLE things; --'))
    assert "no table named parties" in await refusal_of(room, RowsSpec(table="other.parties"))
    assert "keeps the dataset crm" in await refusal_of(room, RowsSpec(table="other.things", source_id=source.id))


async def test_two_datasets_of_one_name_are_told_apart_by_their_source(room: Room, home: Path, tmp_path: Path) -> None:
    other = WarehouseSpec(path=str(tmp_path / "other.duckdb"))
    await add_source(room, WarehouseSpec())
    second = await add_source(room, other, name="Others")
    filled(second, other, home, count=5)
    assert "Others, Things" in await refusal_of(room, RowsSpec(table="crm.things"))
    assert len(await values_of(room, RowsSpec(table="crm.things", source_id=second.id))) == 4


async def test_a_slow_reader_does_not_keep_the_warehouse_from_its_source(room: Room, home: Path) -> None:
    source = await add_source(room, WarehouseSpec())
    warehouse = filled(source, WarehouseSpec(), home, count=3_000)
    async with open_rows(room, RowsSpec(table="crm.things")) as origin:
        batches = origin.batches()
        first = await anext(batches)
        await asyncio.to_thread(warehouse.write, [{"id": 9_999, "name": "later"}])
        rest = [row async for batch in batches for row in batch]
    assert [row.row for row in (*first, *rest)] == list(range(1, 3_000))


def children() -> list[str]:
    """Return what the processes are called whose parent this one is."""
    mine = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [Path(f"/proc/{each}/cmdline").read_text() for each in mine]


async def test_a_warehouse_that_is_held_is_busy_and_whoever_gives_up_leaves_no_process(room: Room, home: Path) -> None:
    source = await add_source(room, WarehouseSpec())
    filled(source, WarehouseSpec(), home)
    with duckdb.connect(str(home / "warehouse.duckdb")), pytest.raises(WarehouseBusy):
        await values_of(room, RowsSpec(table="crm.things"))
    endless = "SELECT count(*) AS n FROM range(100000000) a, range(100000000) b"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await values_of(room, RowsSpec(sql=endless))
    assert not [line for line in children() if "reading_child" in line]
