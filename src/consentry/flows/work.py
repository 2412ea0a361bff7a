"""What a run of a source is handed, and whom it tells how it goes: the seam between the engine and the reading."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from consentry.connectors import Connector, SignedInClient
from consentry.core.clock import Clock
from consentry.core.ids import Randomness
from consentry.flows.model import Source, StreamRun
from consentry.flows.warehouse.contract import Dataset

OpenDataset = Callable[[], AbstractContextManager[Dataset]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One claimed run with all that it needs."""

    source: Source
    connector: Connector
    client: SignedInClient
    open_dataset: OpenDataset  # blocking: called in a thread, for each batch, so that others may read in between
    fence: int
    clock: Clock
    randomness: Randomness
    expected: Mapping[str, int] = field(default_factory=dict)  # records by stream, as the last run counted them
    hinted: Mapping[str, Sequence[int | str]] | None = None  # only these records, by stream; None: what is due


class Watch(Protocol):
    """Hears how a run goes, and tells whether it should stop."""

    async def report(self, stream: StreamRun) -> None:
        """Take note of how one stream is doing."""

    async def wait(self, words: str, until: datetime) -> None:
        """Show what is waited for, and come back at that moment, or at once when the run is cancelled."""

    def is_cancelled(self) -> bool:
        """Tell whether somebody asked for an end."""


class Cancelled(Exception):
    """Somebody asked for the end of the run."""
