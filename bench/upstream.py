"""A provider that costs next to nothing: constant JSON at once or after a delay, and a body as large as asked for.

python bench/upstream.py --port 9000 --delay 0.03; then GET /anything, or GET /bytes/524288000 for a long body.
POST /oauth/token issues a new pair of tokens to whoever asks, and GET /issued tells how many pairs that were.
"""

import argparse
import asyncio
import re
from typing import Final, cast

import uvloop

BODY: Final = (
    b'{"users":[' + b",".join(b'{"id":%d,"name":"Ada Lovelace","status":"ACTIVE"}' % n for n in range(20)) + b"]}"
)
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
PIECE: Final = bytes(64 * 1024)
TOKENS: Final = (
    b'{"access_token":"bench-access-%d-0123456789abcdef","refresh_token":"bench-refresh-%d-0123456789abcdef",'
    b'"token_type":"bearer","expires_in":604799,"scope":"read write","subdomain":"bench"}'
)
LONG: Final = re.compile(rb"GET /\S*?bytes/(\d+) ")


def json_answer(body: bytes) -> bytes:
    """Return a whole answer."""
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


ANSWER: Final = json_answer(BODY)


class Upstream(asyncio.Protocol):
    """One connection. Only the end of a request's head is looked for, and the length of its body skipped."""

    issued = 0  # pairs of tokens, over all connections

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._buffer = b""
        self._room = asyncio.Event()
        self._room.set()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, error: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[: end + 2]
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)\r\n", head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            self._buffer = self._buffer[whole:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if long := LONG.match(head):
            self._task = asyncio.get_running_loop().create_task(self._stream(int(long[1])))
        elif head.startswith(b"POST /oauth/token"):
            Upstream.issued += 1
            self._transport.write(json_answer(TOKENS % (Upstream.issued, Upstream.issued)))
        elif head.startswith(b"GET /issued"):
            self._transport.write(json_answer(b"%d" % Upstream.issued))
        elif self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, ANSWER)
        else:
            self._transport.write(ANSWER)

    async def _stream(self, size: int) -> None:
        self._transport.write(HEAD % size)
        for sent in range(0, size, len(PIECE)):
            await self._room.wait()
            self._transport.write(PIECE[: size - sent])


async def serve(host: str, port: int, delay: float) -> None:
    """Serve until cancelled; print the address first."""
    server = await asyncio.get_running_loop().create_server(lambda: Upstream(delay), host, port)
    print(f"http://{host}:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the arguments and serve."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    chosen = options.parse_args()
    uvloop.run(serve(chosen.host, chosen.port, chosen.delay))


if __name__ == "__main__":
    main()
