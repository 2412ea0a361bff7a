"""A provider whose lists change under the reader: every answer can be followed by a deed."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from consentry.connectors import Answer
from consentry.core.clock import FakeClock
from consentry.errors import NotFound
from consentry.flows.reading import format_moment

BASE: str = "https://api.example.com"
Order = Literal["id", "updated", "newest"]


class Moving:
    """Lists ``things`` in pages; knows ``since``, tells deletions, and forgets nothing."""

    def __init__(self, clock: FakeClock, *, order: Order, size: int = 3) -> None:
        self.things: dict[int, tuple[int, str]] = {}  # version, and when it was changed
        self.deleted: list[tuple[int, str]] = []
        self.asked: list[str] = []
        self.deeds: dict[int, list[Callable[[], object]]] = {}  # by the number of the answer that they follow
        self._clock = clock
        self._order = order
        self._size = size
        self._next = 1

    def add(self) -> int:
        """Create a thing."""
        self.things[self._next] = (1, self.now())
        self._next += 1
        return self._next - 1

    def change(self, number: int) -> None:
        """Change a thing, if it's there."""
        if number in self.things:
            self.things[number] = (self.things[number][0] + 1, self.now())

    def delete(self, number: int) -> None:
        """Delete a thing, if it's there."""
        if self.things.pop(number, None) is not None:
            self.deleted.append((number, self.now()))

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Answer as the API does, a second later than the time before."""
        self.asked.append(path)
        self._clock.advance(timedelta(seconds=1))
        answer = self._answer(path)
        for deed in self.deeds.pop(len(self.asked), []):
            deed()
        return answer

    def records(self) -> dict[int, int]:
        """Return the versions by id."""
        return {number: version for number, (version, _) in self.things.items()}

    def _answer(self, path: str) -> Answer:
        address = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        if address.path.endswith("/deleted"):
            since = query["since"]
            gone = [{"id": number, "deletedAt": at} for number, at in self.deleted if at > since]
            return Answer(status=200, headers={}, body=msgspec.json.encode({"things": gone}))
        if not address.path.endswith("/things"):
            raise NotFound
        found = [self._record(number) for number in self._ordered() if self.things[number][1] > query.get("since", "")]
        return self._page(address.path, query, found)

    def _page(self, path: str, query: dict[str, str], found: list[dict[str, object]]) -> Answer:
        number = int(query.get("page", "1"))
        size = min(self._size, int(query.get("size", "100")))
        headers = {}
        if number * size < len(found):
            headers["link"] = f'<{BASE}{path}?{urlencode(query | {"page": str(number + 1)})}>; rel="next"'
        body = msgspec.json.encode({"things": found[(number - 1) * size : number * size]})
        return Answer(status=200, headers=headers, body=body)

    def _ordered(self) -> list[int]:
        if self._order == "updated":
            return sorted(self.things, key=lambda number: (self.things[number][1], number))
        return sorted(self.things, reverse=self._order == "newest")

    def _record(self, number: int) -> dict[str, object]:
        version, at = self.things[number]
        return {"id": number, "version": version, "updatedAt": at}

    def now(self) -> str:
        return format_moment(self._clock.now())
