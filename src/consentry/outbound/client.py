"""All HTTP that leaves Consentry, and the only user of aiohttp: no redirects, no cookies, limits on everything.

ProviderDown means that the request was surely not received; NoAnswer, that it may have been. Nothing that may change
something is sent twice.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Final, Self
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import aiohttp

from consentry.core.secret import Secret
from consentry.errors import FieldError, InvalidInput, ReplyNotUnderstood
from consentry.outbound.addresses import AddressRules, CheckedResolver, Resolve, resolve_by_system
from consentry.outbound.failures import Translated

CONNECT_SECONDS: Final = 10.0
PER_HOST: Final = 100
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_LINE_ENDS: Final = re.compile(r"[\r\n\0]")

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
Body = bytes | AsyncIterable[bytes] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole answer. Its body and headers may hold secrets, so they don't print."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)  # lower-case names; of several with one name, the last


class StreamedReply:
    """An answer whose body is still on its way."""

    __slots__ = ("_answer", "headers", "status")

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers = [(name.lower(), value) for name, value in answer.raw_headers]
        """Every header as it came, one name possibly several times; names in lower case."""

    def header(self, name: str) -> str | None:
        """Return the value of a header, whatever the case of its name."""
        return self._answer.headers.get(name)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, still compressed if the provider did so; raise NoAnswer when it breaks off."""
        stream = self._answer.content
        while True:
            with Translated(self._answer.host):
                chunk = await stream.readany()
            if not chunk:
                return
            yield chunk

    async def read(self, limit: int) -> bytes:
        """Return the whole body; raise ReplyNotUnderstood when it is longer than ``limit`` bytes."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise ReplyNotUnderstood(f"{self._answer.host} sent an answer that is far too long.")
            parts.append(chunk)
        return b"".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """The open connections of one event loop."""

    kept: aiohttp.ClientSession
    fresh: aiohttp.ClientSession  # a new connection for every request: an idle one may close just as a POST leaves


class Outbound:
    """The one way out. Connections are opened when needed, and belong to the event loop that needed them.

    ``operator_bases`` are addresses that an operator set: these alone may be private, or plain http on loopback.
    """

    def __init__(
        self,
        operator_bases: Iterable[str] = (),
        *,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = resolve_by_system,
    ) -> None:
        self._rules = AddressRules(operator_bases)
        self._tls = tls
        self._resolve = resolve
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Lines] = WeakKeyDictionary()

    async def post_form(
        self,
        url: str,
        form: Mapping[str, str | Secret],
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30,
        limit: int = 64 * 1024,
    ) -> Reply:
        """Send a form to a token or revocation endpoint, once, and return whatever is answered.

        Raises ProviderDown when the form surely wasn't received, NoAnswer when it may have been, ReplyNotUnderstood
        when the answer is longer than ``limit`` bytes or no HTTP, AddressRefused when the address isn't allowed.
        """
        body = urlencode([(name, _reveal(value)) for name, value in form.items()]).encode()
        own = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        session = self._open_lines().fresh
        return await self._exchange(session, "POST", url, own | dict(headers or {}), body, timeout, limit)

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Headers = (),
        body: bytes | None = None,
        timeout: float = 60,
        limit: int = 32 * 1024 * 1024,
    ) -> Reply:
        """Send a request to an API and return the whole answer, whatever its status; raises as ``post_form`` does."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        session = self._open_lines().kept
        return await self._exchange(
            session, method, url, [("Accept-Encoding", "identity"), *pairs], body, timeout, limit
        )

    @asynccontextmanager
    async def open_stream(
        self, method: str, url: str, *, headers: Headers = (), body: Body = None, idle: float = 60
    ) -> AsyncIterator[StreamedReply]:
        """Send a request and give the answer as soon as its head is there; bodies stream both ways.

        ``idle`` is the longest silence, in seconds, between two pieces of a body and before the answer's head.
        """
        answer = await self._send(self._open_lines().kept, method, url, headers, body, idle)
        try:
            yield StreamedReply(answer)
        finally:
            answer.close()  # gives the connection back when the body was read to its end, else ends it

    async def close(self) -> None:
        """Close the connections of this event loop."""
        lines = self._lines.pop(asyncio.get_running_loop(), None)
        if lines is not None:
            await lines.kept.close()
            await lines.fresh.close()

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        headers: Headers,
        body: bytes | None,
        timeout: float,
        limit: int,
    ) -> Reply:
        """Send a request and read the answer to its end; ``timeout`` bounds all of it after the connecting."""
        with Translated(self._rules.check(url).host or ""):
            async with asyncio.timeout(CONNECT_SECONDS + timeout) as guard:
                answer = await self._send(session, method, url, headers, body, timeout)
                end = asyncio.get_running_loop().time() + timeout
                guard.reschedule(min(end, guard.when() or end))
                try:
                    content = await StreamedReply(answer).read(limit)
                finally:
                    answer.close()
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(status=answer.status, content_type=names.get("content-type", ""), body=content, headers=names)

    async def _send(
        self, session: aiohttp.ClientSession, method: str, url: str, headers: Headers, body: Body, idle: float
    ) -> aiohttp.ClientResponse:
        """Send a request and wait for the head of its answer."""
        address = self._rules.check(url)
        sent = _check_headers(headers)
        limits = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=idle)
        with Translated(address.host or ""):
            async with _Patience(idle) as patience:
                data = body if body is None or isinstance(body, bytes) else patience.during(body)
                return await session.request(
                    method, address, headers=sent, data=data, timeout=limits, allow_redirects=False
                )

    def _open_lines(self) -> _Lines:
        loop = asyncio.get_running_loop()
        lines = self._lines.get(loop)
        if lines is None:
            lines = self._lines[loop] = _Lines(kept=self._make_session(keep=True), fresh=self._make_session(keep=False))
        return lines

    def _make_session(self, *, keep: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self._rules, self._resolve),
            ssl=self._tls or True,
            limit=0,
            limit_per_host=PER_HOST,
            force_close=not keep,
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": f"Consentry/{version('consentry')}"},
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            middlewares=(_send_once,),
        )


class _AnswerLost(aiohttp.ClientError):
    """The connection ended after the request may have been received."""


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or DELETE once more by itself when no answer comes.

    RFC 9110 §9.2.2 calls them idempotent; a provider whose PUT adds to lists makes them not so, and who reads the
    provider's word about what was written wants to be asked first.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise  # nothing was sent
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method in _SAFE:
            raise
        raise _AnswerLost from error


def _reveal(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _check_headers(headers: Headers) -> list[tuple[str, str]]:
    """Refuse what would end a header line and begin another."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    for name, value in pairs:
        if _LINE_ENDS.search(name) or _LINE_ENDS.search(value):
            raise InvalidInput(FieldError(field=name.split()[0][:100], message="has a character no header can have"))
    return pairs


class _Patience:
    """Bounds the silence before an answer's head; every piece of the request's body that leaves begins it anew."""

    def __init__(self, idle: float) -> None:
        self._idle = idle
        self._limit: asyncio.Timeout | None = asyncio.timeout(CONNECT_SECONDS + idle)

    async def __aenter__(self) -> Self:
        if self._limit is not None:
            await self._limit.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        # the body may go on leaving after the head has come, when there is nothing left to bound here
        limit, self._limit = self._limit, None
        if limit is not None:
            await limit.__aexit__(*failure)

    async def during(self, body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Pass a body on."""
        async for piece in body:
            self._renew()
            yield piece
        self._renew()

    def _renew(self) -> None:
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._idle)
