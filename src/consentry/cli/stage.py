"""What the demo plays on: a sandbox, a Consentry in a process of its own, and a home that is gone afterwards."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from consentry import sandbox
from consentry.errors import OperatorError

PATIENCE_SECONDS: Final = 20.0
_LAST_LINES: Final = 15


class Stage:
    """Sandbox, server and home, for as long as the context lasts."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.home = Path()
        self.sandbox: sandbox.RunningSandbox
        self.http: httpx2.Client
        self.url = ""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="consentry-demo-")))
            self.sandbox = stack.enter_context(sandbox.start())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def log(self) -> Path:
        """Where the server's log goes."""
        return self.home / "server.log"

    def start_server(self) -> None:
        """Start Consentry on a free port, and return once it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = self._stack.enter_context(self.log.open("wb"))
        server = self._begin(["up", "--json", "--port", str(port)], stdout=subprocess.PIPE, stderr=log)
        self._stack.callback(_end, server)
        self.url = str(_first_document(server)["url"])
        self.http = self._stack.enter_context(httpx2.Client(base_url=self.url, timeout=PATIENCE_SECONDS))

    def run(self, *arguments: str) -> str:
        """Run a command of Consentry on this home, and return what it prints."""
        with self._log_of_commands() as log:
            command = self._begin(list(arguments), stdout=subprocess.PIPE, stderr=log)
            printed, _ = command.communicate(timeout=PATIENCE_SECONDS)
        if command.returncode != 0:
            raise OperatorError(f"consentry {arguments[0]} ended with status {command.returncode}.")
        return printed.decode()

    def program(self, text: str, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a Python program that uses the library on this home."""
        with self._log_of_commands() as log:
            return self._spawn([sys.executable, "-c", text, *arguments], stdout=subprocess.PIPE, stderr=log)

    def last_words(self) -> str:
        """Return the end of the server's log."""
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-_LAST_LINES:])

    @contextlib.contextmanager
    def _log_of_commands(self) -> Iterator[Any]:
        with (self.home / "commands.log").open("ab") as log:
            yield log

    def _begin(self, arguments: list[str], **pipes: Any) -> "subprocess.Popen[bytes]":
        return self._spawn([sys.executable, "-m", "consentry", *arguments], **pipes)

    def _spawn(self, command: list[str], **pipes: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
            command, stdin=subprocess.DEVNULL, env=self._environment(), **pipes
        )

    def _environment(self) -> Mapping[str, str]:
        """Hide the settings of the person who looks on, so that their own home is left alone."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")}
        base_url = f"CONSENTRY_{sandbox.STANDS_IN_FOR.upper()}_BASE_URL"
        own = {"CONSENTRY_HOME": str(self.home / "home"), base_url: self.sandbox.url}
        return kept | own | ({"CONSENTRY_PUBLIC_URL": self.url} if self.url else {})


def _first_document(server: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Read the JSON document that a server prints once it answers; give up after a while."""
    patience = threading.Timer(PATIENCE_SECONDS, server.kill)
    patience.start()
    try:
        text = b""
        for line in server.stdout or ():
            text += line
            with contextlib.suppress(ValueError):
                document: dict[str, Any] = json.loads(text)
                if "error" in document:
                    raise OperatorError(document["error"]["detail"], hint=document["error"]["hint"])
                return document
    finally:
        patience.cancel()
    raise OperatorError("The server did not start.", hint="Start it with consentry up to see why.")


def _end(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    if server.stdout is not None:
        server.stdout.close()
