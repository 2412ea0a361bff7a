"""Bodies are read within bounds, and poured on without being held."""

from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from consentry.api.bodies import bounded, pour, read_body, read_up_to
from consentry.errors import TooLarge


class Pieces:
    """What a server hands over, piece by piece."""

    def __init__(self, *pieces: bytes) -> None:
        self._left = list(pieces)

    async def __call__(self) -> Message:
        body = self._left.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self._left)}


async def each(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_body_within_the_limit_is_read_whole() -> None:
    assert await read_body(Pieces(b"ab", b"cd"), limit=4) == b"abcd"


async def test_a_longer_body_is_refused() -> None:
    with pytest.raises(TooLarge):
        await read_body(Pieces(b"ab", b"cd", b"e"), limit=4)


async def test_a_body_read_in_part_is_poured_whole() -> None:
    receive = Pieces(b"ab", b"cd", b"ef")
    beginning, is_whole = await read_up_to(receive, 1)
    assert not is_whole
    assert b"".join([piece async for piece in pour(beginning, receive)]) == b"abcdef"


async def test_a_stream_that_does_not_end_is_ended() -> None:
    pieces = bounded(each(b"abc", b"def", b"ghi"), 6)
    assert [await anext(pieces), await anext(pieces)] == [b"abc", b"def"]
    with pytest.raises(TooLarge):
        await anext(pieces)
