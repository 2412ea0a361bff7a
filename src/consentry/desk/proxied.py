"""A signed-in client that goes through a server's proxy: the server attaches the token and keeps the rate budget."""

import asyncio
import re
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

import httpx2

from consentry.connectors import Answer, Connector
from consentry.credentials import refusal
from consentry.desk.problem import error_of
from consentry.desk.wire import API, Wire
from consentry.errors import RateLimited

OWN_ERROR: Final = "consentry-error"


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
        deadline = time.monotonic() + self._wait.total_seconds()
        while True:
            answer = await self._wire.reach("GET", address, headers={"Accept": "application/json"})
            if answer.is_success:
                return self._as_the_provider_says_it(answer)
            error = self._error(answer)
            if not isinstance(error, RateLimited) or time.monotonic() + error.retry_after > deadline:
                raise error
            await asyncio.sleep(error.retry_after)

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
