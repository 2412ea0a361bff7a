"""What a run of a destination is handed, its hold on the lease, and its line to the provider."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.connectors import Answer, Connector, Request, Template, Writing, WritingClient
from consentry.core.clock import Clock
from consentry.core.ids import Randomness
from consentry.core.steps import Steps
from consentry.errors import LeaseTaken
from consentry.flows import store as run_store
from consentry.flows.destination import row_store
from consentry.flows.destination.ledger import Book
from consentry.flows.destination.mapping import MappedRow
from consentry.flows.destination.model import Destination
from consentry.flows.destination.raw import RawRow
from consentry.flows.upstream import Patient
from consentry.flows.work import Watch
from consentry.storage import Database

REQUEST: Final = timedelta(seconds=70)
"""How long a request can be under way, connecting included."""


class Holding(Watch, Protocol):
    """A watch that also tells whether the run is surely still ours."""

    def surely_holds(self) -> bool:
        """Tell whether nobody else can have taken the run up yet."""

    async def confirm(self) -> None:
        """Prolong the lease now; raise LeaseTaken when it is somebody else's."""


class Batches(Protocol):
    """Rows on their way in."""

    @property
    def keeps_order(self) -> bool:
        """Whether row N is the same row when it is read again."""

    def batches(self) -> AsyncIterator[list[RawRow]]:
        """Give the rows some hundreds at a time."""


class MapRow(Protocol):
    """Turns a row's columns into values of the template's fields. Pure."""

    def __call__(self, given: Mapping[str, Any]) -> MappedRow:
        """Return the row by field; ``given`` is by column, as JSON keeps it."""


OpenRows = Callable[[int], AbstractAsyncContextManager[Batches]]
"""Opens the rows behind the one with a number; raises InvalidInput, NotFound, WarehouseBusy and WarehouseRefused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One claimed run of a destination with all that it needs."""

    destination: Destination
    run_id: int
    is_retry: bool
    connector: Connector
    writing: Writing
    template: Template
    client: WritingClient
    open_rows: OpenRows
    book: Book
    fence: int
    owner: str  # this process
    database: Database
    clock: Clock
    randomness: Randomness
    steps: Steps
    settle: timedelta  # how long a request whose answer was lost may still take effect


class Held:
    """Transactions that prove the lease first, so that whoever lost it writes nothing any more."""

    def __init__(self, work: Work, upstream: "WritingUpstream") -> None:
        self._work = work
        self._upstream = upstream
        self._counted = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Begin a writing transaction; raise LeaseTaken when the run is somebody else's."""
        work = self._work
        asked = self._upstream.requests
        async with work.database.transaction() as connection:
            proof = {"lease_fence": work.fence}
            if not await run_store.change_held(connection, work.run_id, work.fence, proof):
                raise LeaseTaken("A later holder of this run is at work.")
            await row_store.count_requests(connection, work.run_id, asked - self._counted)
            yield connection
        self._counted = asked

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Begin a transaction that only reads."""
        async with self._work.database.reading() as connection:
            yield connection


class WritingUpstream(Patient):
    """A signed-in client for runs that write: what reads is patient, what writes is sent once."""

    def __init__(self, work: Work, watch: Holding) -> None:
        super().__init__(work, watch)
        self._client = work.client
        self._work = work
        self._holding = watch
        self._ahead = timedelta(0)  # of the provider's clock

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send GET; raise Cancelled, what doesn't pass by itself, and what didn't pass for as long as we wait."""
        return self._noting(await self.ask(lambda: self._client.get(path, params)))

    async def send(
        self, method: str, path: str, body: object | None = None, *, before: Callable[[], None] | None = None
    ) -> Answer:
        """Send a request that only reads, such as a filter; raises as ``get`` does."""
        return self._noting(await self.ask(lambda: self._client.send(method, path, body, before=before)))

    async def write(self, request: Request) -> Answer:
        """Send a request that writes, once, and only while the run is surely ours.

        Raises LeaseTaken when that isn't sure, and then nothing was sent; else as the client does.
        """
        return self._noting(
            await self.once(
                lambda: self._client.send(request.method, request.path, request.body, before=self._check_hold)
            )
        )

    def moment(self) -> datetime:
        """Return the present moment by the provider's clock, a little early."""
        return self._work.clock.now() + self._ahead - _SLACK

    def _check_hold(self) -> None:
        if not self._holding.surely_holds():
            raise LeaseTaken("The lease of this run has to be renewed first.")

    def _noting(self, answer: Answer) -> Answer:
        if self.date is not None:
            self._ahead = self.date - self._work.clock.now()
        return answer


_SLACK: Final = timedelta(seconds=2)
"""Moments of the provider are in whole seconds."""
