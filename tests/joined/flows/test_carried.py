"""Warehouses that dlt writes to: after each run they hold what our own file holds, whatever happened on the way."""

import contextlib
import fcntl
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from datetime import time as clock_time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import create_engine, make_url, text

from consentry.core.secret import Secret
from consentry.errors import WarehouseBusy, WarehouseRefused
from consentry.flows.model import WarehouseSpec
from consentry.flows.warehouse import open_dataset, open_to_look
from ground.carrier_child import changed, take_turn
from ground.databases import Databases
from ground.datasets import deleted_rows, live_rows
from ground.flattening import Expected, differences
from ground.warehouses import STREAMS, THINGS, Carrier, Warehouse, a_carried_warehouse

KILLS: Final = 20 if os.environ.get("CONSENTRY_SOAK") else 3
PATIENCE_SECONDS: Final = 120
pytestmark = pytest.mark.timeout(900)  # a process and dlt start for each carry-over, on a machine that may be busy
SECRET: Final = "a-very-secret-word"
FULL: Final[dict[str, Any]] = {
    "id": 9_007_199_254_740_993,
    "name": "Zoë — 株式会社 \u202e 🐙 'quoted' \"twice\"\nline\t\\.",
    "isBig": True,
    "price": 1234567.89,
    "weight": 0.1,
    "createdAt": "2024-02-29T23:59:59.123Z",
    "dueOn": "2024-02-29",
    "dueTime": "23:59:59",
    "loose": {"b": [1, None], "a": "ü"},
    "owner": {"id": 7, "name": ""},
    "parts": [{"id": 1, "name": "one"}, {"id": 1, "name": None}],
    "words": ["a", "", "a"],
    "fields": [{"value": "x", "definition": {"id": 4}}],
}


@pytest.fixture
def in_sqlite(databases: Databases, home: Path) -> Iterator[Warehouse]:
    with a_carried_warehouse("sqlite", databases, home) as made:
        yield made


@pytest.fixture
def in_postgres(databases: Databases, home: Path) -> Iterator[Warehouse]:
    with a_carried_warehouse("postgresql", databases, home) as made:
        yield made


def patient(warehouse: Warehouse) -> Warehouse:
    """Let SQLite wait for a lock as long as it takes, instead of half a second."""
    spec = warehouse.source.warehouse
    url = (spec.url or "").replace("timeout=0.5", "timeout=600")
    warehouse.source = replace(warehouse.source, warehouse=replace(spec, url=url))
    return warehouse


def thing(number: int, **more: Any) -> dict[str, Any]:
    """Return a record with a list of one part."""
    return {"id": number, "name": f"thing {number}", "parts": [{"id": number, "name": "part"}], **more}


def check(warehouse: Warehouse, *records: dict[str, Any]) -> None:
    """End a run, and compare the live rows on the other side with records."""
    expected = Expected()
    for record in records:
        expected.add(THINGS, record)
    assert differences(expected, warehouse.live()) == []


def file_of(warehouse: Warehouse) -> Path:
    """Return where dlt keeps the dataset of the SQLite file that the address names."""
    return warehouse.home / "elsewhere__crm.db"


@pytest.mark.parametrize(
    ("carrier", "deletions"),
    [
        ("sqlite", "remove"),  # each way with deletions once where dlt merges
        ("postgresql", "mark"),
        ("files", "mark"),
    ],
)
def test_what_is_new_changed_and_deleted_is_carried_value_for_value(
    carrier: Carrier, deletions: str, databases: Databases, home: Path
) -> None:
    with a_carried_warehouse(carrier, databases, home, deletions=deletions) as warehouse:
        empty = {"id": 2} | dict.fromkeys(name for name in FULL if name not in ("id", "owner"))
        warehouse.write([FULL, empty, thing(3), thing(4), thing(5)])
        check(warehouse, FULL, empty, thing(3), thing(4), thing(5))
        row = live_rows(warehouse.source, home)["things"][str(FULL["id"])]
        assert (row["due_on"], row["due_time"]) == (date(2024, 2, 29), clock_time(23, 59, 59))
        assert row["created_at"] == datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=UTC)
        assert (row["price"], row["is_big"], row["weight"]) == (Decimal("1234567.89"), True, 0.1)

        odd = thing(6, mood="good", pets=[{"legs": 4}])  # columns and a table that nobody declared
        warehouse.write([thing(2), thing(3, parts=[]), thing(4, parts=[{"id": 8}, {"id": 9}]), odd])
        warehouse.delete((5,), (99,))
        live = FULL, thing(2), thing(3, parts=[]), thing(4, parts=[{"id": 8}, {"id": 9}]), odd
        check(warehouse, *live)
        if deletions == "mark":
            marked = deleted_rows(warehouse.source, home, "things")
            assert [(row["_key"], row["_deleted_at"]) for row in marked] == [("5", row["_synced_at"]) for row in marked]

        warehouse.write([thing(5), thing(6, parts=[])])  # one that came back, one that lost its lists
        check(warehouse, *live[:-1], thing(5), thing(6, parts=[]))


def test_a_run_that_brought_nothing_carries_nothing(in_sqlite: Warehouse) -> None:
    in_sqlite.write([thing(1)])
    check(in_sqlite, thing(1))
    loads = "SELECT count(*) FROM _dlt_loads"
    with contextlib.closing(sqlite3.connect(file_of(in_sqlite))) as other:
        before = other.execute(loads).fetchone()
        in_sqlite.write([thing(1)])
        check(in_sqlite, thing(1))
        assert other.execute(loads).fetchone() == before


def test_whatever_is_killed_the_next_run_carries_everything(in_sqlite: Warehouse) -> None:
    lots, live = random.Random(), dict[int, dict[str, Any]]()
    url = in_sqlite.source.warehouse.url or ""
    for turn in range(KILLS):
        arguments = [sys.executable, "-m", "ground.carrier_child", "sqlalchemy", url, str(in_sqlite.home), str(turn)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"carrying\n"
            time.sleep(lots.uniform(0.2, 3.0))
            child.send_signal(signal.SIGKILL)
        records, gone = changed(turn)
        live |= {record["id"]: record for record in records}
        live = {number: record for number, record in live.items() if number not in gone}
        until_free(in_sqlite)
    in_sqlite.minutes = 1_000
    check(in_sqlite, *live.values())


def test_whoever_carries_ends_with_who_ordered_it(in_sqlite: Warehouse) -> None:
    patient(in_sqlite).write([thing(1)])
    check(in_sqlite, thing(1))
    arguments = [sys.executable, "-m", "ground.carrier_child", "sqlalchemy", in_sqlite.source.warehouse.url or ""]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with held(file_of(in_sqlite)):
        with subprocess.Popen([*arguments, str(in_sqlite.home), "7"], stdout=-1, env=environment) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"carrying\n"
            until(lambda: any(in_sqlite.home.glob("carried/*/dlt/*")))
            with pytest.raises(WarehouseBusy, match="earlier run"):
                in_sqlite.finish()
            child.send_signal(signal.SIGKILL)
        until_free(in_sqlite)
    take_turn(in_sqlite, 8)
    in_sqlite.finish()
    assert not any(path.name in ("out", "dlt") for path in in_sqlite.home.glob("carried/*/*"))


def until_free(warehouse: Warehouse) -> None:
    """Wait until nobody carries."""

    def is_free() -> bool:
        for path in warehouse.home.glob("carried/*/lock"):  # none, if it never came to carry
            with path.open() as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
        return True

    until(is_free)


def until(holds: Any) -> None:
    """Wait until something comes true."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < ends, "it never came so far"
        time.sleep(0.01)


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Write to a SQLite file, and don't come to an end."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def test_a_warehouse_that_is_locked_is_busy_and_takes_everything_later(in_sqlite: Warehouse) -> None:
    in_sqlite.write([thing(1), thing(2)])
    check(in_sqlite, thing(1), thing(2))
    in_sqlite.write([thing(2, name="other", parts=[])])
    in_sqlite.delete((1,))
    with held(file_of(in_sqlite)), pytest.raises(WarehouseBusy, match="locked"):
        in_sqlite.finish()
    in_sqlite.write([thing(3)])
    check(in_sqlite, thing(2, name="other", parts=[]), thing(3))


def test_our_own_copy_can_be_looked_into_also_while_rows_are_carried(in_sqlite: Warehouse) -> None:
    patient(in_sqlite).write([thing(1)])
    check(in_sqlite, thing(1))
    in_sqlite.write([thing(2)])
    carrying = threading.Thread(target=in_sqlite.finish)
    with held(file_of(in_sqlite)):
        carrying.start()
        until(lambda: any(in_sqlite.home.glob("carried/*/dlt/*")))
        with open_to_look(in_sqlite.source, STREAMS, home=in_sqlite.home, address=in_sqlite.address) as dataset:
            assert dataset is not None
            assert {look.name: look.count for look in dataset.look()}["things"] == 2
            assert [name for name in (look.name for look in dataset.look()) if name.startswith("_")] == []
            assert {row["id"] for row in dataset.rows("things", 5)} == {1, 2}
    carrying.join()
    check(in_sqlite, thing(1), thing(2))


def test_tables_that_were_dropped_are_carried_whole_again(in_postgres: Warehouse) -> None:
    in_postgres.write([thing(1), thing(2)])
    check(in_postgres, thing(1), thing(2))
    for dropped in ('TABLE "crm"."things__parts"', 'SCHEMA "crm" CASCADE'):
        run_outside(in_postgres, f"DROP {dropped}")
        in_postgres.write([thing(2, name=f"after {dropped}")])
        check(in_postgres, thing(1), thing(2, name=f"after {dropped}"))


def test_a_table_that_somebody_else_made_is_never_written_to(in_postgres: Warehouse) -> None:
    run_outside(in_postgres, "CREATE SCHEMA crm")
    run_outside(in_postgres, "CREATE TABLE crm.things AS SELECT 'precious' AS text")
    in_postgres.write([thing(1)])
    with pytest.raises(WarehouseRefused, match=r"crm\.things that Consentry did not make"):
        in_postgres.finish()
    assert run_outside(in_postgres, "SELECT * FROM crm.things") == [("precious",)]


def run_outside(warehouse: Warehouse, statement: str) -> list[Any]:
    engine = create_engine(warehouse.source.warehouse.url or "")
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        rows = [tuple(row) for row in found] if found.returns_rows else []
    engine.dispose()
    return rows


@contextlib.contextmanager
def somebody_with_a_password(url: str) -> Iterator[str]:
    """Make a user that the server asks for its password, and give its name."""
    role = f"writer_{os.getpid()}"
    plain = url.replace("+psycopg", "", 1)
    with psycopg.connect(plain, autocommit=True) as admin:
        found = admin.execute("SHOW hba_file").fetchone()
        rules = Path(found[0] if found else "")
        before = rules.read_text()
        admin.execute(SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}").format(Identifier(role), Literal(SECRET)))
        rules.write_text(f"local all {role} scram-sha-256\n{before}")
        admin.execute("SELECT pg_reload_conf()")
        try:
            until(lambda: not lets_in(plain, role))
            yield role
        finally:
            rules.write_text(before)
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(Identifier(role)))
            admin.execute(SQL("DROP ROLE {}").format(Identifier(role)))


def lets_in(url: str, role: str) -> bool:
    try:
        psycopg.connect(url, user=role, password="another").close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_wrong_password_is_told_to_whom_it_concerns_and_no_password_rests_anywhere(
    in_postgres: Warehouse, capfd: pytest.CaptureFixture[str]
) -> None:
    url = in_postgres.source.warehouse.url or ""
    with somebody_with_a_password(url) as role:
        whole = make_url(url).set(username=role, host="localhost")
        in_postgres.write([thing(1)])

        def finish(password: str) -> None:
            address = Secret(whole.set(password=password).render_as_string(hide_password=False))
            with open_dataset(in_postgres.source, STREAMS, home=in_postgres.home, address=address) as dataset:
                dataset.finish(fence=1)

        with pytest.raises(WarehouseRefused, match="user or the password") as refused:
            finish(f"wrong-{SECRET}")
        finish(SECRET)
        check(in_postgres, thing(1))
        said = capfd.readouterr()
        told = f"{refused.value.message} {refused.value.hint} {refused.value!r} {said.out} {said.err}"
        assert SECRET not in told
        kept = [path for path in in_postgres.home.rglob("*") if path.is_file()]
        assert kept
        assert [path.name for path in kept if SECRET.encode() in path.read_bytes()] == []


def content(path: Path) -> bytes:
    """Return what a file holds; nothing for a folder, and for a file that was moved on meanwhile."""
    try:
        return path.read_bytes()
    except (IsADirectoryError, FileNotFoundError):
        return b""


def test_while_rows_are_carried_no_file_holds_the_password_and_nobody_else_may_read(in_postgres: Warehouse) -> None:
    url = make_url(in_postgres.source.warehouse.url or "").set(host="localhost", password=SECRET)
    address = Secret(url.render_as_string(hide_password=False))
    in_postgres.write([thing(1)])
    in_postgres.finish()
    in_postgres.write([thing(2)])
    engine = create_engine(url)
    with engine.begin() as other:
        other.execute(text("LOCK TABLE crm.things IN ACCESS EXCLUSIVE MODE"))

        def finish() -> None:
            with open_dataset(in_postgres.source, STREAMS, home=in_postgres.home, address=address) as dataset:
                dataset.finish(fence=1)

        carrying = threading.Thread(target=finish)
        carrying.start()
        until(lambda: any(in_postgres.home.glob("carried/*/dlt/consentry/load/normalized/*/started_jobs/*")))
        files = {path.name: found for path in in_postgres.home.glob("carried/**/*") if (found := content(path))}
        assert len(files) > 5
        assert [name for name, found in files.items() if SECRET.encode() in found] == []
        folders = {
            path.relative_to(in_postgres.home): path for path in in_postgres.home.glob("carried/*/*") if path.is_dir()
        }
        assert {path.stat().st_mode & 0o777 for path in folders.values()} == {0o700}
    carrying.join()
    engine.dispose()
    check(in_postgres, thing(1), thing(2))


def test_a_server_that_can_not_be_reached_is_busy_and_its_password_is_not_told(home: Path) -> None:
    spec = WarehouseSpec(kind="sqlalchemy", url=f"postgresql+psycopg://ada:{SECRET}@127.0.0.1:9/crm")
    with a_carried_warehouse("sqlite", Databases(home), home) as warehouse:
        warehouse.source = replace(warehouse.source, warehouse=spec)
        warehouse.write([thing(1)])
        with pytest.raises(WarehouseBusy) as busy:
            warehouse.finish()
    assert SECRET not in f"{busy.value.message} {busy.value.hint}"


def test_a_driver_that_is_not_installed_is_named_with_what_to_do(in_sqlite: Warehouse) -> None:
    spec = WarehouseSpec(kind="sqlalchemy", url="mysql+aiomysql://ada@127.0.0.1:9/crm")
    in_sqlite.source = replace(in_sqlite.source, warehouse=spec)
    in_sqlite.write([thing(1)])
    with pytest.raises(WarehouseRefused, match="isn't installed") as refused:
        in_sqlite.finish()
    assert "Install" in refused.value.hint


WITHOUT_DLT = """
import json, sys
sys.modules["dlt"] = None
from pathlib import Path
from consentry.errors import WarehouseRefused
from consentry.flows.model import WarehouseSpec
from ground.sources import a_source
from ground.warehouses import Warehouse
spec = WarehouseSpec(kind="snowflake", url="snowflake://ada@account/crm")
try:
    Warehouse(source=a_source(warehouse=spec), home=Path(sys.argv[1])).write([{"id": 1}])
except WarehouseRefused as refused:
    print(json.dumps([refused.message, refused.hint]))
"""


def test_where_dlt_is_not_installed_the_extra_is_named_before_anything_is_read(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_DLT, str(home)],
        capture_output=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    message, hint = json.loads(done.stdout)
    assert "dlt" in message
    assert 'pip install "consentry[warehouses]"' in hint


def test_dlt_reads_no_settings_of_others_and_tells_nobody(
    in_sqlite: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text('dataset_name_layout = "mine_%s"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DATASET_NAME_LAYOUT", "theirs_%s")
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, "http://{}:{}".format(*proxy.getsockname()))
        in_sqlite.write([thing(1)])
        check(in_sqlite, thing(1))
        proxy.settimeout(0.5)
        with pytest.raises(TimeoutError):
            proxy.accept()
    assert sorted(path.name for path in tmp_path.glob(".dlt/*")) == ["config.toml"]
