"""The database on both engines: transactions, and every way in which it can fail, said in our errors."""

import asyncio
import threading
import time
import traceback
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from consentry.core.ids import SystemRandomness
from consentry.errors import SettingWrong, StorageBroken, StorageBusy
from consentry.storage import Database, connect, database_now
from consentry.storage.database import async_url
from consentry.storage.tables import facts, grants


async def write(database: Database, name: str, value: str = "v") -> None:
    async with database.transaction() as connection:
        await connection.execute(insert(facts).values(name=name, value=value))


async def names(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list((await connection.execute(select(facts.c.name).order_by(facts.c.name))).scalars())


async def test_what_is_committed_can_be_read(database: Database) -> None:
    await write(database, "a")
    assert await names(database) == ["a"]


async def test_what_one_look_reads_belongs_together(database: Database) -> None:
    await write(database, "a")
    count = select(func.count()).select_from(facts)
    async with database.reading() as connection:
        assert (await connection.execute(count)).scalar() == 1
        await write(database, "b")
        assert (await connection.execute(count)).scalar() == 1
    assert await names(database) == ["a", "b"]


async def test_what_raises_leaves_nothing_behind(database: Database) -> None:
    async def stop_half_way() -> None:
        async with database.transaction() as connection:
            await connection.execute(insert(facts).values(name="a", value="v"))
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await stop_half_way()
    assert await names(database) == []


async def test_readers_do_not_see_what_is_not_committed_and_do_not_wait_for_it(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(insert(facts).values(name="a", value="v"))
        assert await names(database) == []
    assert await names(database) == ["a"]


async def test_what_a_writer_has_read_stays_true_until_it_commits(database: Database) -> None:
    await write(database, "count", "0")

    async def add_one() -> None:
        async with database.transaction() as connection:
            row = select(facts.c.value).where(facts.c.name == "count").with_for_update()
            value = int((await connection.execute(row)).scalar_one())
            await asyncio.sleep(0)
            await connection.execute(update(facts).where(facts.c.name == "count").values(value=str(value + 1)))

    await asyncio.gather(*(add_one() for _ in range(12)))
    async with database.reading() as connection:
        assert (await connection.execute(select(facts.c.value))).scalar_one() == "12"


async def test_a_broken_rule_of_the_tables_passes_untranslated_because_only_its_room_knows_the_words(
    database: Database,
) -> None:
    await write(database, "a")
    with pytest.raises(IntegrityError):
        await write(database, "a")


async def test_foreign_keys_are_enforced(database: Database) -> None:
    row = {"credential_id": 77, "state": "current", "version": 1, "client_id": "c", "granted_scope": ""}
    moments = {name: text("CURRENT_TIMESTAMP") for name in ("issued_at", "refreshed_at", "expires_at")}
    with pytest.raises(IntegrityError):
        async with database.transaction() as connection:
            await connection.execute(insert(grants).values(**row, **moments, has_refresh_token=False))


async def test_the_databases_own_time_is_in_epoch_seconds(database: Database) -> None:
    before = time.time()
    async with database.reading() as connection:
        told = (await connection.execute(select(database_now()))).scalar_one()
    assert before - 2 < told < time.time() + 2


async def test_the_databases_own_time_runs_on_inside_one_transaction(database: Database) -> None:
    async with database.transaction() as connection:
        first = (await connection.execute(select(database_now()))).scalar_one()
        await asyncio.sleep(0.05)
        assert (await connection.execute(select(database_now()))).scalar_one() > first


# --- when it can't be used


async def test_a_lock_that_somebody_keeps_is_called_busy(database: Database, database_url: str) -> None:
    await write(database, "a")
    impatient = connect(database_url, busy_seconds=0.2)
    change = update(facts).values(value="w")
    async with database.transaction() as connection:
        await connection.execute(change)
        with pytest.raises(StorageBusy, match="locked"):
            async with impatient.transaction() as second:
                await second.execute(change)
    async with impatient.transaction() as second:
        await second.execute(change)
    await impatient.close()


async def test_a_statement_that_the_tables_do_not_know_is_called_broken(database: Database) -> None:
    with pytest.raises(StorageBroken):
        async with database.reading() as connection:
            await connection.execute(text("SELECT nothing FROM nowhere"))


async def test_no_error_shows_the_values_of_a_statement(database: Database) -> None:
    value = SystemRandomness().token()
    await write(database, "a", value)
    with pytest.raises(IntegrityError) as caught:
        await write(database, "a", value)
    assert value not in "".join(traceback.format_exception(caught.value))


async def test_no_error_shows_the_password_of_the_database() -> None:
    database = connect("postgresql://somebody:hidden-password@127.0.0.1:9/none", busy_seconds=1)
    with pytest.raises(StorageBusy) as caught:
        await names(database)
    await database.close()
    assert "hidden-password" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__} {database.url}"


@pytest.mark.parametrize(
    "url", ["postgresql://consentry@127.0.0.1:9/none", "sqlite:////nonexistent-folder/of/consentry.db"]
)
async def test_a_database_that_cannot_be_reached_is_said_to_pass(url: str) -> None:
    database = connect(url, busy_seconds=1)
    threads = threading.active_count()
    with pytest.raises(StorageBusy, match=r"can't be (reached|opened)"):
        await names(database)
    await database.close()
    for _ in range(100):  # the driver's thread ends a moment after it has failed
        if threading.active_count() <= threads:
            break
        await asyncio.sleep(0.01)


class TestSqlite:
    @pytest.fixture
    def engine(self) -> str:
        return "sqlite"

    async def test_it_keeps_a_write_ahead_log_and_waits_for_the_disk_at_every_commit(self, database: Database) -> None:
        async with database.reading() as connection:
            for pragma, value in (
                ("journal_mode", "wal"),
                ("synchronous", 2),
                ("foreign_keys", 1),
                ("secure_delete", 1),
            ):
                assert (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one() == value, pragma

    async def test_a_full_disk_says_so_and_what_was_there_stays(self, database: Database) -> None:
        await write(database, "a")
        async with database.transaction() as connection:
            pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
            await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StorageBusy, match="full"):
            await write(database, "big", "x" * 1_000_000)
        assert await names(database) == ["a"]

    async def test_a_database_that_may_only_be_read_says_so(self, database: Database) -> None:
        async with database.transaction() as connection:
            await connection.exec_driver_sql("PRAGMA query_only = ON")
        with pytest.raises(StorageBusy, match="written"):
            await write(database, "a")

    async def test_a_file_that_is_no_database_is_broken(self, tmp_path: Path) -> None:
        path = tmp_path / "other.db"
        path.write_bytes(b"this is a letter, not a database. " * 200)
        database = connect(f"sqlite:///{path}")
        with pytest.raises(StorageBroken):
            await names(database)
        await database.close()


class TestPostgresql:
    @pytest.fixture
    def engine(self) -> str:
        return "postgresql"

    async def test_a_process_that_stands_still_in_a_transaction_does_not_keep_its_locks_for_ever(
        self, database: Database
    ) -> None:
        async with database.reading() as connection:
            told = await connection.execute(text("SHOW idle_in_transaction_session_timeout"))
            assert told.scalar_one() == "2min"

    async def test_connections_that_the_server_closed_are_replaced_and_the_next_call_works(
        self, database: Database, database_url: str
    ) -> None:
        await write(database, "a")
        other = connect(database_url)

        async def lose_the_line_half_way() -> None:
            async with database.transaction() as connection:
                await connection.execute(insert(facts).values(name="lost", value="v"))
                await _end_all_others(other)
                await connection.execute(select(func.count()).select_from(facts))

        with pytest.raises(StorageBusy, match=r"can't be (reached|opened)"):
            await lose_the_line_half_way()
        await other.close()
        assert await names(database) == ["a"]

    async def test_connections_closed_while_idle_are_noticed_before_they_are_used(
        self, database: Database, database_url: str
    ) -> None:
        await write(database, "a")
        other = connect(database_url)
        await _end_all_others(other)
        await other.close()
        assert await names(database) == ["a"]


async def _end_all_others(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


# --- which database


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("sqlite:////data/c.db", "sqlite+aiosqlite:////data/c.db"),
        ("sqlite+aiosqlite:////data/c.db", "sqlite+aiosqlite:////data/c.db"),
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgres://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_the_async_driver_is_chosen_for_people(given: str, taken: str) -> None:
    assert async_url(given).render_as_string(hide_password=False) == taken


@pytest.mark.parametrize("given", ["mysql://u:pass-word@h/d", "nonsense", "://", "http://example.com/"])
def test_any_other_database_is_refused_by_the_settings_name(given: str) -> None:
    with pytest.raises(SettingWrong, match="CONSENTRY_DATABASE_URL") as caught:
        async_url(given)
    assert "pass-word" not in str(caught.value)
