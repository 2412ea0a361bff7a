"""What surrounds every answer of the API: a request id, headers that keep browsers in check, and HEAD as GET."""

from collections.abc import MutableMapping
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentry.core.ids import Randomness

_KEPT_IN_CHECK: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_OURS: Final = frozenset(name for name, _ in _KEPT_IN_CHECK)


class Shell:
    """Wraps the whole API; plain ASGI, because the fast routes pass through it too."""

    def __init__(self, inner: ASGIApp, randomness: Randomness) -> None:
        self._inner = inner
        self._randomness = randomness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass on what isn't one."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request_id = self._randomness.token(9)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        named = (b"x-request-id", request_id.encode())

        async def send_with_headers(message: MutableMapping[str, Any] | Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _add(message["headers"], named)
            await send(message)

        await self._inner(scope, receive, send_with_headers)


def _add(headers: Any, named: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Return the headers with ours in place of any of the same name; a request id of the provider's stays."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OURS]
    if all(name.lower() != b"x-request-id" for name, _ in kept):
        kept.append(named)
    return [*kept, *_KEPT_IN_CHECK]
