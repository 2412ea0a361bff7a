"""Runs sources of a real app against the sandbox, as the engine would, and hands back what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from consentry import credentials
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.credentials import Credential
from consentry.flows.model import Counts, RunStatus, Source, StreamRun, StreamStatus, Trouble
from consentry.flows.reading import streams_of
from consentry.flows.source_run import OpenDataset, Work, execute
from consentry.flows.warehouse import open_dataset
from ground.consenting import ADA
from ground.sources import Onlooker
from ground.tampering import Tamper, Tampering


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of a run."""

    status: RunStatus
    trouble: Trouble | None
    watch: Onlooker

    @property
    def counts(self) -> Mapping[str, Counts]:
        """What each stream did."""
        return self.watch.counts()

    @property
    def failed(self) -> dict[str, str]:
        """The streams that failed, with the code of what was wrong."""
        ends = self.watch.reports.values()
        return {each.name: each.error.code for each in ends if each.status is StreamStatus.FAILED and each.error}

    @property
    def requests(self) -> int:
        """How many requests all streams made."""
        return sum(each.requests for each in self.counts.values())


@dataclass(slots=True, kw_only=True)
class Runner:
    """Runs sources of one credential."""

    app: App
    credential: Credential
    clock: FakeClock
    tampers: dict[str, Tamper] = field(default_factory=dict)
    fence: int = field(default=0)

    async def run(
        self,
        source: Source,
        *,
        open_it: OpenDataset | None = None,
        fence: int | None = None,
        on_report: Callable[[Onlooker, StreamRun], None] | None = None,
    ) -> Ended:
        """Run a source to its end; each run has a higher fence than the one before."""
        self.fence += 1
        watch = Onlooker(self.clock, on_report=on_report)
        signed_in = await credentials.client(self.app.credentials, ADA, self.credential.id)
        work = Work(
            source=source,
            connector=self.app.catalogue.get(source.connector),
            client=Tampering(signed_in, self.tampers),
            open_dataset=open_it or opener(source, self.app),
            fence=self.fence if fence is None else fence,
            clock=self.clock,
            randomness=self.app.randomness,
        )
        status, trouble = await execute(work, watch)
        self.clock.advance(timedelta(seconds=1))
        return Ended(status=status, trouble=trouble, watch=watch)

    def rows(self, source: Source, table: str) -> list[dict[str, Any]]:
        """Return all live rows of a table."""
        with opener(source, self.app)() as dataset:
            return dataset.rows(table, 1_000_000)


def opener(source: Source, app: App) -> OpenDataset:
    """Return what opens the dataset of a source."""
    streams = streams_of(source, app.catalogue.get(source.connector))
    address = Secret(source.warehouse.url) if source.warehouse.url else None
    return lambda: open_dataset(source, streams, home=app.settings.home, address=address)
