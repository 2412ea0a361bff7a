"""What a child process does to a credential, until it sends itself a signal at a named step.

SIGKILL ends it as a power cut would. SIGSTOP makes it sleep through everything until somebody sends it SIGCONT.
"""

import asyncio
import os
import resource
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

from consentry import app, credentials
from consentry.app import App
from consentry.audit import Actor
from consentry.core.secret import Secret
from consentry.credentials import CredentialEdit
from consentry.errors import ConsentryError
from consentry.settings import Settings

ACTOR = Actor(name="person:child@example.com", ip="127.0.0.1")
Order = dict[str, Any]
Told = dict[str, Any]


class At:
    """Sends this process a signal, the first time that a step is reached."""

    def __init__(self, name: str, number: int) -> None:
        self._name = name
        self._number = number

    async def reached(self, name: str) -> None:
        if name == self._name:
            self._name = ""
            os.kill(os.getpid(), self._number)


class FullAt:
    """Lets no file of this process grow beyond a size from a step on, as a full disk would."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size

    async def reached(self, name: str) -> None:
        if name == self._name:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._size))


async def refresh(opened: App, order: Order) -> Told:
    issued = await credentials.token(opened.credentials, ACTOR, order["credential"], force=True)
    return {"version": issued.grant_version}


async def complete(opened: App, order: Order) -> Told:
    ended = await credentials.complete(opened.credentials, order["query"], order["cookies"], None, "127.0.0.1")
    return {"status": ended.status}


async def replace_secret(opened: App, order: Order) -> Told:
    edit = CredentialEdit(client_secret=Secret(order["secret"]))
    return {"version": (await credentials.edit(opened.credentials, ACTOR, order["credential"], edit)).secret_version}


async def delete(opened: App, order: Order) -> Told:
    await credentials.delete(opened.credentials, ACTOR, order["credential"])
    return {"deleted": True}


ACTIONS: dict[str, Callable[[App, Order], Awaitable[Told]]] = {
    "refresh": refresh,
    "complete": complete,
    "replace_secret": replace_secret,
    "delete": delete,
}


async def act(settings: Settings, order: Order) -> Told:
    step = order["step"]
    steps = FullAt(step, order["largest_file"]) if "largest_file" in order else At(step, order["signal"])
    async with app.open(settings, steps=steps) as opened:
        try:
            return await ACTIONS[order["action"]](opened, order)
        except ConsentryError as error:
            return {"error": error.code}


def main(settings: Settings, order: Order, line: Connection) -> None:
    line.send(asyncio.run(act(settings, order)))
