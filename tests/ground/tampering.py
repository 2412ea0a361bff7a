"""A signed-in client between the run and the sandbox that changes answers on their way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from consentry.connectors import Answer, SignedInClient

Tamper = Callable[[str, Answer], Answer]


@dataclass(slots=True)
class Tampering:
    """Passes requests on; answers whose path begins in one of these ways are changed."""

    client: SignedInClient
    tampers: dict[str, Tamper] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Ask, and change what comes."""
        self.asked.append(path)
        answer = await self.client.get(path, params)
        for beginning, tamper in self.tampers.items():
            if path.startswith(beginning):
                answer = tamper(path, answer)
        return answer


def with_records(key: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Tamper:
    """Return what changes the records of a list answer."""

    def tamper(_path: str, answer: Answer) -> Answer:
        whole = msgspec.json.decode(answer.body)
        return replace(answer, body=msgspec.json.encode(whole | {key: change(whole[key])}))

    return tamper


def with_body(body: bytes) -> Tamper:
    """Return what replaces the body."""
    return lambda _path, answer: replace(answer, body=body)


def cut_short(_path: str, answer: Answer) -> Answer:
    """Leave the second half out."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def with_next(link: Callable[[str], str]) -> Tamper:
    """Return what gives every page a next one."""
    return lambda path, answer: replace(answer, headers=dict(answer.headers) | {"link": f'<{link(path)}>; rel="next"'})
