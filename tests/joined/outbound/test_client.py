import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator

import pytest

from consentry.core.secret import Secret
from consentry.errors import AddressRefused, ConsentryError, InvalidInput, NoAnswer, ProviderDown, ReplyNotUnderstood
from consentry.outbound import Outbound
from ground.providers import Script, answer, provider, secured_provider, send, silence


@contextlib.asynccontextmanager
async def outbound_to(*bases: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[Outbound]:
    outbound = Outbound(bases, tls=tls)
    try:
        yield outbound
    finally:
        await outbound.close()


async def post(script: Script, *, timeout: float = 5, limit: int = 1000) -> object:
    async with provider(script) as there, outbound_to(there.url) as outbound:
        return await outbound.post_form(f"{there.url}/oauth/token", {"a": "b"}, timeout=timeout, limit=limit)


async def test_a_form_goes_out_once_with_its_secrets_and_nothing_of_them_prints() -> None:
    async with (
        provider(answer("400 Bad Request", b'{"error":"invalid_grant"}')) as there,
        outbound_to(there.url) as out,
    ):
        form: dict[str, str | Secret] = {"code": Secret("se cret&=%"), "grant_type": "authorization_code"}
        reply = await out.post_form(f"{there.url}/oauth/token", form, headers={"Authorization": "Basic eDp5"})
    head, _, body = there.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert body == b"code=se+cret%26%3D%25&grant_type=authorization_code"
    assert lines[0] == "POST /oauth/token HTTP/1.1"
    assert {"Authorization: Basic eDp5", "Accept: application/json", "Accept-Encoding: identity"} < set(lines)
    assert any(line.startswith("User-Agent: Consentry/") for line in lines)
    assert (reply.status, reply.content_type, reply.body) == (400, "application/json", b'{"error":"invalid_grant"}')
    assert "invalid_grant" not in repr(reply)
    assert len(there.requests) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_an_answer_and_not_followed(status: str) -> None:
    async with provider(answer(status, b"", "Location: /elsewhere")) as there, outbound_to(there.url) as outbound:
        reply = await outbound.post_form(f"{there.url}/oauth/token", {"a": "b"})
        assert reply.status == int(status[:3])
        async with outbound.open_stream("GET", f"{there.url}/x") as streamed:
            assert streamed.header("Location") == "/elsewhere"
    assert len(there.requests) == 2


async def test_a_form_never_travels_on_a_connection_that_was_idle() -> None:
    async with provider(answer()) as there, outbound_to(there.url) as outbound:
        for _ in range(3):
            await outbound.post_form(f"{there.url}/oauth/token", {"a": "b"})
        assert there.connections == 3
        for _ in range(3):
            await outbound.fetch("GET", f"{there.url}/x")
        assert there.connections == 4


MAYBE_RECEIVED = [
    (send(b"", end=True), "closed without a word"),
    (send(b"", abort=True), "reset"),
    (silence, "no answer in time"),
    (send(b"HTTP/1.1 200 OK\r\nContent-Le", end=True), "cut off in the head"),
    (send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", end=True), "cut off in the body"),
    (send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", end=True), "cut off in a chunk"),
    (send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"), "stalled in the body"),
]


@pytest.mark.parametrize(("script", "reason"), MAYBE_RECEIVED)
async def test_what_may_have_been_received_is_told_as_no_answer(script: Script, reason: str) -> None:
    with pytest.raises(NoAnswer) as raised:
        await post(script, timeout=0.5)
    assert "127.0.0.1" in raised.value.message


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
async def test_what_may_change_something_is_never_sent_twice(method: str) -> None:
    async with provider(send(b"", abort=True)) as there, outbound_to(there.url) as outbound:
        with pytest.raises(NoAnswer):
            await outbound.fetch(method, f"{there.url}/x", body=b"{}")
        with pytest.raises(NoAnswer):
            async with outbound.open_stream(method, f"{there.url}/x"):
                pass
        assert len(there.requests) == 2


async def test_an_answer_that_drips_is_not_waited_for_without_end() -> None:
    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(200):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.2)

    begun = time.monotonic()
    async with provider(drip) as there, outbound_to(there.url) as outbound:
        with pytest.raises(NoAnswer):
            await outbound.post_form(f"{there.url}/oauth/token", {"a": "b"}, timeout=0.5)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (answer(body=b"x" * 1001), "longer than allowed"),
        (send(b"SSH-2.0-OpenSSH_9.9\r\n\r\n", end=True), "another protocol"),
        (send(b"HTTP/1.1 200 OK\r\nContent-Length: one\r\n\r\n", end=True), "a head that breaks the rules"),
    ],
)
async def test_what_cannot_be_believed_is_not_understood(script: Script, reason: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        await post(script)


async def test_an_endless_answer_is_cut_off() -> None:
    async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 1000)
            await writer.drain()

    with pytest.raises(ReplyNotUnderstood):
        await post(endless, limit=100_000)


async def test_a_port_where_nobody_listens_surely_received_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
        async with outbound_to(base) as outbound:
            with pytest.raises(ProviderDown) as raised:
                await outbound.post_form(f"{base}/oauth/token", {"a": "b"})
    assert not isinstance(raised.value, NoAnswer)


async def test_a_name_without_an_address_surely_received_nothing() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} is unknown")

    outbound = Outbound(resolve=nowhere)
    with pytest.raises(ProviderDown, match="can't be found") as raised:
        await outbound.post_form("https://api.example.com/oauth/token", {"a": "b"})
    assert not isinstance(raised.value, NoAnswer)
    await outbound.close()


async def test_a_certificate_that_nobody_vouches_for_surely_received_nothing() -> None:
    async with secured_provider() as there, outbound_to(there.url) as outbound:
        with pytest.raises(ProviderDown, match="certificate") as raised:
            await outbound.post_form(f"{there.url}/oauth/token", {"a": "b"})
    assert not isinstance(raised.value, NoAnswer)


async def test_a_certificate_for_another_name_is_not_believed() -> None:
    async with secured_provider() as there:
        other = there.url.replace("localhost", "127.0.0.1")
        async with outbound_to(other, tls=there.trusting) as outbound:
            with pytest.raises(ProviderDown, match="certificate"):
                await outbound.post_form(f"{other}/oauth/token", {"a": "b"})


async def test_a_certificate_that_is_vouched_for_is_believed() -> None:
    async with secured_provider() as there, outbound_to(there.url, tls=there.trusting) as outbound:
        assert (await outbound.post_form(f"{there.url}/oauth/token", {"a": "b"})).status == 200


async def test_a_port_that_speaks_no_tls_surely_received_nothing() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com at your service\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        base = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with outbound_to(base) as outbound:
            with pytest.raises(ProviderDown) as raised:
                await outbound.post_form(f"{base}/oauth/token", {"a": "b"})
    assert not isinstance(raised.value, NoAnswer)


async def test_a_name_that_leads_inside_is_refused_before_anything_leaves() -> None:
    async def rebound(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    outbound = Outbound(resolve=rebound)
    with pytest.raises(AddressRefused):
        await outbound.post_form("https://api.example.com/oauth/token", {"a": "b"})
    with pytest.raises(AddressRefused):
        async with outbound.open_stream("GET", "https://api.example.com/x"):
            pass
    await outbound.close()


async def test_no_error_names_what_the_address_carries() -> None:
    async with provider(send(b"", end=True)) as there, outbound_to(there.url) as outbound:
        for path in ("/x?token=hidden-value", "/x#hidden-value"):
            with pytest.raises(ConsentryError) as raised:
                await outbound.fetch("GET", there.url + path)
            assert "hidden-value" not in f"{raised.value} {raised.value.hint}"


# --- streams


async def test_a_stream_passes_headers_and_bytes_as_they_are() -> None:
    packed = b"\x1f\x8b\x08not really packed"
    script = answer("203 Odd", packed, "Content-Encoding: gzip", "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Late: yes")
    async with (
        provider(script) as there,
        outbound_to(there.url) as outbound,
        outbound.open_stream("PATCH", f"{there.url}/a%2Fb//c?q=%20x", headers=[("X-One", "1")], body=b"abc") as reply,
    ):
        assert reply.status == 203
        assert await reply.read(1000) == packed
        names = [name for name, _ in reply.headers]
        assert names.count(b"set-cookie") == 2
        assert reply.header("X-LATE") == "yes"
    head, _, body = there.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PATCH /a%2Fb//c?q=%20x HTTP/1.1\r\n")
    assert body == b"abc"
    assert b"X-One: 1" in head
    for own in (b"Cookie", b"Accept", b"Content-Type", b"Referer"):
        assert own + b":" not in head


async def test_cookies_are_not_kept() -> None:
    async with provider(answer("200 OK", b"", "Set-Cookie: a=1")) as there, outbound_to(there.url) as outbound:
        for _ in range(2):
            await outbound.fetch("GET", f"{there.url}/x")
    assert b"cookie" not in there.requests[1].lower()


async def test_a_streamed_body_keeps_the_length_that_was_announced() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"0123456789"

    async with provider(answer()) as there, outbound_to(there.url) as outbound:
        headers = [("Content-Length", "30"), ("Content-Type", "text/plain")]
        async with outbound.open_stream("POST", f"{there.url}/x", headers=headers, body=pieces()) as reply:
            assert reply.status == 200
    head, _, body = there.requests[0].partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert body == b"0123456789" * 3


async def test_a_streamed_body_without_a_length_goes_out_in_chunks() -> None:
    async def read_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b""
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        await answer(body=body)(reader, writer)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        await asyncio.sleep(0.05)
        yield b"two"

    async with (
        provider(read_chunks) as there,
        outbound_to(there.url) as outbound,
        outbound.open_stream("POST", f"{there.url}/x", body=pieces()) as reply,
    ):
        assert await reply.read(100) == b"one two"


async def test_a_stream_that_breaks_off_says_so() -> None:
    script = send(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", end=True)
    async with (
        provider(script) as there,
        outbound_to(there.url) as outbound,
        outbound.open_stream("GET", f"{there.url}/x") as reply,
    ):
        with pytest.raises(NoAnswer):
            await reply.read(1000)


async def test_a_silent_stream_is_given_up() -> None:
    async with provider(silence) as there, outbound_to(there.url) as outbound:
        with pytest.raises(NoAnswer):
            async with outbound.open_stream("GET", f"{there.url}/x", idle=0.3):
                pass


async def test_what_the_reader_raises_passes_unchanged() -> None:
    async with provider(answer()) as there, outbound_to(there.url) as outbound:
        with pytest.raises(TimeoutError, match="mine"):
            async with outbound.open_stream("GET", f"{there.url}/x"):
                raise TimeoutError("mine")


async def test_an_answer_may_come_before_the_body_was_sent() -> None:
    async def forever() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0.01)

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    async with (
        provider(refuse) as there,
        outbound_to(there.url) as outbound,
        outbound.open_stream("POST", f"{there.url}/x", body=forever(), idle=5) as reply,
    ):
        assert reply.status == 413
        await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("name", "value"), [("X-A", "b\r\nX-Evil: 1"), ("X-A\r\nX-Evil", "1"), ("X-A", "b\0"), ("X\n", "")]
)
async def test_a_header_cannot_begin_another(name: str, value: str) -> None:
    async with provider(answer()) as there, outbound_to(there.url) as outbound:
        with pytest.raises(InvalidInput):
            async with outbound.open_stream("GET", f"{there.url}/x", headers=[(name, value)]):
                pass
    assert there.requests == []


async def test_each_event_loop_has_its_own_connections() -> None:
    async with provider(answer()) as there:
        outbound = Outbound([there.url])
        await outbound.fetch("GET", f"{there.url}/x")

        async def elsewhere() -> int:
            reply = await outbound.fetch("GET", f"{there.url}/x")
            await outbound.close()
            return reply.status

        assert await asyncio.to_thread(asyncio.run, elsewhere()) == 200
        assert (await outbound.fetch("GET", f"{there.url}/x")).status == 200
        await outbound.close()
