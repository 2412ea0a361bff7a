"""Where a run looks records up: at the provider, or in a dataset's copy of them that is fresh enough."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from consentry.connectors import Known, Record, Template, Writing, WritingClient

ID: Final = "id"
_AT_ONCE: Final = 4
Found = Mapping[Any, Sequence[Record]]
T = TypeVar("T")


class Records(Protocol):
    """Finds records by what identifies them."""

    async def find(self, by: str, values: Sequence[Any], *, fresh: bool) -> Found:
        """Return for each value the records that have it; ``fresh``: by the provider's own word."""

    async def wrote(self, records: Sequence[Record], gone: Sequence[int]) -> None:
        """Take note of what the run itself changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtProvider:
    """Asks the provider."""

    client: WritingClient
    writing: Writing
    template: Template
    known: Known

    async def find(self, by: str, values: Sequence[Any], *, fresh: bool = True) -> Found:
        """Ask for the records that have these values; for ids several requests are under way at the same time."""
        match = self.template.match(by)
        if by != ID or match is None:
            return await self._ask(by, values) if values else {}
        found: dict[Any, Sequence[Record]] = {}
        parts = [values[start : start + match.at_once] for start in range(0, len(values), match.at_once)]
        for start in range(0, len(parts), _AT_ONCE):
            for each in await gather_all([self._ask(by, part) for part in parts[start : start + _AT_ONCE]]):
                found.update(each)
        return found

    async def wrote(self, records: Sequence[Record], gone: Sequence[int]) -> None:
        """The provider knows."""

    async def _ask(self, by: str, values: Sequence[Any]) -> Found:
        return await self.writing.find(self.client, self.template, by, values, known=self.known)


async def gather_all(asking: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Do several things at once; when one of them raises, the others are ended before that is passed on."""
    tasks = [asyncio.ensure_future(each) for each in asking]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
