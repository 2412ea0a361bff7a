"""A source that the sandbox tells of changes: what a worker and a runner would do, step by step, by a test's hand."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from consentry import flows
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Credential
from consentry.flows import HookState, NewSource, Run, Source
from consentry.flows.hooks.hints import COLLECT
from consentry.sandbox import RunningSandbox
from ground.consenting import ADA
from ground.running_sources import opener
from ground.waiting import eventually


@dataclass(slots=True, kw_only=True)
class Hooked:
    """An app that is served, a credential of it, and the sandbox that calls it."""

    app: App
    clock: FakeClock
    credential: Credential
    sandbox: RunningSandbox
    runs: list[Run] = field(default_factory=list)

    @property
    def crm(self) -> Any:
        """The records of the account."""
        return self.sandbox.world.crm("acme")

    @property
    def remote(self) -> list[dict[str, Any]]:
        """The hooks as the provider has them."""
        return [record.decode() for record in self.crm["resthooks"].all()]

    async def add(self, name: str = "Sales", *streams: str, **more: Any) -> Source:
        """Add a source with hooks, and look after them."""
        new = NewSource(
            name=name,
            credential_id=more.pop("credential_id", self.credential.id),
            streams=streams or ("parties",),
            hooks=True,
            **more,
        )
        source = await flows.create(self.app.flows, ADA, new)
        await self.tend()
        return await self.show(source)

    async def show(self, source: Source) -> Source:
        """Return a source as it is now."""
        return await flows.get(self.app.flows, source.id)

    async def tend(self) -> None:
        """Look after hooks, as the worker does each second."""
        await flows.notice_credentials(self.app.flows)
        await flows.tend_due(self.app.flows)

    async def states(self, source: Source) -> dict[str, HookState]:
        """Return how each event of a source is doing."""
        return {hook.event: hook.state for hook in (await self.show(source)).events}

    async def run(self, source: Source) -> Run:
        """Run a source by hand."""
        begun = await flows.begin_run(self.app.flows, ADA, source.id)
        await self._work()
        return await flows.get_run(self.app.flows, begun.id)

    async def told(self) -> None:
        """Wait until the provider has told everything."""
        await self.eventually(self.sandbox.world.hooks.is_idle)

    async def read_hints(self) -> list[Run]:
        """Let the runs come that hints wait for, and return them."""
        self.clock.advance(COLLECT + timedelta(seconds=1))
        await flows.queue_hinted(self.app.flows)
        return await self._work()

    async def _work(self) -> list[Run]:
        claimed = await flows.claim(self.app.flows, 8)
        for one in claimed:
            await flows.work(self.app.flows, one)
        self.clock.advance(timedelta(seconds=1))
        return [await flows.get_run(self.app.flows, one.run.id) for one in claimed]

    def row(self, source: Source, table: str, record_id: int) -> dict[str, Any] | None:
        """Return a live row of the dataset."""
        return next((row for row in self.rows(source, table) if row["id"] == record_id), None)

    def rows(self, source: Source, table: str) -> list[dict[str, Any]]:
        """Return the live rows of a table."""
        with opener(source, self.app)() as dataset:
            return dataset.rows(table, 100_000)

    def count(self, path: str, *, method: str = "GET") -> int:
        """Return how often an address of the API was called; ids are left out of it."""
        return self.sandbox.world.journal.counts("api_calls").get(f"{method} {path}", 0)

    async def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that another thread does."""
        assert await asyncio.to_thread(eventually, holds)
