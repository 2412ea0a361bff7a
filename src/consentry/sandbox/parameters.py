"""Reading parameters of a query, a form or a JSON object: each at most once, text only (RFC 6749 section 3.1)."""

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

_LARGEST_BODY: Final = 64 * 1024


class Unreadable(Exception):
    """The parameters can't be taken; the text says why."""


def parse_pairs(text: str) -> dict[str, str]:
    """Return the parameters of a query or form; raises Unreadable when one comes twice."""
    pairs = parse_qsl(text, keep_blank_values=True)
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise Unreadable("A parameter was sent more than once.")
    return parameters


async def read_body(request: Request) -> bytes:
    """Return the body; raises Unreadable when it is larger than any form of ours."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise Unreadable("The body is too large.")
    return body


async def read_form(request: Request) -> dict[str, str]:
    """Return the parameters of a form or of a JSON object with text values; raises Unreadable."""
    body = await read_body(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        return _from_json(body)
    if media_type not in ("application/x-www-form-urlencoded", ""):
        raise Unreadable(f"The content type {media_type} is not understood here.")
    try:
        return parse_pairs(body.decode())
    except UnicodeDecodeError as error:
        raise Unreadable("The body is not UTF-8.") from error


def _from_json(body: bytes) -> dict[str, str]:
    try:
        values: dict[str, Any] = msgspec.json.decode(body, type=dict[str, str | int | None])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("The body is not a JSON object with text values.") from error
    return {key: str(value) for key, value in values.items() if value is not None}
