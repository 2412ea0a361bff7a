"""Consentry in child processes that die, sleep or race as a test tells them to; they are gone when the test is."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from consentry.settings import Settings

PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A process that works on a home."""

    process: asyncio.subprocess.Process

    async def line(self) -> str:
        """Return the next line that it prints, or nothing when it ends."""
        assert self.process.stdout is not None
        return (await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_SECONDS)).decode().strip()

    async def told(self) -> dict[str, Any]:
        """Return what came of its work."""
        line = await self.line()
        while line == "open":
            line = await self.line()
        told: dict[str, Any] = json.loads(line)
        return told

    async def ended(self) -> int:
        """Wait for its end, and return its exit status; minus a signal's number where one ended it."""
        return await asyncio.wait_for(self.process.wait(), PATIENCE_SECONDS)

    async def stopped(self) -> None:
        """Wait until it sleeps."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while _state_of(self.process.pid) != "T":
                await asyncio.sleep(0.02)

    def wake(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.process.kill()


@contextlib.asynccontextmanager
async def child(script: str, settings: Settings, order: Mapping[str, Any]) -> AsyncIterator[Child]:
    """Run a script of this folder on a home while the block lasts; its order reaches it on stdin."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name(f"{script}.py")),
        env=environment_of(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(order).encode())
        await process.stdin.drain()
        process.stdin.close()
        yield Child(process=process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment in which a process finds the same home, database and provider."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")}
    bases = {f"CONSENTRY_{name}_BASE_URL".upper(): url for name, url in settings.base_urls.items()}
    return {
        **inherited,
        **bases,
        "CONSENTRY_HOME": str(settings.home),
        "CONSENTRY_DATABASE_URL": settings.database_address,
        "CONSENTRY_PUBLIC_URL": settings.public_url,
    }


async def die(settings: Settings, action: str, step: str, **order: Any) -> None:
    """Have a child do something, and be killed at a step of it."""
    async with crashing(settings, action, step, signal.SIGKILL, **order) as dying:
        assert await dying.ended() == -signal.SIGKILL, f"it never came to {step}"


def crashing(
    settings: Settings, action: str, step: str, number: signal.Signals, **order: Any
) -> contextlib.AbstractAsyncContextManager[Child]:
    """Run a child that sends itself a signal at a step."""
    return child("crashing", settings, {"action": action, "step": step, "signal": int(number), **order})


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
