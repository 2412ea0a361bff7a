"""A loop in a thread of its own: what is handed over, what is refused, and how it ends."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from consentry.background import Background
from consentry.errors import CallerError


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background("a test")
    yield made
    made.close()


async def twice(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def fail() -> None:
    raise KeyError("this")


def test_work_is_done_and_its_result_brought_back(background: Background) -> None:
    assert background.run(twice(21)) == 42
    assert background.begin(twice(4)).result(5) == 8


def test_what_work_raises_reaches_the_caller(background: Background) -> None:
    with pytest.raises(KeyError, match="this"):
        background.run(fail())


def test_waiting_on_its_own_loop_is_refused_rather_than_waited_for_ever(background: Background) -> None:
    async def wait_here() -> int:
        return background.run(twice(1))

    with pytest.raises(CallerError, match="its own loop"):
        background.run(wait_here())


def test_closing_does_the_last_work_once_and_ends_the_thread() -> None:
    background, ended = Background("to be closed"), []

    async def last() -> None:
        ended.append(threading.current_thread().name)

    background.close(last)
    background.close(last)
    assert ended == ["to be closed"]
    assert "to be closed" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(CallerError, match="closed"):
        background.run(twice(1))


def test_closing_on_its_own_loop_does_not_wait_for_itself(background: Background) -> None:
    async def close() -> None:
        background.close()

    background.run(close())
    with pytest.raises(CallerError):
        background.check()
