"""Caches learn of changes, whoever made them, and trust nothing while they can't learn."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text

from consentry.storage import Changes, Database, announce, connect
from consentry.storage.changes import KEPT_SECONDS, prune

PATIENCE_SECONDS = 10


class Heard:
    """A cache that remembers only what it was told to forget; being told twice is the same as once."""

    def __init__(self) -> None:
        self.subjects: list[str | None] = []

    def __call__(self, subject: str | None) -> None:
        if subject not in self.subjects:
            self.subjects.append(subject)

    def clear(self) -> None:
        self.subjects.clear()


async def until(changes: Changes, met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not met():
        assert time.monotonic() < deadline, "nothing was heard in time"
        changes.poll()
        await asyncio.sleep(0.01)


async def say(database: Database, subject: str) -> None:
    async with database.transaction() as connection:
        await announce(connection, subject)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def changes(database: Database, heard: Heard) -> AsyncIterator[Changes]:
    changes = Changes(database)
    changes.subscribe(heard)
    await changes.start()
    await until(changes, lambda: _is_listening(changes, heard))
    heard.clear()
    yield changes
    await changes.stop()


async def test_a_change_of_the_same_process_is_heard(database: Database, changes: Changes, heard: Heard) -> None:
    await say(database, "credential:5")
    await until(changes, lambda: "credential:5" in heard.subjects)
    assert heard.subjects == ["credential:5"]


async def test_a_change_of_another_process_is_heard(database_url: str, changes: Changes, heard: Heard) -> None:
    program = (
        "import asyncio, sys\n"
        "from consentry.storage import announce, connect\n"
        "async def main():\n"
        "    database = connect(sys.argv[1])\n"
        "    async with database.transaction() as connection:\n"
        "        await announce(connection, 'credential:7')\n"
        "    await database.close()\n"
        "asyncio.run(main())\n"
    )
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program, database_url], check=True, timeout=60)
    await until(changes, lambda: "credential:7" in heard.subjects)


async def test_several_changes_are_each_heard(database: Database, changes: Changes, heard: Heard) -> None:
    for number in range(20):
        await say(database, f"credential:{number}")
    await until(changes, lambda: len(heard.subjects) >= 20)
    assert heard.subjects == [f"credential:{number}" for number in range(20)]


async def test_what_was_rolled_back_is_not_told(database: Database, changes: Changes, heard: Heard) -> None:
    async def change_and_fail() -> None:
        async with database.transaction() as connection:
            await announce(connection, "credential:1")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        await change_and_fail()
    await say(database, "credential:2")
    await until(changes, lambda: "credential:2" in heard.subjects)
    assert heard.subjects == ["credential:2"]


async def test_it_is_told_only_when_the_change_is_committed(database: Database, changes: Changes, heard: Heard) -> None:
    async with database.transaction() as connection:
        await announce(connection, "credential:1")
        changes.poll()
        await asyncio.sleep(0.05)
        changes.poll()
        assert heard.subjects == []
    await until(changes, lambda: "credential:1" in heard.subjects)


async def test_every_cache_is_told(database: Database, changes: Changes, heard: Heard) -> None:
    second = Heard()
    changes.subscribe(second)
    await say(database, "api_key")
    await until(changes, lambda: "api_key" in heard.subjects)
    assert second.subjects == heard.subjects


async def test_after_stop_nothing_may_be_remembered(changes: Changes, heard: Heard) -> None:
    await changes.stop()
    heard.clear()
    changes.poll()
    assert heard.subjects == [None]


async def test_before_start_nothing_may_be_remembered(database: Database, heard: Heard) -> None:
    changes = Changes(database)
    changes.subscribe(heard)
    changes.poll()
    assert heard.subjects == [None]


async def test_a_poll_with_nothing_new_tells_nothing_and_costs_little(changes: Changes, heard: Heard) -> None:
    begun = time.perf_counter()
    for _ in range(1000):
        changes.poll()
    assert (time.perf_counter() - begun) / 1000 < 0.001
    assert heard.subjects == []


class TestSqlite:
    @pytest.fixture
    def engine(self) -> str:
        return "sqlite"

    async def test_who_sleeps_longer_than_changes_are_kept_forgets_everything(
        self, database: Database, changes: Changes, heard: Heard
    ) -> None:
        await say(database, "credential:1")
        await _make_old(database)
        await prune(database)
        await say(database, "credential:2")
        changes.poll()
        assert None in heard.subjects

    async def test_who_is_up_to_date_does_not_notice_that_old_changes_are_dropped(
        self, database: Database, changes: Changes, heard: Heard
    ) -> None:
        await say(database, "credential:1")
        changes.poll()
        await _make_old(database)
        await prune(database)
        await say(database, "credential:2")
        changes.poll()
        assert heard.subjects == ["credential:1", "credential:2"]

    async def test_recent_changes_are_not_dropped(self, database: Database, changes: Changes, heard: Heard) -> None:
        await say(database, "credential:1")
        await prune(database)
        changes.poll()
        assert heard.subjects == ["credential:1"]

    async def test_another_thread_may_poll(self, database: Database, changes: Changes, heard: Heard) -> None:
        await say(database, "credential:1")
        await asyncio.to_thread(changes.poll)
        assert heard.subjects == ["credential:1"]


class TestPostgresql:
    @pytest.fixture
    def engine(self) -> str:
        return "postgresql"

    async def test_while_the_line_is_down_nothing_is_remembered_and_it_comes_back_by_itself(
        self, database: Database, database_url: str, changes: Changes, heard: Heard
    ) -> None:
        other = connect(database_url)
        await _cut_all_lines(other)
        await until(changes, lambda: None in heard.subjects)
        heard.clear()
        changes.poll()
        assert heard.subjects == [None]
        await until(changes, lambda: _is_listening(changes, heard))
        heard.clear()
        await say(other, "credential:9")
        await until(changes, lambda: "credential:9" in heard.subjects)
        await other.close()


def _is_listening(changes: Changes, heard: Heard) -> bool:
    heard.clear()
    changes.poll()
    return heard.subjects == []


async def _make_old(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text(f"UPDATE changes SET at = at - {KEPT_SECONDS + 1}"))


async def _cut_all_lines(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
