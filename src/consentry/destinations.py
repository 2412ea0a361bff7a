"""Destinations in the library, for programs that don't await; the hub is in library.py."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from consentry import aio
from consentry.desk import DestinationView, PreviewView, RowView, RunView, TotalsView, TroubleView
from consentry.given_rows import Rows, taken

if TYPE_CHECKING:
    from consentry.library import Hub

_ROWS_AT_ONCE: Final = 200


class Destination:
    """A destination, which writes rows into a connector."""

    def __init__(self, hub: "Hub", inner: aio.Destination) -> None:
        self._hub = hub  # as long as somebody waits for its runs, the hub stays open
        self._inner = inner

    @property
    def id(self) -> int:
        """The id, which stays whatever else changes."""
        return self._inner.id

    @property
    def name(self) -> str:
        """The name that it had when it was looked up."""
        return self._inner.name

    @property
    def last_run(self) -> "Run | None":
        """The newest run, which may be going on."""

        async def ask() -> aio.Run | None:
            return await self._inner.last_run

        found = self._hub.background.run(ask())
        return None if found is None else Run(self._hub, found)

    def show(self) -> DestinationView:
        """Return everything that is known about it now."""
        return self._hub.background.run(self._inner.show())

    def preview(self, rows: Rows | None = None, *, limit: int = 20) -> PreviewView:
        """Return what a run would do, of its own rows or of these; nothing is written."""
        with taken(rows) as given:  # here, on the caller's thread, where their iterator belongs
            return self._hub.background.run(self._inner.preview(given, limit=limit))

    def run(self, rows: Rows | None = None, *, wait: bool = True) -> "Run":
        """Write its own rows or these, and return the run once it has ended, or at once: nothing is raised for a row.

        ``rows`` are mappings of column to value, or the path of a file. Raises Conflict while a run is going on. Who
        stops waiting, asks the run to end.
        """
        with taken(rows) as given:
            return Run(self._hub, self._hub.background.run(self._inner.run(given, wait=wait)))

    def __repr__(self) -> str:
        return repr(self._inner)


class Run:
    """A run of a destination, as it was when it was looked at, and its rows as they are."""

    def __init__(self, hub: "Hub", inner: aio.Run) -> None:
        self._hub = hub
        self._inner = inner

    @property
    def view(self) -> RunView:
        """Everything that was known about it."""
        return self._inner.view

    @property
    def id(self) -> int:
        """The id."""
        return self._inner.id

    @property
    def status(self) -> str:
        """How it went, such as ``succeeded`` or ``partly_failed``."""
        return self._inner.status

    @property
    def succeeded(self) -> bool:
        """Whether every row came through."""
        return self._inner.succeeded

    @property
    def counts(self) -> TotalsView:
        """The rows by outcome."""
        return self._inner.counts

    @property
    def error(self) -> TroubleView | None:
        """What went wrong with the run as a whole."""
        return self._inner.error

    def rows(self, *, outcome: str | None = None) -> Iterator[RowView]:
        """Yield the rows with their outcomes, their errors and their values; only those with one outcome, if named."""
        rows = self._inner.rows(outcome=outcome)

        async def following() -> list[RowView]:
            return [row async for row in _first(rows, _ROWS_AT_ONCE)]

        while found := self._hub.background.run(following()):
            yield from found

    def retry(self, mended: Mapping[int, Mapping[str, Any]] | None = None, *, wait: bool = True) -> "Run":
        """Try the rows again that were refused, failed or never came to their turn, and return that run.

        ``mended`` are other values by the number of the row: all that the row is to hold.
        """
        return Run(self._hub, self._hub.background.run(self._inner.retry(mended, wait=wait)))

    def __repr__(self) -> str:
        return repr(self._inner)


async def _first(rows: AsyncIterator[RowView], most: int) -> AsyncIterator[RowView]:
    for _ in range(most):
        row = await anext(rows, None)
        if row is None:
            return
        yield row
