"""The proxy, plain ASGI: the provider's API with the bearer token attached, streamed both ways."""

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.types import Receive, Scope, Send

from consentry import credentials
from consentry.accounts import Caller, KeyScope
from consentry.api import proxy_rules as rules
from consentry.api.bodies import CallerLeft, bounded, pour, read_up_to
from consentry.api.callers import caller_with_key, header
from consentry.api.problems import MEDIA_TYPE, Problem, method_not_allowed, problem_of
from consentry.api.proxy_links import Links
from consentry.api.targets import Target, Targets
from consentry.app import App
from consentry.audit import Action
from consentry.core.log import get_logger
from consentry.credentials import IssuedToken
from consentry.errors import ConsentryError, RateLimited, ScopeMissing, TooLarge
from consentry.outbound import StreamedReply

RESENT_AT_MOST: Final = 64 * 1024
"""A body up to this size is held, so that it can be sent again after a refused token."""
LARGEST_REQUEST: Final = 1024**3
LARGEST_ANSWER: Final = 4 * 1024**3
"""Bodies stream through and are never held; these bounds only end what will never end by itself."""
_REFUSAL_AT_MOST: Final = 1024 * 1024
_WATCHED_FROM: Final = 512 * 1024
"""From so many bytes on it is watched whether the caller is still there."""

log = get_logger("api.proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """One call on its way through."""

    credential_id: int
    target: Target
    method: str
    path: str  # and query, as the provider is asked
    headers: list[tuple[str, str]]
    body: bytes | None  # the whole of it, or its beginning
    is_whole: bool
    wait: timedelta | None
    links: Links
    receive: Receive
    send: Send
    began: float

    @property
    def url(self) -> str:
        return self.target.connector.base_url + self.path

    def content(self) -> bytes | AsyncIterator[bytes] | None:
        """Return the body to send; only a whole one can be had twice."""
        return self.body if self.is_whole else bounded(pour(self.body or b"", self.receive), LARGEST_REQUEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """A 401 of the provider, kept until it is known whether another token helps."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


class Proxy:
    """`ANY /credentials/{id}/proxy/{path}`."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._targets = Targets(app)
        self._calls = {kind: app.measures.proxy_calls.labels(f"{kind}xx") for kind in range(1, 6)}

    async def answer(self, scope: Scope, receive: Receive, send: Send, credential_id: int, rest: bytes) -> None:
        """Answer with what the provider answers, or with a problem of our own."""
        limit_header = ""
        try:
            caller = await caller_with_key(self._app, scope)
            caller.require(KeyScope.USE)
            if scope["method"] not in rules.METHODS:
                await self._send_problem(send, method_not_allowed(rules.METHODS))
                return
            target = await self._targets.find(credential_id)
            limit_header = target.connector.rate_limit.reset_header if target.connector.rate_limit else ""
            call = await self._prepare(scope, receive, send, credential_id, rest, target)
            await self._carry_out(call, caller)
        except ConsentryError as error:
            await self._send_problem(send, self._problem(error, limit_header))
        except CallerLeft:
            log.info("the caller left before the answer", credential_id=credential_id)

    async def _prepare(
        self, scope: Scope, receive: Receive, send: Send, credential_id: int, rest: bytes, target: Target
    ) -> _Call:
        connector = target.connector
        began = self._app.clock.monotonic()
        _check_length(scope)
        path = rules.upstream_path(rest, connector.api_prefix) + rules.upstream_query(scope["query_string"])
        body, is_whole = await read_up_to(receive, RESENT_AT_MOST)
        prefer = (value.decode("latin-1") for name, value in scope["headers"] if name == b"prefer")
        return _Call(
            credential_id=credential_id,
            target=target,
            method=scope["method"],
            path=path,
            headers=rules.headers_upstream(scope["headers"]),
            body=body or None,
            is_whole=is_whole,
            wait=rules.wait_of(prefer),
            links=Links(
                base_url=connector.base_url,
                prefix=connector.api_prefix,
                proxy_url=f"{self._app.settings.public_url}/api/v1/credentials/{credential_id}/proxy",
                asked=connector.base_url + path,
            ),
            receive=receive,
            send=send,
            began=began,
        )

    async def _carry_out(self, call: _Call, caller: Caller) -> None:
        """Make the call; when the token is refused get another, once, and make it again where the body allows."""
        room = self._app.credentials
        token = await credentials.token(room, caller.actor, call.credential_id, action=Action.PROXY_USE)
        _check_scope(call, token)
        refusal = await self._attempt(call, token, is_last=False)
        if refusal is None:
            return
        newer = await credentials.refuse_token(room, call.credential_id, token)
        if newer is None or not call.is_whole:
            await self._begin(call, 401, refusal.headers)
            await call.send({"type": "http.response.body", "body": refusal.body})
            return
        await self._attempt(call, newer, is_last=True)

    async def _attempt(self, call: _Call, token: IssuedToken, *, is_last: bool) -> _Refusal | None:
        """Send the call and pass the answer back, but for a first 401: that is returned."""
        headers = [*call.headers, ("authorization", f"Bearer {token.access_token.reveal()}")]
        limit, wait = call.target.connector.rate_limit, call.wait or timedelta(0)
        async with (
            self._app.budgets.spend(call.target.subject, limit, wait=wait) as spending,
            self._app.outbound.open_stream(call.method, call.url, headers=headers, body=call.content()) as reply,
        ):
            spending.learn(reply.status, reply.header)
            if reply.status == 401 and not is_last:
                return _Refusal(headers=reply.headers, body=await reply.read(_REFUSAL_AT_MOST))
            await self._begin(call, reply.status, reply.headers)
            await self._pass_back(call, reply)
        return None

    async def _begin(self, call: _Call, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._calls.get(status // 100, self._calls[5]).inc()
        self._app.measures.proxy_seconds.observe(self._app.clock.monotonic() - call.began)
        back = rules.headers_back(headers, call.links)
        if call.wait is not None:
            back.append((b"preference-applied", f"wait={int(call.wait.total_seconds())}".encode()))
        await call.send({"type": "http.response.start", "status": status, "headers": back})

    async def _pass_back(self, call: _Call, reply: StreamedReply) -> None:
        """Stream the body; when the provider breaks off, the caller's connection breaks off too, as it should."""
        try:
            async with contextlib.aclosing(_watched(call, bounded(reply.chunks(), LARGEST_ANSWER))) as chunks:
                async for chunk in chunks:
                    await call.send({"type": "http.response.body", "body": chunk, "more_body": True})
        except ConsentryError as error:
            log.warning("an answer broke off on its way through", problem=error.code, reason=error.message)
            return
        await call.send({"type": "http.response.body", "body": b""})

    def _problem(self, error: ConsentryError, limit_header: str) -> Problem:
        problem = problem_of(error)
        if isinstance(error, RateLimited) and limit_header:
            until = self._app.clock.now().timestamp() + error.retry_after
            return problem.with_headers({limit_header: str(math.ceil(until))})
        return problem

    async def _send_problem(self, send: Send, problem: Problem) -> None:
        self._calls[problem.status // 100].inc()
        body = problem.body()
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"consentry-error", problem.code.encode()),
            *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
        ]
        await send({"type": "http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _check_length(scope: Scope) -> None:
    """Refuse a body that says itself that it is too large, before anything leaves."""
    said = header(scope, b"content-length") or b""
    if said.isdigit() and int(said) > LARGEST_REQUEST:
        raise TooLarge(f"The body is larger than {LARGEST_REQUEST} bytes.")


def _check_scope(call: _Call, token: IssuedToken) -> None:
    """Refuse to write with a grant that only reads; what a provider doesn't tell of its grant, it judges itself."""
    needed = frozenset(call.target.connector.oauth.write_scopes)
    granted = frozenset(token.scope.split())
    if call.method not in rules.READING and needed and granted and not needed & granted:
        raise ScopeMissing(
            f"{call.method} needs one of the scopes {', '.join(sorted(needed))}; granted is {token.scope}.",
        )


async def _watched(call: _Call, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield chunks for as long as the caller is there; a long answer to nobody isn't fetched to its end."""
    sent, watch = 0, None
    try:
        async for chunk in chunks:
            yield chunk
            sent += len(chunk)
            if sent < _WATCHED_FROM or not call.is_whole:
                continue
            watch = watch or asyncio.create_task(_leaving(call.receive), name="caller of the proxy")
            if watch.done():
                raise CallerLeft
    finally:
        if watch is not None:
            watch.cancel()


async def _leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
