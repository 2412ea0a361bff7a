"""A signed-in client that answers from values handed to it, and keeps what it was asked."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from consentry.connectors import Answer
from consentry.errors import NotFound


def json_answer(body: bytes, **headers: str) -> Answer:
    """Make a 200 answer; header names are written with underscores."""
    return Answer(status=200, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=body)


class Replaying:
    """Answers GET by path and query, or by path alone."""

    def __init__(self, answers: Mapping[str, Answer] | Callable[[str], Answer | None]) -> None:
        self.asked: list[str] = []
        self._find = answers if callable(answers) else answers.get

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Answer; raise NotFound for what nobody prepared."""
        whole = f"{path}?{urlencode(params)}" if params else path
        self.asked.append(whole)
        answer = self._find(whole) or self._find(whole.partition("?")[0])
        if answer is None:
            raise NotFound
        return answer
