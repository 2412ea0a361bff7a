"""Sources and claimed runs for tests, with a watch that remembers what it was told."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from consentry.core.clock import FakeClock
from consentry.flows.model import Counts, Source, SourceId, StreamRun, WarehouseSpec

MADE = datetime(2026, 1, 1, tzinfo=UTC)


def a_source(**said: Any) -> Source:
    """Return a source of Capsule's that reads everything, but for what is said otherwise."""
    plain = Source(
        id=SourceId(1),
        name="CRM",
        connector="capsule",
        credential_id=1,
        credential_name="Sales CRM",
        streams=None,
        manual=None,
        dataset="crm",
        warehouse=WarehouseSpec(),
        deletions="mark",
        full_listing_every=timedelta(days=1),
        schedule=None,
        is_active=True,
        next_run_at=None,
        created_by="person:ada@example.com",
        created_at=MADE,
        updated_at=MADE,
    )
    return replace(plain, **said)


class Onlooker:
    """Remembers reports and waits; a wait passes at once, and takes a clock with it."""

    def __init__(
        self, clock: FakeClock | None = None, *, on_report: Callable[["Onlooker", StreamRun], None] | None = None
    ) -> None:
        self.reports: dict[str, StreamRun] = {}
        self.waits: list[tuple[str, datetime]] = []
        self.cancelled = False
        self._clock = clock
        self._on_report = on_report

    async def report(self, stream: StreamRun) -> None:
        """Remember how a stream is doing."""
        self.reports[stream.name] = stream
        if self._on_report is not None:
            self._on_report(self, stream)

    async def wait(self, words: str, until: datetime) -> None:
        """Remember the wait, and let its time pass."""
        self.waits.append((words, until))
        if self._clock is not None:
            self._clock.advance(max(until - self._clock.now(), timedelta(0)))

    def is_cancelled(self) -> bool:
        """Tell what the test said."""
        return self.cancelled

    def counts(self) -> Mapping[str, Counts]:
        """Return what each stream did."""
        return {name: stream.counts for name, stream in self.reports.items()}
