"""What goes wrong with warehouses: whose move it is stands in the error, and nothing is lost or overwritten."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pyarrow.parquet
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from consentry.core.secret import Secret
from consentry.errors import NotFound, WarehouseBusy, WarehouseRefused
from consentry.flows.model import WarehouseKind, WarehouseSpec
from consentry.flows.warehouse import open_dataset, open_to_look
from ground.databases import Databases
from ground.warehouses import KINDS, STREAMS, Warehouse, a_warehouse

HOLDER = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


@pytest.fixture(params=KINDS)
def warehouse(request: pytest.FixtureRequest, databases: Databases, home: Path) -> Iterator[Warehouse]:
    """Give an empty dataset of each kind."""
    kind: WarehouseKind = request.param
    with a_warehouse(kind, databases, home) as made:
        yield made


@pytest.fixture
def in_duckdb(databases: Databases, home: Path) -> Iterator[Warehouse]:
    with a_warehouse("duckdb", databases, home) as made:
        yield made


@pytest.fixture
def in_postgres(databases: Databases, home: Path) -> Iterator[Warehouse]:
    with a_warehouse("postgres", databases, home) as made:
        yield made


@contextmanager
def held_elsewhere(path: Path) -> Iterator[None]:
    """Let another program have a DuckDB file open."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdin=-1, stdout=-1) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"open\n"
        try:
            yield
        finally:
            holder.stdin.close()
            holder.wait(10)


def run_outside(warehouse: Warehouse, statement: str) -> None:
    """Do something to the warehouse that Consentry doesn't know of."""
    if warehouse.source.warehouse.url:
        with psycopg.connect(warehouse.source.warehouse.url, autocommit=True) as connection:
            connection.execute(statement.encode())
        return
    folder = Path(warehouse.source.warehouse.path or warehouse.home)
    path = folder / "crm" / ".consentry.duckdb" if warehouse.source.warehouse.kind == "parquet" else None
    with duckdb.connect(str(path or warehouse.home / "warehouse.duckdb")) as connection:
        connection.execute(statement)


def test_a_table_that_was_dropped_is_filled_anew(warehouse: Warehouse) -> None:
    warehouse.write([{"id": 1, "words": ["a"]}], state={"known": True})
    run_outside(warehouse, 'DROP TABLE "crm"."things"')
    with warehouse.open() as dataset:
        assert dataset.state("things") == {}
        assert dataset.keys("things") == []
    assert warehouse.write([{"id": 1, "words": ["a"]}]).new == 1
    with warehouse.open() as dataset:
        assert len(dataset.rows("things__words", 10)) == 1


def test_a_table_of_a_list_that_was_dropped_is_told_with_a_way_out(warehouse: Warehouse) -> None:
    warehouse.write([{"id": 1, "words": ["a"]}])
    run_outside(warehouse, 'DROP TABLE "crm"."things__words"')
    with pytest.raises(WarehouseRefused) as refused:
        warehouse.write([{"id": 1, "words": ["b"]}])
    assert refused.value.hint


def test_a_schema_that_was_dropped_begins_anew(warehouse: Warehouse) -> None:
    warehouse.write([{"id": 1}], state={"known": True})
    run_outside(warehouse, 'DROP SCHEMA "crm" CASCADE')
    with warehouse.open() as dataset:
        assert dataset.state("things") == {}
    assert warehouse.write([{"id": 1}]).new == 1


@pytest.mark.parametrize("name", ["things", "things__words", "pairs"])
def test_a_table_that_somebody_else_made_is_never_written_to(in_duckdb: Warehouse, name: str) -> None:
    run_outside(in_duckdb, f"CREATE SCHEMA crm; CREATE TABLE crm.{name} AS SELECT 'precious' AS text")
    stream, record = (STREAMS[2], {"leftId": 1, "code": "a"}) if name == "pairs" else (STREAMS[0], {"id": 1})
    with pytest.raises(WarehouseRefused, match=f"crm.{name} that Consentry did not make"):
        in_duckdb.write([record], stream=stream)
    with duckdb.connect(str(in_duckdb.home / "warehouse.duckdb")) as connection:
        assert connection.execute(f"SELECT * FROM crm.{name}").fetchall() == [("precious",)]


def test_a_view_that_somebody_else_made_is_never_replaced(warehouse: Warehouse) -> None:
    warehouse.write([{"id": 1}])
    warehouse.write([{"id": 1, "name": "a", "type": "text"}], stream=STREAMS[1])
    run_outside(warehouse, 'CREATE VIEW "crm"."things_wide" AS SELECT 1 AS mine')
    with pytest.raises(WarehouseRefused, match="things_wide"):
        warehouse.finish()


def test_another_source_made_anew_begins_with_its_own_fences(warehouse: Warehouse) -> None:
    warehouse.write([{"id": 1}], fence=9)
    warehouse.source = replace(warehouse.source, created_at=datetime(2026, 5, 1, tzinfo=UTC))
    assert warehouse.write([{"id": 1}], fence=1).unchanged == 1


@pytest.mark.parametrize("name", ["Crm", "a b", 'x"y', "pg_mine", "", "1st", "information_schema", "x" * 64])
def test_a_dataset_with_an_impossible_name_is_refused(warehouse: Warehouse, name: str) -> None:
    warehouse.source = replace(warehouse.source, dataset=name)
    with pytest.raises(WarehouseRefused, match="name of a dataset"):
        warehouse.write([{"id": 1}])


def test_a_look_before_the_first_run_finds_nothing_and_makes_nothing(warehouse: Warehouse) -> None:
    before = sorted(warehouse.home.rglob("*"))
    with open_to_look(warehouse.source, STREAMS, home=warehouse.home, address=warehouse.address) as dataset:
        assert dataset is None or list(dataset.look()) == []
    assert sorted(warehouse.home.rglob("*")) == before


def test_only_tables_of_the_dataset_can_be_looked_at(warehouse: Warehouse) -> None:
    warehouse.write([{"id": 1}])
    with open_to_look(warehouse.source, STREAMS, home=warehouse.home, address=warehouse.address) as dataset:
        assert dataset is not None
        for name in ('things"; DROP TABLE things; --', "_consentry_streams", "information_schema.tables"):
            with pytest.raises(NotFound):
                dataset.rows(name, 5)
        assert len(dataset.rows("things", 5)) == 1


def test_a_file_that_another_program_has_open_is_busy_and_free_again_later(in_duckdb: Warehouse) -> None:
    in_duckdb.write([{"id": 1}])
    with held_elsewhere(in_duckdb.home / "warehouse.duckdb"), pytest.raises(WarehouseBusy, match="open"):
        in_duckdb.write([{"id": 2}])
    assert in_duckdb.write([{"id": 2}]).new == 1


def test_many_runs_of_one_process_open_and_close_one_file_at_once(in_duckdb: Warehouse) -> None:
    def go(number: int) -> int:
        own = replace(in_duckdb, source=replace(in_duckdb.source, dataset=f"crm_{number}"))
        written, lots = 0, random.Random(number)
        for attempt in range(50):
            with suppress(WarehouseBusy):  # a run comes back a little later
                written += own.write([{"id": attempt}]).new
            time.sleep(lots.random() / 50)  # so that now and then the last one closes while the next one opens
        return written

    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(go, range(3)))
    assert min(counts) > 40


def test_a_look_is_possible_while_this_process_writes(in_duckdb: Warehouse) -> None:
    in_duckdb.write([{"id": 1}])
    with in_duckdb.open(), open_to_look(in_duckdb.source, STREAMS, home=in_duckdb.home) as dataset:
        assert dataset is not None
        assert len(dataset.rows("things", 5)) == 1


def test_a_folder_that_is_not_there_is_named(in_duckdb: Warehouse) -> None:
    spec = WarehouseSpec(kind="duckdb", path=str(in_duckdb.home / "gone" / "w.duckdb"))
    in_duckdb.source = replace(in_duckdb.source, warehouse=spec)
    with pytest.raises(WarehouseRefused, match="gone") as refused:
        in_duckdb.write([{"id": 1}])
    assert "Make the folder" in refused.value.hint


def test_a_file_that_is_something_else_is_left_as_it_is(in_duckdb: Warehouse) -> None:
    path = in_duckdb.home / "warehouse.duckdb"
    path.write_text("a letter to grandmother\n" * 1000)
    with pytest.raises(WarehouseRefused, match="can't be read as a DuckDB database"):
        in_duckdb.write([{"id": 1}])
    assert path.read_text().startswith("a letter")


def test_a_dataset_called_as_its_file_is_refused_with_a_way_out(in_duckdb: Warehouse) -> None:
    in_duckdb.source = replace(in_duckdb.source, dataset="warehouse")
    with pytest.raises(WarehouseRefused, match="one for the other"):
        in_duckdb.write([{"id": 1}])


FULL_DISK = """
import json, resource, sys
from pathlib import Path
from consentry.errors import ConsentryError
from ground.sources import a_source
from ground.warehouses import Warehouse
here = Warehouse(source=a_source(), home=Path(sys.argv[1]))
here.write([{"id": 1}], state={"good": 1})
size = (here.home / "warehouse.duckdb").stat().st_size
import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
told = "nothing"
try:
    here.write([{"id": each, "name": "x" * 500 + str(each)} for each in range(2, 20000)], state={"good": 2})
except ConsentryError as error:
    told = error.code
print(json.dumps(told))
"""


def test_a_disk_that_fills_up_in_the_middle_leaves_what_was_there(in_duckdb: Warehouse) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(in_duckdb.home)],
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert json.loads(done.stdout) == "warehouse_busy", done.stderr.decode()
    with in_duckdb.open() as dataset:
        assert dataset.state("things") == {"good": 1}
        assert dataset.keys("things") == [(1,)]


def test_parquet_files_show_what_the_last_finished_run_left(databases: Databases, home: Path) -> None:
    with a_warehouse("parquet", databases, home) as lake:
        lake.write([{"id": 1, "words": ["x"]}])
        folder = Path(lake.source.warehouse.path or "") / "crm"
        assert not list(folder.glob("*.parquet"))
        lake.finish()
        words = pyarrow.parquet.read_table(folder / "things__words.parquet")
        assert words.to_pylist() == [{"_parent_id": 1, "_position": 0, "value": "x"}]
        written = (folder / "things.parquet").stat().st_mtime_ns
        lake.finish()
        assert (folder / "things.parquet").stat().st_mtime_ns == written
        lake.write([{"id": 2}])
        lake.finish()
        ids = pyarrow.parquet.read_table(folder / "things.parquet").column("id").to_pylist()
        assert sorted(ids) == [1, 2]


def test_a_server_that_can_not_be_reached_is_busy_and_its_password_is_not_told(in_postgres: Warehouse) -> None:
    nobody = Secret("postgresql://ada:very-secret-word@127.0.0.1:9/crm")
    with (
        pytest.raises(WarehouseBusy) as busy,
        open_dataset(in_postgres.source, STREAMS, home=in_postgres.home, address=nobody),
    ):
        pass
    assert "very-secret-word" not in f"{busy.value.message} {busy.value.hint}"


def test_a_connection_that_drops_in_the_middle_leaves_nothing_half_done(in_postgres: Warehouse) -> None:
    in_postgres.write([{"id": 1}], state={"good": 1})
    url = in_postgres.source.warehouse.url or ""
    with in_postgres.open() as dataset:
        with psycopg.connect(url, autocommit=True) as other:
            others = "pid <> pg_backend_pid() AND datname = current_database()"
            other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode())
        with pytest.raises(WarehouseBusy):
            dataset.delete("things", [(1,)], state={}, fence=1, at=in_postgres.now())
    with in_postgres.open() as dataset:
        assert dataset.keys("things") == [(1,)]


def test_a_role_without_rights_is_told_to_whom_it_concerns(in_postgres: Warehouse) -> None:
    url = in_postgres.source.warehouse.url or ""
    role = f"reader_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
        asked = Secret(make_conninfo(url, user=role))
        try:
            with (
                open_dataset(in_postgres.source, STREAMS, home=in_postgres.home, address=asked) as dataset,
                pytest.raises(WarehouseRefused) as refused,
            ):
                dataset.begin_listing("things", state={}, fence=1)
            assert refused.value.hint
        finally:
            admin.execute(SQL("DROP ROLE {}").format(Identifier(role)))
