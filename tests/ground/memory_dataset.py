"""A dataset in memory that keeps the promises of the contract, for tests that want many of them quickly."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from consentry.connectors import Stream
from consentry.errors import LeaseTaken
from consentry.flows.warehouse.contract import Batch, Key, TableLook, Written
from ground.flattening import snake


@dataclass(slots=True, kw_only=True)
class Kept:
    """One row, and what became of it."""

    values: dict[str, Any]
    hash: str
    at: datetime
    deleted: bool = False


@dataclass(slots=True)
class MemoryDataset:
    """Rows by stream and key. Opened and closed as often as anybody likes."""

    streams: Sequence[Stream]
    fence: int = 0
    states: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    kept: dict[str, dict[Key, Kept]] = field(default_factory=dict)
    seen: dict[str, set[Key]] = field(default_factory=dict)
    opened: int = 0

    @contextmanager
    def open(self) -> Iterator["MemoryDataset"]:
        """Give the dataset to one writer."""
        self.opened += 1
        yield self

    def live(self, stream: str) -> set[Key]:
        """Return the keys of the records that aren't deleted."""
        return {key for key, kept in self._of(stream).items() if not kept.deleted}

    def state(self, stream: str) -> Mapping[str, Any]:
        """Return what the last write said."""
        return self.states.get(stream, {})

    def write(
        self, stream: str, batch: Batch, *, state: Mapping[str, Any], fence: int, at: datetime, seen: bool
    ) -> Written:
        """Insert, replace or leave each record."""
        self._prove(fence)
        counts = {"new": 0, "changed": 0, "unchanged": 0}
        for key, values in self._rows_in(stream, batch):
            known = self._of(stream).get(key)
            what = "new" if known is None else "changed"
            if known is not None and known.hash == values["_hash"] and not known.deleted:
                what = "unchanged"
            else:
                self._of(stream)[key] = Kept(values=values, hash=values["_hash"], at=at)
            counts[what] += 1
            if seen:
                self.seen.setdefault(stream, set()).add(key)
        self.states[stream] = state
        return Written(new=counts["new"], changed=counts["changed"], unchanged=counts["unchanged"])

    def begin_listing(self, stream: str, *, state: Mapping[str, Any], fence: int) -> None:
        """Forget what was seen."""
        self._prove(fence)
        self.seen[stream] = set()
        self.states[stream] = state

    def missing(self, stream: str, limit: int) -> list[Key]:
        """Return live keys that weren't seen."""
        return sorted(self.live(stream) - self.seen.get(stream, set()))[:limit]

    def delete(self, stream: str, keys: Iterable[Key], *, state: Mapping[str, Any], fence: int, at: datetime) -> int:
        """Mark records as deleted."""
        self._prove(fence)
        gone = [key for key in keys if key in self.live(stream)]
        for key in gone:
            self._of(stream)[key].deleted = True
            self._of(stream)[key].at = at
        self.states[stream] = state
        return len(gone)

    def known(self, stream: str, batch: Batch) -> int:
        """Count records that are here as they are in the batch."""
        here = self._of(stream)
        rows = [(here.get(key), values["_hash"]) for key, values in self._rows_in(stream, batch)]
        return sum(kept is not None and not kept.deleted and kept.hash == hashed for kept, hashed in rows)

    def keys(
        self, stream: str, where: Mapping[str, Any] | None = None, *, written_since: datetime | None = None
    ) -> list[Key]:
        """Return the keys of live records that fit."""
        wanted = {snake(name): value for name, value in (where or {}).items()}
        return [
            key
            for key, kept in self._of(stream).items()
            if not kept.deleted
            and (written_since is None or kept.at >= written_since)
            and all(kept.values.get(name) == value for name, value in wanted.items())
        ]

    def finish(self, *, fence: int) -> None:
        """Nothing is derived here."""
        self._prove(fence)

    def look(self) -> Sequence[TableLook]:
        """Return nothing: tests look at ``kept``."""
        return ()

    def rows(self, table: str, limit: int) -> list[dict[str, Any]]:
        """Return live rows."""
        return [kept.values for kept in self._of(table).values() if not kept.deleted][:limit]

    def close(self) -> None:
        """Nothing is held."""

    def _prove(self, fence: int) -> None:
        if fence < self.fence:
            raise LeaseTaken
        self.fence = fence

    def _of(self, stream: str) -> dict[Key, Kept]:
        return self.kept.setdefault(stream, {})

    def _rows_in(self, stream: str, batch: Batch) -> Iterator[tuple[Key, dict[str, Any]]]:
        names = next(snake_names(each) for each in self.streams if each.name == stream)
        for values in next(iter(batch.tables.values())).to_pylist():
            yield tuple(values[name] for name in names), values


def snake_names(stream: Stream) -> tuple[str, ...]:
    """Return the columns of a stream's primary key."""
    return tuple(snake(name) for name in stream.primary_key)
