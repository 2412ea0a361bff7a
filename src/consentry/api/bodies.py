"""Bodies as plain ASGI gives them, for the routes that must be fast."""

from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.types import Receive

from consentry.errors import TooLarge

LARGEST_JSON: Final = 1024 * 1024


class CallerLeft(Exception):
    """Whoever asked has closed the connection; there is nobody left to answer."""


async def read_body(receive: Receive, limit: int = LARGEST_JSON) -> bytes:
    """Return a whole body; raise TooLarge when it is longer than ``limit`` bytes."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return _checked(message.get("body", b""), limit)
    parts, size = [_piece(message)], len(_piece(message))
    while message.get("more_body"):
        message = await receive()
        parts.append(_piece(message))
        size += len(parts[-1])
        if size > limit:
            break
    return _checked(b"".join(parts), limit)


async def read_up_to(receive: Receive, limit: int) -> tuple[bytes, bool]:
    """Return the beginning of a body, at least ``limit`` bytes where there are so many, and whether that is all."""
    parts, size = [], 0
    while size <= limit:
        message = await receive()
        parts.append(_piece(message))
        size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts), size <= limit
    return b"".join(parts), False


async def bounded(pieces: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    """Yield pieces for as long as they are at most ``limit`` bytes together; then raise TooLarge."""
    left = limit
    async for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise TooLarge(f"The body is larger than {limit} bytes.")
        yield piece


async def pour(beginning: bytes, receive: Receive) -> AsyncIterator[bytes]:
    """Yield a body that has been read in part, then the rest as it comes."""
    yield beginning
    more = True
    while more:
        message = await receive()
        piece = _piece(message)
        more = bool(message.get("more_body"))
        if piece:
            yield piece


def _piece(message: Any) -> bytes:
    if message["type"] == "http.disconnect":
        raise CallerLeft
    piece: bytes = message.get("body", b"")
    return piece


def _checked(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise TooLarge(f"The body is larger than {limit} bytes.")
    return body
