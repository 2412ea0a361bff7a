"""Counts what one stream's run does, and tells the watch."""

from collections.abc import Callable
from dataclasses import replace

from consentry.flows.model import Counts, StreamRun, StreamStatus, Trouble
from consentry.flows.upstream import Upstream
from consentry.flows.warehouse.contract import Written


class Tally:
    """The figures of one stream, as they grow."""

    def __init__(self, name: str, upstream: Upstream, steady: Callable[[], float], expected: int | None) -> None:
        self._run = StreamRun(name=name, status=StreamStatus.RUNNING, expected=expected)
        self._counts = Counts()
        self._columns: dict[str, None] = {}
        self._upstream = upstream
        self._steady = steady
        self._begun = (steady(), upstream.requests, upstream.bytes)
        self.refused = 0

    def begin_pass(self) -> None:
        """Forget who was refused: whoever is still wrong comes again."""
        self.refused = 0

    def came(self, count: int, *, refused: int) -> None:
        """Count records that arrived."""
        self._counts = replace(self._counts, read=self._counts.read + count)
        self.refused += refused

    def wrote(self, written: Written) -> None:
        """Count what a batch did."""
        counts = self._counts
        self._counts = replace(counts, new=counts.new + written.new, changed=counts.changed + written.changed)
        self._columns |= dict.fromkeys(written.new_columns)

    def deleted(self, count: int) -> None:
        """Count deletions."""
        self._counts = replace(self._counts, deleted=self._counts.deleted + count)

    @property
    def new(self) -> int:
        """How many records were new so far."""
        return self._counts.new

    def run(self, status: StreamStatus = StreamStatus.RUNNING, error: Trouble | None = None) -> StreamRun:
        """Return the stream as it stands now."""
        steady, requests, size = self._begun
        counts = replace(
            self._counts,
            requests=self._upstream.requests - requests,
            bytes=self._upstream.bytes - size,
            seconds=round(self._steady() - steady, 3),
        )
        return replace(self._run, status=status, counts=counts, new_columns=tuple(self._columns), error=error)
