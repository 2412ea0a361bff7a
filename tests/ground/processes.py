"""Consentry as people run it: real processes with a home of their own, on free loopback ports."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

START_SECONDS: Final = 90
STOP_SECONDS: Final = 60
ADMIN_EMAIL: Final = "ada@example.com"
ADMIN_PASSWORD: Final = "correct horse battery staple"


@dataclass(slots=True, kw_only=True)
class Running:
    """One running Consentry, its home, and what it says."""

    url: str
    home: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[str]
    log: Path

    @property
    def address(self) -> str:
        """Where it listens, whatever its public URL is."""
        return f"http://127.0.0.1:{self.environment['CONSENTRY_PORT']}"

    def command(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run another command on the same home."""
        return command(*arguments, environment=self.environment, given=given)

    def api_key(self, *scopes: str, name: str = "test") -> str:
        """Make an API key, as an administrator would."""
        wanted = [part for scope in scopes or ("admin",) for part in ("--scope", scope)]
        done = self.command("apikey", "create", "--name", name, *wanted)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def kill(self) -> None:
        """End it without a chance to tidy up, as kill -9 and power cuts do."""
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


def free_port() -> int:
    """Return a loopback port that nobody listens on right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def environment_for(home: Path, port: int, **settings: str) -> dict[str, str]:
    """Return the environment of a Consentry that knows nothing of this machine's own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")}
    ours = {
        "HOME": str(home),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "ADMIN_EMAIL": ADMIN_EMAIL,
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        **{name.upper(): value for name, value in settings.items()},
    }
    return {**inherited, "NO_COLOR": "1", **{f"CONSENTRY_{name}": value for name, value in ours.items()}}


def command(
    *arguments: str, environment: Mapping[str, str], given: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "consentry", *arguments],
        env=dict(environment), input=given, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@contextlib.contextmanager
def running(
    home: Path, *, port: int | None = None, arguments: tuple[str, ...] = (), **settings: str
) -> Iterator[Running]:
    """Run `consentry up` while the block lasts; settings are named without their prefix, such as capsule_base_url."""
    port = port or free_port()
    environment = environment_for(home, port, **settings)
    log = home.parent / f"{home.name}-{port}.log"
    with log.open("a") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "consentry", "up", "--json", *arguments],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words, text=True,
        )  # fmt: skip
    try:
        assert process.stdout is not None
        told = json.loads(_read_document(process.stdout, log))
        yield Running(url=told["url"], home=home, environment=environment, process=process, log=log)
    finally:
        _end(process)


def _read_document(stream: IO[str], log: Path) -> str:
    """Return the one JSON document that it prints when it listens."""
    deadline = time.monotonic() + START_SECONDS
    said = b""
    while time.monotonic() < deadline:
        ready, _, _ = select.select([stream], [], [], 0.5)
        if not ready:
            continue
        more = os.read(stream.fileno(), 65_536)
        said += more
        with contextlib.suppress(json.JSONDecodeError):
            json.loads(said)
            return said.decode()
        if not more:
            break
    raise RuntimeError(f"Consentry did not start. It said:\n{said.decode()}{log.read_text()}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
