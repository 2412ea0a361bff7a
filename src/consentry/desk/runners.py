"""Processes that work on runs which were begun at this desk. Each takes one run, unless a worker was quicker."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from consentry.core.log import get_logger
from consentry.settings import Settings

MOST_STARTS: Final = 3
ENDED_WITHIN: Final = 10.0
STARTED_WITHIN: Final = 30.0

log = get_logger("desk.runners")


class Runners:
    """The processes that this desk has started, by run."""

    def __init__(self, settings: Settings) -> None:
        self._environment = _environment(settings)
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._starts: dict[int, int] = {}

    async def start(self, run_id: int, *, detached: bool) -> None:
        """Start a process that works on a run; a detached one goes on when this process ends."""
        if detached:
            await asyncio.to_thread(_let_go, _command(run_id), self._environment)
            return
        self._children[run_id] = await asyncio.to_thread(self._spawn, run_id)
        self._starts[run_id] = self._starts.get(run_id, 0) + 1

    async def look_after(self, run_id: int, *, has_ended: bool) -> None:
        """Start another process when the one that works on a run is gone and the run isn't done, a few times."""
        child = self._children.get(run_id)
        if child is None or child.poll() is None:
            return
        del self._children[run_id]
        _hang_up(child)
        if not has_ended and self._starts[run_id] < MOST_STARTS:
            log.warning("a runner ended before its run did", run_id=run_id, status=child.returncode)
            await self.start(run_id, detached=False)

    async def close(self) -> None:
        """End what was started here and goes on; it gives its run back."""
        children, self._children = list(self._children.values()), {}
        await asyncio.gather(*(asyncio.to_thread(_end, child) for child in children))

    def _spawn(self, run_id: int) -> "subprocess.Popen[bytes]":
        """Keep Ctrl-C from it: this process hears it, and cancels the run in order."""
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            [*_command(run_id), "--child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=self._environment,
            start_new_session=True,
        )


def _command(run_id: int) -> list[str]:
    return [sys.executable, "-m", "consentry.runner", "--run", str(run_id)]


def _let_go(command: list[str], environment: Mapping[str, str]) -> None:
    """Start a process that nobody here has to wait for: a first one starts it, and ends at once."""
    words = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True)"
    subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-I", "-S", "-c", words, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # else who reads our own would wait for its end
        env=environment,
        check=True,
        timeout=STARTED_WITHIN,
    )


def _environment(settings: Settings) -> Mapping[str, str]:
    """Lead the child to the same home, also where this process was told of it otherwise, and keep it quiet."""
    level = "WARNING" if settings.log_level == "INFO" else settings.log_level
    return os.environ | settings.as_environment() | {"CONSENTRY_LOG_LEVEL": level}


def _end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(ENDED_WITHIN)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    _hang_up(child)


def _hang_up(child: "subprocess.Popen[bytes]") -> None:
    """Close our end of its standard input."""
    with suppress(OSError):
        if child.stdin is not None:
            child.stdin.close()
