"""Transports that count each request on the shared rate budget; without budget the answer is a 429 of our own.

It looks like the proxy's: a problem document with Retry-After, X-RateLimit-Reset and Consentry-Error.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import httpx2

from consentry.desk import Call, Meter
from consentry.errors import ProviderDown, RateLimited

Spend = Callable[[timedelta], AbstractContextManager[Call]]


class _NotSent(ProviderDown):
    """The request never left, so it doesn't count; told to the budget, and then to the caller in httpx2's own words."""

    def __init__(self, reason: httpx2.TransportError) -> None:
        super().__init__()
        self.reason = reason


class Metered(httpx2.BaseTransport):
    """Counts what passes through another transport."""

    def __init__(self, inner: httpx2.BaseTransport, spend: Spend, wait: timedelta) -> None:
        self._inner = inner
        self._spend = spend
        self._wait = wait

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request within the budget."""
        try:
            with self._spend(self._wait) as call:
                response = self._send(request)
                call.learn(response.status_code, response.headers.get)
                return response
        except RateLimited as error:
            return _answer(error, request)
        except _NotSent as error:
            raise error.reason from None

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return self._inner.handle_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise _NotSent(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


class MeteredAsync(httpx2.AsyncBaseTransport):
    """Counts what passes through another transport, for asynchronous clients."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, meter: Meter, wait: timedelta) -> None:
        self._inner = inner
        self._meter = meter
        self._wait = wait

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request within the budget."""
        try:
            async with self._meter.spend(self._wait) as call:
                response = await self._send(request)
                call.learn(response.status_code, response.headers.get)
                return response
        except RateLimited as error:
            return _answer(error, request)
        except _NotSent as error:
            raise error.reason from None

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        try:
            return await self._inner.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise _NotSent(error) from error

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def prefer(wait: timedelta) -> dict[str, str]:
    """Return the header that asks a server to hold a call so long (RFC 7240)."""
    return {"Prefer": f"wait={math.floor(wait.total_seconds())}"} if wait >= timedelta(seconds=1) else {}


def _answer(error: RateLimited, request: httpx2.Request) -> httpx2.Response:
    seconds = max(1, math.ceil(error.retry_after))
    return httpx2.Response(
        429,
        headers={
            "Content-Type": "application/problem+json",
            "Consentry-Error": error.code,
            "Retry-After": str(seconds),
            "X-RateLimit-Reset": str(math.ceil(time.time()) + seconds),
        },
        json={
            "type": "about:blank",
            "title": "Too Many Requests",
            "status": 429,
            "code": error.code,
            "detail": error.message,
            "hint": error.hint,
        },
        request=request,
    )
