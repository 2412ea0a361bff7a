"""What a run asks of a warehouse. Rows, the stream's state and the proof of who wrote go into one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from consentry.connectors import Record

if TYPE_CHECKING:
    import pyarrow as pa

Key = tuple[Any, ...]  # the values of the stream's primary key, in its order


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records of one stream as typed tables; the first is the stream's own, the others are its nested lists."""

    tables: Mapping[str, "pa.Table"]  # by table name: "parties", "parties__email_addresses", ...
    # every row of the own table has "_key" (text, the primary key's values joined by ":") and "_hash" (text, of the
    # whole record with its lists); every row of a child table has "_parent_id" and "_position"

    @property
    def size(self) -> int:
        """How many records there are."""
        return int(next(iter(self.tables.values())).num_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a batch did."""

    new: int
    changed: int
    unchanged: int
    new_columns: tuple[str, ...] = ()  # table.column


class Dataset(Protocol):
    """One source's tables in a warehouse, open for one writer. Blocking: call it from a thread of its own.

    Everything raises WarehouseBusy (locked, gone, full: wait and try again) or WarehouseRefused (an operator must act);
    the writing calls also LeaseTaken, when a later holder of the run has written already, and ColumnChanged, when a
    value's type isn't its column's any more. Nothing is half done when something is raised.
    """

    def state(self, stream: str) -> Mapping[str, Any]:
        """Return what the last committed write said about the stream; empty before the first."""

    def write(
        self, stream: str, batch: Batch, *, state: Mapping[str, Any], fence: int, at: datetime, seen: bool
    ) -> Written:
        """Insert new records, replace changed ones with their lists, leave equal ones; all or nothing, with the state.

        Records that came back after a deletion are live again. ``seen``: they also count as seen in the full listing.
        """

    def begin_listing(self, stream: str, *, state: Mapping[str, Any], fence: int) -> None:
        """Forget what an earlier full listing has seen."""

    def missing(self, stream: str, limit: int) -> list[Key]:
        """Return keys of live records that the full listing under way has not seen."""

    def delete(self, stream: str, keys: Iterable[Key], *, state: Mapping[str, Any], fence: int, at: datetime) -> int:
        """Mark or remove records with their lists, and keep the state; return how many were live before."""

    def known(self, stream: str, batch: Batch) -> int:
        """Return how many of the batch's records are live here with the same hash."""

    def keys(
        self, stream: str, where: Mapping[str, Any] | None = None, *, written_since: datetime | None = None
    ) -> list[Key]:
        """Return the keys of live records, such as organisations that this run has written."""

    def finish(self, *, fence: int) -> None:
        """Refresh what is derived: the views with custom fields as columns, the files of a Parquet folder."""

    def look(self) -> Sequence["TableLook"]:
        """Return every table and view of the dataset with its columns, types and count."""

    def rows(self, table: str, limit: int) -> list[dict[str, Any]]:
        """Return the first live rows of a table."""

    def close(self) -> None:
        """Let go of the warehouse."""


class Copy(Protocol):
    """A dataset that is only read, record by record. Blocking; raises WarehouseBusy and WarehouseRefused."""

    def state(self, stream: str) -> Mapping[str, Any]:
        """Return what the last committed write said about the stream."""

    def find_ids(self, stream: str, path: Sequence[str], texts: Sequence[str]) -> list[tuple[str, int]]:
        """Return which live records have one of these texts at a path, in small letters: text and id."""

    def records(self, stream: str, ids: Sequence[int]) -> list[Record]:
        """Return live records as the API gave them, but for their moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLook:
    """One table or view of a dataset."""

    name: str
    columns: tuple[tuple[str, str], ...]  # name and type
    count: int  # live rows
