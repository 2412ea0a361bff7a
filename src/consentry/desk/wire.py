"""Speaks to a server's REST API with an API key: fields out, values in, and its problems as the errors they were."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import httpx2
import msgspec

from consentry.desk.problem import error_of
from consentry.errors import ReplyNotUnderstood, ServerUnreachable

API: Final = "/api/v1"
PER_PAGE: Final = 100
TIMEOUT_SECONDS: Final = 45.0  # longer than the server takes for a slow refresh

Shape = TypeVar("Shape")


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that was queued."""

    run_id: int


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

    async def send(
        self, method: str, path: str, fields: Mapping[str, object] | None = None, *, timeout: float | None = None
    ) -> httpx2.Response:
        """Send a request; raise the error that the server answered with, or ServerUnreachable."""
        body: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        if fields is not None:
            content = msgspec.json.encode(fields, enc_hook=str)
            body |= {"content": content, "headers": {"Content-Type": "application/json"}}
        answer = await self.reach(method, path, **body)
        if not answer.is_success:
            raise error_of(answer.status_code, answer.headers, answer.content)
        return answer

    async def pour(self, path: str, pieces: AsyncIterator[bytes], shape: type[Shape]) -> Shape:
        """Post a body piece by piece, and read the answer as one value; raises as ``send`` does."""
        kind = {"Content-Type": "application/octet-stream"}
        async with self._open("POST", path, content=pieces, headers=kind) as answer:
            return read(await answer.aread(), shape)

    async def draw(self, path: str) -> AsyncIterator[bytes]:
        """Yield an answer piece by piece; raises as ``send`` does."""
        async with self._open("GET", path) as answer:
            async for piece in answer.aiter_bytes():
                yield piece

    async def lines(self, path: str, shape: type[Shape]) -> AsyncIterator[Shape]:
        """Yield an answer line by line, each a value; raises as ``send`` does."""
        async with self._open("GET", path) as answer:
            async for line in answer.aiter_lines():
                if line:
                    yield read(line.encode(), shape)

    @asynccontextmanager
    async def _open(self, method: str, path: str, **given: Any) -> AsyncIterator[httpx2.Response]:
        try:
            async with self._http.stream(method, path, **given) as answer:
                if not answer.is_success:
                    raise error_of(answer.status_code, answer.headers, await answer.aread())
                yield answer
        except httpx2.TransportError as error:
            raise ServerUnreachable(f"The server {self.url} can't be reached.") from error

    async def pages(self, path: str, shape: type[Shape], wish: Mapping[str, object]) -> AsyncIterator[list[Shape]]:
        """Yield page after page until there is no next one."""
        page, has_more = 0, True
        while has_more:
            page += 1
            query = httpx2.QueryParams({**given(wish), "page": page, "per_page": PER_PAGE})
            answer = await self.send("GET", f"{path}?{query}")
            records = read(answer.content, list[Any])
            yield [_shape(record, shape) for record in records]
            has_more = bool(records) and "next" in answer.links

    async def ask(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        fields: Mapping[str, object] | None = None,
        *,
        timeout: float | None = None,
    ) -> Shape:
        """Send a request, and read the answer as one value; ``timeout`` is for one that takes longer than others."""
        return read((await self.send(method, path, fields, timeout=timeout)).content, shape)

    async def every(
        self, path: str, shape: type[Shape], wish: Mapping[str, object], *, at_most: int | None = None
    ) -> list[Shape]:
        """Read page after page until there is no next one, or there are enough."""
        found: list[Shape] = []
        if at_most is not None and at_most <= 0:
            return found
        async for records in self.pages(path, shape, wish):
            found += records
            if at_most is not None and len(found) >= at_most:
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
