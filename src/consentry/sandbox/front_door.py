"""Every request passes here: faults on order strike, and the journal takes note. Pure ASGI."""

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentry.sandbox.faults import Drop, Fail, Fault, Odd, Slow
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
        began, path = self._world.clock.monotonic(), scope["path"]
        if path.startswith("/api/"):
            self._world.journal.count("api_calls", f"{scope['method']} {without_ids(path)}")
        outcome = await self._pass(self._world.faults.take(path), scope, receive, send)
        self._world.journal.saw(
            Seen(
                at=self._world.clock.now(),
                method=scope["method"],
                path=path,
                query=without_secrets(scope["query_string"].decode("latin-1")),
                outcome=outcome,
                milliseconds=round((self._world.clock.monotonic() - began) * 1000, 1),
            )
        )

    async def _pass(self, faults: tuple[Fault, ...], scope: Scope, receive: Receive, send: Send) -> str:
        scope["sandbox.oddities"] = [fault.oddity for fault in faults if isinstance(fault, Odd)]
        wait = sum(fault.seconds for fault in faults if isinstance(fault, Slow) and not fault.processed)
        wait_after = sum(fault.seconds for fault in faults if isinstance(fault, Slow) and fault.processed)
        ending = next((fault for fault in faults if isinstance(fault, Drop | Fail)), None)
        if wait:
            await asyncio.sleep(wait)
        held = _Held()
        if ending is None or ending.processed:
            await self._app(scope, receive, held if ending or wait_after else held.through(send))
        if wait_after:
            await asyncio.sleep(wait_after)
        match ending:
            case Drop():
                await _hang_up(scope, receive)
                return "dropped"
            case Fail():
                await _failure(ending)(scope, receive, send)
                return str(ending.status)
            case None:
                await held.release(send)
                return held.status


class _Held:
    """Takes what the application sends: keeps it, or lets it through and only notes the status."""

    def __init__(self) -> None:
        self.status = "no answer"
        self._messages: list[Message] = []
        self._send: Send | None = None

    def through(self, send: Send) -> "_Held":
        """Let everything through from now on."""
        self._send = send
        return self

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = str(message["status"])
        if self._send is None:
            self._messages.append(message)
        else:
            await self._send(message)

    async def release(self, send: Send) -> None:
        """Send what was kept."""
        for message in self._messages:
            await send(message)


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
