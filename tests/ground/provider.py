"""A provider of a few lines that remembers what it was asked, and answers as a test tells it to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

Answer = Callable[["Asked", Receive, Send], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str  # path and query, as they came over the wire
    headers: list[tuple[str, str]]
    body: bytes = b""
    size: int = 0  # of the body, also where it isn't kept

    def header(self, name: str) -> str | None:
        """Return the value of a header."""
        return dict(self.headers).get(name)


@dataclass(slots=True)
class Provider:
    """The provider as an ASGI application."""

    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)  # by path; any other path is answered with {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode()
        asked = Asked(
            method=scope["method"],
            target=scope["raw_path"].decode() + (f"?{query}" if query else ""),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
        )
        self.asked.append(asked)
        await self.answers.get(scope["path"], _answer_plainly)(asked, receive, send)


async def read(asked: Asked, receive: Receive, *, keep: bool = True) -> None:
    """Read a body to its end."""
    more = True
    while more:
        message = await receive()
        piece, more = message.get("body", b""), message.get("more_body", False)
        asked.size += len(piece)
        if keep:
            asked.body += piece


def answering(status: int = 200, body: bytes = b"{}", headers: list[tuple[str, str]] | None = None) -> Answer:
    """Return an answer that is always the same."""
    pairs = headers if headers is not None else [("content-type", "application/json")]

    async def answer(asked: Asked, receive: Receive, send: Send) -> None:
        await read(asked, receive)
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return answer


_answer_plainly = answering()
