"""Consentry in child processes that die, sleep or race as a test tells them to; they are gone when the test is."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

from consentry.settings import Settings
from ground import crashing

PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.01
# children are forked from a process that has imported everything and done nothing: real, and there in milliseconds
_CONTEXT: Final = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["consentry.app", "consentry.credentials", "consentry.library"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process that works on a home."""

    process: ForkServerProcess
    line: Connection

    async def told(self, patience: float = PATIENCE_SECONDS) -> Any:
        """Return what came of its work."""
        await until(self.line.poll, patience)
        return self.line.recv()

    async def ended(self) -> int:
        """Wait for its end, and return its exit status; minus a signal's number where one ended it."""
        await until(lambda: self.process.exitcode is not None)
        return self.process.exitcode or 0

    async def stopped(self) -> None:
        """Wait until it sleeps."""
        await until(lambda: _state_of(self.pid) == "T")

    def stop(self) -> None:
        """Send it to sleep."""
        os.kill(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.process.kill()

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid or 0


@contextlib.asynccontextmanager
async def child(work: Callable[..., None], *given: Any) -> AsyncIterator[Child]:
    """Run a function of this folder in a process of its own while the block lasts; its last argument is its line."""
    mine, its = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=work, args=(*given, its))
    process.start()
    its.close()
    try:
        yield Child(process=process, line=mine)
    finally:
        process.kill()
        process.join(PATIENCE_SECONDS)
        process.close()
        mine.close()


def doing(
    settings: Settings, action: str, step: str = "", number: signal.Signals = signal.SIGKILL, **order: Any
) -> contextlib.AbstractAsyncContextManager[Child]:
    """Run a child that sends itself a signal at a step of what it does."""
    return child(crashing.main, settings, {"action": action, "step": step, "signal": int(number), **order})


async def die(settings: Settings, action: str, step: str, **order: Any) -> None:
    """Have a child do something, and be killed at a step of it."""
    async with doing(settings, action, step, **order) as dying:
        assert await dying.ended() == -signal.SIGKILL, f"it never came to {step}"


async def until(holds: Callable[[], bool], patience: float = PATIENCE_SECONDS) -> None:
    """Wait until something comes true; raise TimeoutError when it doesn't."""
    for _ in range(round(patience / _LOOK_SECONDS)):
        if holds():
            return
        await asyncio.sleep(_LOOK_SECONDS)
    raise TimeoutError("it never came so far")


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables with which a program finds the same home, database and provider."""
    bases = {f"CONSENTRY_{name}_BASE_URL".upper(): url for name, url in settings.base_urls.items()}
    return {
        **bases,
        "CONSENTRY_HOME": str(settings.home),
        "CONSENTRY_DATABASE_URL": settings.database_address,
        "CONSENTRY_PUBLIC_URL": settings.public_url,
    }
