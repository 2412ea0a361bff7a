"""Speaks to a server's REST API with an API key: fields out, values in, and its problems as the errors they were."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import httpx2
import msgspec

from consentry.desk.problem import error_of
from consentry.errors import ReplyNotUnderstood, ServerUnreachable

API: Final = "/api/v1"
PER_PAGE: Final = 100
TIMEOUT_SECONDS: Final = 45.0  # longer than the server takes for a slow refresh

Shape = TypeVar("Shape")


class Wire:
    """One server, and the key that opens it."""

    def __init__(self, url: str, api_key: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        self.url = url
        self._http = httpx2.AsyncClient(
            base_url=url + API, headers={"Authorization": f"Bearer {api_key}"}, timeout=timeout, follow_redirects=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def reach(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """Send a request and return whatever comes; raise ServerUnreachable when nothing does."""
        try:
            return await self._http.request(method, path, **given)
        except httpx2.TransportError as error:
            raise ServerUnreachable(f"The server {self.url} can't be reached.") from error

    async def send(self, method: str, path: str, fields: Mapping[str, object] | None = None) -> httpx2.Response:
        """Send a request; raise the error that the server answered with, or ServerUnreachable."""
        body: dict[str, Any] = {}
        if fields is not None:
            body = {"content": msgspec.json.encode(fields), "headers": {"Content-Type": "application/json"}}
        answer = await self.reach(method, path, **body)
        if not answer.is_success:
            raise error_of(answer.status_code, answer.headers, answer.content)
        return answer

    async def ask(
        self, method: str, path: str, shape: type[Shape], fields: Mapping[str, object] | None = None
    ) -> Shape:
        """Send a request, and read the answer as one value."""
        return read((await self.send(method, path, fields)).content, shape)

    async def every(
        self, path: str, shape: type[Shape], wish: Mapping[str, object], *, at_most: int | None = None
    ) -> list[Shape]:
        """Read page after page until there is no next one."""
        found: list[Shape] = []
        page = 0
        while at_most is None or len(found) < at_most:
            page += 1
            query = httpx2.QueryParams({**given(wish), "page": page, "per_page": PER_PAGE})
            answer = await self.send("GET", f"{path}?{query}")
            records = read(answer.content, list[Any])
            found += [_shape(record, shape) for record in records]
            if not records or "next" not in answer.links:
                break
        return found[:at_most]


def given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what wasn't given."""
    return {name: value for name, value in fields.items() if value is not None}


def read(body: bytes, shape: type[Shape]) -> Shape:
    """Read a JSON document as a value; raise ReplyNotUnderstood when it isn't one."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.MsgspecError as error:
        raise _not_understood() from error


def _shape(record: object, shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(record, shape)
    except msgspec.MsgspecError as error:
        raise _not_understood() from error


def _not_understood() -> ReplyNotUnderstood:
    return ReplyNotUnderstood(
        "The server's answer could not be understood.", hint="Use the same release of Consentry here and there."
    )
