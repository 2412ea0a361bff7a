"""Providers on loopback that behave as they are told, down to the byte and the broken connection."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import trustme

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Scripted:
    """A server whose script runs for each request; it keeps what it was sent."""

    script: Script
    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.tasks.add(asyncio.create_task(self.serve(reader, writer)))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError), contextlib.closing(writer):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head + await reader.readexactly(_length(head)))
                await self.script(reader, writer)
                await writer.drain()
                if writer.is_closing():
                    break

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.sleep(0)


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@contextlib.asynccontextmanager
async def provider(script: Script) -> AsyncIterator[Scripted]:
    """Serve while the block lasts."""
    scripted = Scripted(script)
    server = await asyncio.start_server(scripted.accept, "127.0.0.1", 0)
    scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield scripted
    finally:
        server.close()
        await scripted.stop()


def answer(status: str = "200 OK", body: bytes = b"{}", *headers: str) -> Script:
    """Send a whole answer."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return send(whole)


def send(data: bytes, *, end: bool = False, abort: bool = False) -> Script:
    """Send bytes as they are, and end the connection if told to."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        if data:
            await writer.drain()
        if end:
            writer.close()
        if abort:
            writer.transport.abort()

    return script


async def silence(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Receive, and say nothing for longer than anybody waits."""
    await asyncio.sleep(30)


@dataclass(frozen=True)
class Secured:
    """Where a provider with TLS is, and what a client needs to believe it."""

    url: str
    trusting: ssl.SSLContext


@contextlib.asynccontextmanager
async def secured_provider() -> AsyncIterator[Secured]:
    """Serve one answer over TLS as localhost, vouched for by an authority of its own."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    scripted = Scripted(answer())
    server = await asyncio.start_server(scripted.accept, "127.0.0.1", 0, ssl=context)
    try:
        yield Secured(url=f"https://localhost:{server.sockets[0].getsockname()[1]}", trusting=trusting)
    finally:
        server.close()
        await scripted.stop()
