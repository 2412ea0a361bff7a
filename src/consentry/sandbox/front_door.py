"""Every request passes here: faults on order strike, and the journal takes note. Pure ASGI."""

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentry.sandbox.faults import Drop, Fail, Fault, Odd, Slow, target_of
from consentry.sandbox.journal import Seen, without_ids, without_secrets
from consentry.sandbox.world import World

HANG_UP: Final = "sandbox.hang_up"
_JSON: Final = b'{"error":"server_error","error_description":"Fault on order","message":"Fault on order"}'
_BODIES: Final = {
    "json": (_JSON, "application/json"),
    "html": (b"<!doctype html><title>Out of order</title><h1>503 Service Unavailable</h1>", "text/html"),
    "truncated": (_JSON[:40], "application/json"),
    "empty": (b"", None),
}


class FrontDoor:
    """The outermost application."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, struck by whatever is on order for it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        target = target_of(path)
        if target is not None:
            table = "api_calls" if target == "api" else "oauth_calls"
            self._world.journal.count(table, f"{scope['method']} {without_ids(path)}")
        await self._pass(self._world.faults.take(path, scope["method"]), scope, receive, send)

    async def _pass(self, faults: tuple[Fault, ...], scope: Scope, receive: Receive, send: Send) -> None:
        note = _Note(self._world, scope)
        scope["sandbox.oddities"] = [fault.oddity for fault in faults if isinstance(fault, Odd)]
        wait = sum(fault.seconds for fault in faults if isinstance(fault, Slow) and not fault.processed)
        wait_after = sum(fault.seconds for fault in faults if isinstance(fault, Slow) and fault.processed)
        ending = next((fault for fault in faults if isinstance(fault, Drop | Fail)), None)
        if wait:
            await asyncio.sleep(wait)
        answer = _Answer(note, send)
        answer.is_held = ending is not None or wait_after > 0
        if ending is None or ending.processed:
            await self._app(scope, receive, answer)
        if wait_after:
            await asyncio.sleep(wait_after)
        match ending:
            case Drop():
                note("dropped")
                await _hang_up(scope, receive)
            case Fail():
                note(str(ending.status))
                await _failure(ending)(scope, receive, send)
            case None:
                await answer.release()


class _Note:
    """Enters a request into the journal. That happens before the caller hears anything, so tests can rely on it."""

    def __init__(self, world: World, scope: Scope) -> None:
        self._world = world
        self._scope = scope
        self._began = world.clock.monotonic()

    def __call__(self, outcome: str) -> None:
        """Enter the request with its outcome."""
        self._world.journal.saw(
            Seen(
                at=self._world.clock.now(),
                method=self._scope["method"],
                path=self._scope["path"],
                query=without_secrets(self._scope["query_string"].decode("latin-1")),
                outcome=outcome,
                milliseconds=round((self._world.clock.monotonic() - self._began) * 1000, 1),
            )
        )


class _Answer:
    """Takes what the application sends: passes it on, or holds it until it is released or thrown away."""

    def __init__(self, note: _Note, send: Send) -> None:
        self.is_held = False
        self._note = note
        self._send = send
        self._messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        """Take one message of the application."""
        if self.is_held:
            self._messages.append(message)
            return
        if message["type"] == "http.response.start":
            self._note(str(message["status"]))
        await self._send(message)

    async def release(self) -> None:
        """Send what was held."""
        self.is_held = False
        for message in self._messages:
            await self(message)


def _failure(fault: Fail) -> Response:
    content, media_type = _BODIES[fault.body]
    headers = {"Location": fault.location} if fault.location else {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return Response(content, status_code=fault.status, headers=headers, media_type=media_type)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Close the socket under the server's hands, then wait until the server has noticed."""
    hang_up = scope.get(HANG_UP)
    if hang_up is None:
        raise RuntimeError("Connections can be dropped only under sandbox.start() or sandbox.serve().")
    hang_up()
    while (await receive())["type"] != "http.disconnect":
        pass
