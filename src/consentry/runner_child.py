"""The worker's hold on its runner: a child process, started when there is something to do."""

import asyncio
import contextlib
import os
import sys
from typing import Final

from consentry.app import App
from consentry.core.process import FRUGAL

_PATIENCE_SECONDS: Final = 15.0


class RunnerChild:
    """At most one runner at a time; it ends by itself when nothing is left to do, or with this process."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._child: asyncio.subprocess.Process | None = None

    @property
    def is_alive(self) -> bool:
        """Tell whether the runner works or waits for work."""
        return self._child is not None and self._child.returncode is None

    async def start(self) -> None:
        """Start the runner unless there is one."""
        if self.is_alive:
            return
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "consentry.runner",
            "--child",
            stdin=asyncio.subprocess.PIPE,
            env=os.environ | FRUGAL | self._app.settings.as_environment(),
        )

    async def stop(self) -> None:
        """Let the runner give back what it works on, and end."""
        if self._child is None or self._child.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()
        try:
            await asyncio.wait_for(self._child.wait(), _PATIENCE_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            await self._child.wait()
