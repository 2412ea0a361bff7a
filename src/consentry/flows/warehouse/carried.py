"""Warehouses that dlt writes to: a DuckDB file of our own keeps the dataset, and what changed is carried over.

The file remembers, for each record, which form of it the other side has. A record's memory is wiped before it is sent
and written when it has arrived, so whatever was stopped in between is sent once more.
"""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from consentry.core.secret import Secret
from consentry.errors import WarehouseBusy, WarehouseRefused
from consentry.flows import addresses
from consentry.flows.model import WarehouseKind
from consentry.flows.warehouse.carrying import REMOVED, Order, Parcel, carry
from consentry.flows.warehouse.duckdb import DuckDbEngine
from consentry.flows.warehouse.engine import quoted
from consentry.flows.warehouse.layout import COLUMNS, VIEW, Columns

FILE: Final = ".consentry.duckdb"
_CARRIED: Final = "_consentry_carried"
_SENT: Final = "_consentry_sent"
_REWRITTEN: Final = ("filesystem",)
"""Where dlt can't merge files, a table that changed is written anew."""
_MARK: Final = "o._hash || ' ' || epoch_us(o._synced_at) || ' ' || (o._deleted_at IS NULL)"
"""What differs whenever a record was written, marked as deleted, or came back."""

Touched = dict[str, dict[str, Columns]]  # the tables of streams that changed, by stream


class CarriedEngine(DuckDbEngine):
    """Our own file of one dataset, and the warehouse that it is carried to."""

    def __init__(self, folder: Path, schema: str, *, kind: WarehouseKind, address: Secret) -> None:
        if find_spec("dlt") is None:
            raise WarehouseRefused(
                f"Warehouses of the type {kind} need dlt, which isn't installed.",
                hint='Install it where Consentry runs: pip install "consentry[warehouses]"; then run the source again.',
            )
        _make(folder.parent)
        _make(folder)
        super().__init__(folder / FILE, schema, read_only=False)
        self._folder = folder
        self._kind: WarehouseKind = kind
        self._address = address
        self._carried = self.place(_CARRIED)
        self._sent = self.place(_SENT)

    def publish(self, names: Iterable[str]) -> None:
        """Carry over what changed in these tables; the file is closed meanwhile, so that others can look into it.

        Views stay here: dlt makes none.
        """
        wanted = set(names)
        if not wanted:
            return
        with _alone(self._folder) as held:
            gone: set[str] = set()
            for _ in range(2):
                order = self._pack(wanted, gone)
                if not order.parcels:
                    return
                self.close()
                try:
                    gone = carry(order, self._folder, held)
                finally:
                    self.open_again()
                if not gone:
                    self._note(order)
                    return
            raise WarehouseBusy(f"Somebody else drops tables of {self.schema} in the warehouse just now.")

    # --- what goes

    def _pack(self, names: set[str], gone: set[str]) -> Order:
        """Write what changed into files, and wipe from memory what the other side has of it."""
        with self.transaction():
            self.execute(f"CREATE TABLE IF NOT EXISTS {self._carried} (table_name text, k text, mark text, next text)")
            self.execute(f"CREATE TABLE IF NOT EXISTS {self._sent} (table_name text, columns text)")
            self.execute(f"UPDATE {self._carried} SET next = NULL WHERE next IS NOT NULL")
            streams = self._touched(names | gone)
            for stream in [stream for stream, tables in streams.items() if gone & tables.keys()]:
                self._forget(stream, streams[stream])
            sent = self._sent_before()
            parcels: list[Parcel] = []
            for stream, tables in streams.items():
                whole = stream not in sent or self._kind in _REWRITTEN
                parcels += self._of_stream(stream, tables, sent, whole=whole)
        return Order(
            kind=self._kind,
            address=self._address.reveal(),
            dataset=self.schema,
            known=sorted(sent),
            parcels=parcels,
        )

    def _touched(self, names: set[str]) -> Touched:
        query = f"SELECT stream, table_name, column_name, kind FROM {self.place(COLUMNS)} ORDER BY stream, table_name"
        found: Touched = {}
        for stream, table, column, kind in self.execute(query):
            if not kind.startswith(VIEW):
                found.setdefault(stream, {}).setdefault(table, {})[column] = kind
        return {stream: tables for stream, tables in found.items() if names & tables.keys()}

    def _sent_before(self) -> dict[str, str]:
        return {str(table): str(columns) for table, columns in self.execute(f"SELECT * FROM {self._sent}")}

    def _forget(self, stream: str, tables: Iterable[str]) -> None:
        """Let a stream's tables be carried whole."""
        self.execute(f"DELETE FROM {self._carried} WHERE table_name = ?", stream)
        for table in tables:
            self.execute(f"DELETE FROM {self._sent} WHERE table_name = ?", table)

    def _of_stream(self, stream: str, tables: dict[str, Columns], sent: dict[str, str], *, whole: bool) -> list[Parcel]:
        """Write the files of one stream; what is as it was needs none."""
        changed = self._weigh(stream, whole=whole)
        parcels: list[Parcel] = []
        for table, columns in tables.items():
            parcel = Parcel(
                table=table,
                columns=" ".join(sorted(columns)),
                file=str(self._folder / "out" / f"{blake2b(table.encode(), digest_size=16).hexdigest()}.parquet"),
                is_own=table == stream,
                is_whole=whole,
                marks_removed=self._kind not in _REWRITTEN,
            )
            query = self._whole(table) if whole else self._changes(stream, table, columns)
            is_as_it_was = not whole and sent.get(table) == parcel.columns
            if is_as_it_was and not changed:
                continue
            if self._write(query, parcel.file) or not is_as_it_was:
                parcels.append(parcel)
        return parcels

    def _weigh(self, stream: str, *, whole: bool) -> int:
        """List the records that changed, write down what the other side will have, and return how many there are."""
        own, name = self.place(stream), _literal(stream)
        if whole:
            self.execute(f"DELETE FROM {self._carried} WHERE table_name = {name}")
        known = f"SELECT k, mark FROM {self._carried} WHERE table_name = {name}"
        self.execute(
            f"CREATE OR REPLACE TEMPORARY TABLE _out AS"
            f" SELECT o._key AS k, {_MARK} AS next, c.k IS NOT NULL AS was_there"
            f" FROM {own} AS o LEFT JOIN ({known}) AS c ON c.k = o._key WHERE c.k IS NULL OR c.mark <> {_MARK}"
            f" UNION ALL SELECT c.k, '', TRUE FROM ({known}) AS c"
            f" WHERE NOT EXISTS (SELECT 1 FROM {own} AS o WHERE o._key = c.k)"
        )
        if self._kind not in _REWRITTEN:
            self.execute(f"DELETE FROM {self._carried} WHERE table_name = {name} AND k IN (SELECT k FROM _out)")
            self.execute(f"INSERT INTO {self._carried} SELECT {name}, k, '', next FROM _out")
        return int(self.execute("SELECT count(*) FROM _out")[0][0])

    def _whole(self, table: str) -> str:
        mark = "" if self._kind in _REWRITTEN else f", CAST(NULL AS BOOLEAN) AS {quoted(REMOVED)}"
        return f"SELECT *{mark} FROM {self.place(table)}"

    def _changes(self, stream: str, table: str, columns: Columns) -> str:
        """Return the query of the rows that are new, and of the keys whose rows go."""
        removed, live = f"TRUE AS {quoted(REMOVED)}", "SELECT k FROM _out WHERE next <> ''"
        if table == stream:
            gone = f"SELECT k AS _key, {removed} FROM _out WHERE next = ''"
            return f"{self._whole(table)} WHERE _key IN ({live}) UNION ALL BY NAME {gone}"
        parent = f"CAST(k AS {self.types[columns['_parent_id']]}) AS _parent_id"
        gone = f"SELECT {parent}, {removed} FROM _out WHERE was_there"
        return f"{self._whole(table)} WHERE CAST(_parent_id AS VARCHAR) IN ({live}) UNION ALL BY NAME {gone}"

    def _write(self, query: str, target: str) -> int:
        written = self.execute(f"COPY ({query}) TO {_literal(target)} (FORMAT parquet, COMPRESSION zstd)")
        return int(written[0][0])

    # --- what arrived

    def _note(self, order: Order) -> None:
        """Remember what the other side has now."""
        with self.transaction():
            self.execute(f"DELETE FROM {self._carried} WHERE next = ''")
            self.execute(f"UPDATE {self._carried} SET mark = next, next = NULL WHERE next IS NOT NULL")
            for parcel in order.parcels:
                self.execute(f"DELETE FROM {self._sent} WHERE table_name = ?", parcel.table)
                self.execute(f"INSERT INTO {self._sent} VALUES (?, ?)", parcel.table, parcel.columns)


def folder_of(home: Path, kind: WarehouseKind, url: str, schema: str) -> Path:
    """Return where our own file of a dataset is: one for each place that it is carried to."""
    digest = blake2b(addresses.place_of(kind, url).encode(), digest_size=6).hexdigest()
    return home / "carried" / f"{schema}-{digest}"


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """Hold the folder, with an empty place for files; the process that carries holds it too, to its own end."""
    held = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WarehouseBusy("An earlier run still carries rows over to this warehouse.") from error
        _empty(folder)
        _make(folder / "out")
        try:
            yield held
        finally:
            _empty(folder)
    finally:
        os.close(held)


def _empty(folder: Path) -> None:
    for each in ("out", "dlt"):
        shutil.rmtree(folder / each, ignore_errors=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise WarehouseRefused(
            f"The folder {folder} for the warehouse can't be made.",
            hint="Let the user that Consentry runs as write to the home; then run the source again.",
        ) from error


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
