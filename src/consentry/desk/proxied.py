"""A signed-in client that goes through a server's proxy: the server attaches the token and keeps the rate budget."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
import msgspec

from consentry.connectors import Answer, Connector
from consentry.credentials import judged, refusal
from consentry.desk.problem import error_of
from consentry.desk.wire import API, Wire
from consentry.errors import NoAnswer, RateLimited, ServerUnreachable

OWN_ERROR: Final = "consentry-error"
_HEADERS: Final = {"Accept": "application/json"}


class Proxied:
    """Speaks to one credential's API through the server. ``wait`` is how long a call waits for the rate budget."""

    def __init__(self, wire: Wire, connector: Connector, credential_id: int, *, wait: timedelta) -> None:
        self._wire = wire
        self._connector = connector
        self._proxy = f"/credentials/{credential_id}/proxy"
        self._wait = wait
        self._here = re.compile(f"<[^<>]*{re.escape(API + self._proxy)}/")

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send GET to a path under the base URL; raise ours for anything but a 2xx answer."""
        address = f"{self._proxy}/{path.lstrip('/')}"
        if params:
            address += ("&" if "?" in address else "?") + urlencode(dict(params), safe=",")

        async def once() -> Answer:
            answer = await self._wire.reach("GET", address, headers=_HEADERS)
            if answer.is_success:
                return self._as_the_provider_says_it(answer)
            raise self._error(answer)

        return await self._patiently(once)

    async def send(
        self, method: str, path: str, body: object | None = None, *, before: Callable[[], None] | None = None
    ) -> Answer:
        """Send a request with a JSON body, once, and return the answer; raises as the contract says."""
        given: dict[str, Any] = {"headers": _HEADERS}
        if body is not None:
            given = {"headers": _HEADERS | {"Content-Type": "application/json"}, "content": msgspec.json.encode(body)}

        async def once() -> Answer:
            if before is not None:
                before()
            answer = await self._reach_surely(method, f"{self._proxy}/{path.lstrip('/')}", given)
            if OWN_ERROR in answer.headers:
                raise self._error(answer)
            return judged(self._connector, self._as_the_provider_says_it(answer))

        return await self._patiently(once)

    async def _patiently(self, once: Callable[[], Awaitable[Answer]]) -> Answer:
        """Send it, again while only the rate limit stands against it and there is time."""
        deadline = time.monotonic() + self._wait.total_seconds()
        while True:
            try:
                return await once()
            except RateLimited as error:
                if time.monotonic() + error.retry_after > deadline:
                    raise
                pause = error.retry_after
            await asyncio.sleep(pause)

    async def _reach_surely(self, method: str, address: str, given: Mapping[str, Any]) -> httpx2.Response:
        """Send it to the server; raise NoAnswer unless it surely never came there."""
        try:
            return await self._wire.reach(method, address, **given)
        except ServerUnreachable as error:
            if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
                raise
            raise NoAnswer("The server's answer didn't come; it may have been done.") from error

    def _error(self, answer: httpx2.Response) -> Exception:
        if OWN_ERROR in answer.headers:
            return error_of(answer.status_code, answer.headers, answer.content)
        return refusal(self._connector, self._as_the_provider_says_it(answer))

    def _as_the_provider_says_it(self, answer: httpx2.Response) -> Answer:
        """Undo what the proxy does to links: they lead to the server, under whatever name people call it."""
        headers = {name.lower(): value for name, value in answer.headers.items()}
        if "link" in headers:
            headers["link"] = self._here.sub(f"<{self._connector.base_url}/", headers["link"])
        return Answer(status=answer.status_code, headers=headers, body=answer.content)
