"""A Consentry as people run it: commands and a server in processes of their own, on one home, against a sandbox."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from consentry.sandbox import RunningSandbox
from ground.serving import free_port

PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """The home, and the environment that leads to it."""

    home: Path
    environment: Mapping[str, str]
    port: int
    log: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The public URL."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str, given: str = "", **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "consentry", *arguments],
            input=given,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def ask(self, *arguments: str, given: str = "", **more: str) -> Any:
        """Run a command with --json, and return the one document that it prints."""
        done = self.run(*arguments, "--json", given=given, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def begin(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command that goes on until it is told to stop."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "consentry", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(self.environment),
            )
        self.processes.append(process)
        return process

    def start_server(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start ``consentry up``, and return once it answers."""
        process = self.begin("up", "--json", *arguments)
        assert first_document(process)["url"] == self.url
        return process


@contextmanager
def household(folder: Path, sandbox: RunningSandbox) -> Iterator[Household]:
    """Prepare a household in a folder, and end what was started in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")}
    port = free_port()
    environment = {
        **kept,
        "CONSENTRY_HOME": str(folder / "home"),
        "CONSENTRY_PORT": str(port),
        "CONSENTRY_CAPSULE_BASE_URL": sandbox.url,
    }
    made = Household(home=folder / "home", environment=environment, port=port, log=folder / "log")
    try:
        yield made
    finally:
        for process in made.processes:
            end(process)


def first_document(process: "subprocess.Popen[bytes]") -> Any:
    """Read lines until they make up a JSON document."""
    text = b""
    for line in process.stdout or ():
        text += line
        with contextlib.suppress(ValueError):
            return json.loads(text)
    raise AssertionError(f"the process ended with status {process.wait(PATIENCE_SECONDS)} and printed {text!r}")


def end(process: "subprocess.Popen[bytes]", how: signal.Signals = signal.SIGTERM) -> int:
    """Ask a process to end, make sure that it does, and return its status."""
    process.send_signal(how)
    try:
        return process.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        if process.stdout is not None:
            process.stdout.close()
