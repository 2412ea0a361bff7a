"""Attaches a credential's token to requests of httpx2, httpx and requests; one 401 goes round once more."""

from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final, Protocol

import httpx2

from consentry.core.secret import Secret
from consentry.desk import Lent
from consentry.errors import AddressRefused

HEADER: Final = "Authorization"


class Lender(Protocol):
    """Where a token comes from. Each way exists for callers that wait and for callers that await."""

    def lend_at_once(self) -> Lent | None:
        """Return a fresh token if one is at hand, in microseconds."""

    def lend(self) -> Lent:
        """Return a fresh token."""

    def lend_another(self, refused: Lent) -> Lent | None:
        """Return another token after a 401 to this one; None when asking again would not help."""

    async def lend_async(self) -> Lent:
        """Return a fresh token."""

    async def lend_another_async(self, refused: Lent) -> Lent | None:
        """Return another token after a 401 to this one; None when asking again would not help."""


class Bearer(httpx2.Auth):
    """Signs requests to one address, whoever sends them: ``auth=`` of httpx2, httpx and requests takes it."""

    def __init__(self, base_url: str, lender: Lender) -> None:
        self._base_url = base_url
        self._below = base_url + "/"
        self._lender = lender

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Sign a request of httpx2, and send it once more after a 401 if its body can be sent again."""
        self._check(str(request.url))
        lent = self._lender.lend_at_once() or self._lender.lend()
        request.headers[HEADER] = _value(lent)
        response = yield request
        if response.status_code == 401:
            another = self._lender.lend_another(lent)
            if another is not None and _can_be_sent_again(request):
                request.headers[HEADER] = _value(another)
                yield request

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Do the same for an asynchronous client."""
        self._check(str(request.url))
        lent = self._lender.lend_at_once() or await self._lender.lend_async()
        request.headers[HEADER] = _value(lent)
        response = yield request
        if response.status_code == 401:
            another = await self._lender.lend_another_async(lent)
            if another is not None and _can_be_sent_again(request):
                request.headers[HEADER] = _value(another)
                yield request

    def __call__(self, request: Any) -> Any:
        """Sign a request of requests or httpx, which call their auth with it."""
        self._check(str(request.url))
        lent = self._lender.lend_at_once() or self._lender.lend()
        request.headers[HEADER] = _value(lent)
        register = getattr(request, "register_hook", None)
        if register is not None:
            register("response", self._once_more(lent))
        return request

    def _once_more(self, lent: Lent) -> Callable[..., Any]:
        """Return what requests asks about each response; a redirect's second response finds its turn taken."""
        is_done = False

        def judge(response: Any, **options: Any) -> Any:
            nonlocal is_done
            if response.status_code != 401 or is_done:
                return response
            is_done = True
            another = self._lender.lend_another(lent)
            again = response.request.copy()
            if another is None or not isinstance(again.body, str | bytes | None) or not self._is_below(str(again.url)):
                return response
            _ = response.content  # read to its end, so that the connection can be used again
            response.close()
            again.headers[HEADER] = _value(another)
            second = response.connection.send(again, **options)
            second.history.append(response)
            second.request = again
            return second

        return judge

    def _check(self, url: str) -> None:
        """Keep the token from any other address than the one it is for."""
        if not self._is_below(url):
            raise AddressRefused(
                f"This credential's token is sent to {self._base_url} only.",
                hint="Use another client for other addresses.",
            )

    def _is_below(self, url: str) -> bool:
        return url.startswith(self._below) or url == self._base_url

    def __repr__(self) -> str:
        return f"Bearer({self._base_url!r})"


class Constant:
    """Lends always the same: the API key, for requests that a server signs on."""

    def __init__(self, lent: Lent) -> None:
        self._lent = lent

    def lend_at_once(self) -> Lent:
        """Return it."""
        return self._lent

    def lend(self) -> Lent:
        """Return it."""
        return self._lent

    def lend_another(self, refused: Lent) -> Lent | None:
        """There is no other."""

    async def lend_async(self) -> Lent:
        """Return it."""
        return self._lent

    async def lend_another_async(self, refused: Lent) -> Lent | None:
        """There is no other."""


def _value(lent: Lent) -> str:
    token: Secret = lent.access_token
    return f"Bearer {token.reveal()}"


def _can_be_sent_again(request: httpx2.Request) -> bool:
    """Tell whether the body is still there after it was sent once."""
    return isinstance(request.stream, httpx2.ByteStream)
