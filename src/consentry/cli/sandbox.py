"""``consentry sandbox``: a small provider on this machine, to try and to test against."""

import os
import signal
import threading
from typing import TYPE_CHECKING, Annotated, Final

import typer

from consentry.cli.options import Json
from consentry.cli.running import shown
from consentry.cli.screen import facts
from consentry.errors import OperatorError

if TYPE_CHECKING:
    from consentry.sandbox import RunningSandbox

DEFAULT_PORT: Final = 8401


def sandbox(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = DEFAULT_PORT,
    json: Json = False,
    until_stdin_closes: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Run the sandbox alone, on this machine's loopback: an authorization server and an API with a memory.

    Nothing in it is real, and it forgets everything when it ends.
    """
    with shown(json=json) as screen, _start(port) as running:
        pairs = [
            ("Sandbox", running.url),
            ("Register an application", f"{running.url}/clients/new"),
            ("Its knobs", f"{running.url}/sandbox"),
        ]
        screen.answer({"url": running.url}, facts(pairs))
        wait_for_the_end(also_when_stdin_closes=until_stdin_closes)


def wait_for_the_end(*, also_when_stdin_closes: bool) -> None:
    """Return when the process is asked to end, or when whoever holds the other end of standard input is gone."""
    end = threading.Event()
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, lambda *_: end.set())
    if also_when_stdin_closes:

        def watch() -> None:
            while os.read(0, 4096):  # not sys.stdin, whose lock a thread must not hold while the program ends
                pass
            end.set()

        threading.Thread(target=watch, name="watch stdin", daemon=True).start()
    while not end.wait(0.5):  # in short steps, so that signals are heard
        pass


def _start(port: int) -> "RunningSandbox":
    from consentry import sandbox

    try:
        return sandbox.start(port)
    except OSError as error:
        raise OperatorError(
            f"The sandbox can't listen on port {port}: {error.strerror}.", hint="Choose another one with --port."
        ) from error
