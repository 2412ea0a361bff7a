"""A sandbox in a process of its own, for as long as the process that wants it lives."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from consentry.errors import OperatorError

_PATIENCE_SECONDS: Final = 10.0


@contextmanager
def running_sandbox(port: int) -> Iterator[str]:
    """Start a sandbox, give its address, and end it afterwards; it also ends when this process is killed."""
    command = [sys.executable, "-m", "consentry", "sandbox", "--json", "--until-stdin-closes", "--port", str(port)]
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then ends the sandbox in order
    )
    try:
        yield _address(child)
    finally:
        _end(child)


def _address(child: "subprocess.Popen[str]") -> str:
    """Read the one JSON document that the sandbox prints once it answers."""
    text = ""
    for line in child.stdout or ():
        text += line
        try:
            document = json.loads(text)
        except ValueError:
            continue
        if "url" in document:
            return str(document["url"])
        raise OperatorError(document["error"]["detail"], hint=document["error"]["hint"])
    raise OperatorError(
        "The sandbox did not start.", hint="Its own words stand above; run consentry sandbox to see more."
    )


def _end(child: "subprocess.Popen[str]") -> None:
    child.terminate()
    try:
        child.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
