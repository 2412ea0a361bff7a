"""A stream of a credential's connector, read straight from the provider: records one by one, or Arrow tables."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from consentry.connectors import Connector, read
from consentry.connectors import Stream as Declared
from consentry.desk import Desk
from consentry.errors import NotFound

if TYPE_CHECKING:
    import pyarrow as pa

BATCH: Final = 2000


class Stream:
    """One readable collection. Nothing is kept: each reading asks the provider anew."""

    def __init__(self, desk: Desk, credential_id: int, connector: Connector, name: str, wait: timedelta) -> None:
        self._desk = desk
        self._credential_id = credential_id
        self._connector = connector
        self._declared = _find(connector, name)
        self._wait = wait

    @property
    def name(self) -> str:
        """The name, which its table in a dataset has too."""
        return self._declared.name

    async def pages(self) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield the records page by page, as the provider's API spells them."""
        client = await self._desk.signed_in(self._credential_id, wait=self._wait)
        async for page in read(client, self._connector, self._declared):
            yield page.records

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        async for records in self.pages():
            for record in records:
                yield record

    async def tables(self) -> "dict[str, pa.Table]":
        """Read everything, and return it as a dataset has it: the stream's own table, and one for each nested list."""
        from consentry.flows import ArrowTables

        tables, waiting = ArrowTables(self._declared), list[dict[str, Any]]()
        async for records in self.pages():
            waiting += records
            if len(waiting) >= BATCH:
                await asyncio.to_thread(tables.add, waiting)
                waiting = []
        await asyncio.to_thread(tables.add, waiting)
        return tables.whole()

    async def arrow(self) -> "pa.Table":
        """Read everything, and return the stream's own table, typed as in a dataset."""
        return (await self.tables())[self.name]

    def __repr__(self) -> str:
        return f"Stream({self.name!r})"


def _find(connector: Connector, name: str) -> Declared:
    found = connector.stream(name)
    if found is None:
        known = ", ".join(each.name for each in connector.streams)
        raise NotFound(f"{connector.title} has no stream named {name[:100]}.", hint=f"There are: {known}.")
    return found
