"""A dataset in an SQL warehouse: the contract's calls as statements that every engine understands."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import pyarrow as pa

from consentry.connectors import Record
from consentry.errors import LeaseTaken
from consentry.flows.model import Deletions
from consentry.flows.shape import StreamPlan
from consentry.flows.shape.names import snake
from consentry.flows.warehouse import copies, look, views
from consentry.flows.warehouse.contract import Batch, Key, TableLook, Written
from consentry.flows.warehouse.engine import Engine, listed, quoted
from consentry.flows.warehouse.layout import SEEN, STREAMS, Columns, Layout, kinds_of

WHOLE: Final = ""
"""The name of the row in the table of streams that stands for the dataset: who wrote last, and with what fence."""


class SqlDataset:
    """One source's tables. See the contract."""

    def __init__(self, engine: Engine, plans: Sequence[StreamPlan], *, deletions: Deletions, owner: str) -> None:
        self._engine = engine
        self._run = engine.execute
        self._plans = {plan.table: plan for plan in plans}
        self._deletions = deletions
        self._owner = owner  # fences of another owner's runs say nothing about ours
        self._layout = Layout(engine)
        self._empty: dict[str, Mapping[str, pa.Table]] = {}
        self._streams = engine.place(STREAMS)
        self._seen = engine.place(SEEN)

    def state(self, stream: str) -> Mapping[str, Any]:
        """Return how the stream stands; nothing when its table isn't there."""
        names = self._engine.names()
        if STREAMS not in names or stream not in names:
            return {}
        found = self._run(f"SELECT state FROM {self._streams} WHERE stream = ?", stream)
        state: Mapping[str, Any] = msgspec.json.decode(found[0][0]) if found else {}
        return state

    def write(
        self, stream: str, batch: Batch, *, state: Mapping[str, Any], fence: int, at: datetime, seen: bool
    ) -> Written:
        """Write a batch in one transaction."""
        plan = self._plans[stream]
        with self._writing(stream, fence):
            tables, new_columns = self._layout.prepare(stream, batch.tables, self._declared(plan))
            arrival = _Arrival(plan=plan, batch=batch, tables=tables)
            for name, table in batch.tables.items():
                self._engine.stage(arrival.staged[name], table)
            new, changed = self._judge(arrival)
            if changed:
                self._remove(plan, tables, "SELECT k FROM _in_verdict WHERE was_there")
            if new or changed:
                self._insert(arrival, at, everything=new + changed == batch.size)
            self._run("DROP TABLE _in_verdict")
            if seen:
                self._run(f"INSERT INTO {self._seen} SELECT ?, _key FROM {arrival.staged[stream]}", stream)
            self._keep(stream, state, touched=bool(new or changed or new_columns))
        return Written(new=new, changed=changed, unchanged=batch.size - new - changed, new_columns=tuple(new_columns))

    def begin_listing(self, stream: str, *, state: Mapping[str, Any], fence: int) -> None:
        """Forget what was seen."""
        with self._writing(stream, fence):
            self._make(self._plans[stream])
            self._run(f"DELETE FROM {self._seen} WHERE stream = ?", stream)
            self._keep(stream, state, touched=False)

    def missing(self, stream: str, limit: int) -> list[Key]:
        """Return keys of live records that weren't seen."""
        if not self._has(stream):
            return []
        unseen = f"NOT EXISTS (SELECT 1 FROM {self._seen} AS s WHERE s.stream = ? AND s._key = o._key)"
        query = f"SELECT {self._keys(stream)} FROM {self._engine.place(stream)} AS o"
        return self._run(f"{query} WHERE o._deleted_at IS NULL AND {unseen} LIMIT {int(limit)}", stream)

    def delete(self, stream: str, keys: Iterable[Key], *, state: Mapping[str, Any], fence: int, at: datetime) -> int:
        """Mark or remove records."""
        gone = [":".join(map(str, key)) for key in keys]
        own = self._engine.place(stream)
        with self._writing(stream, fence):
            self._make(self._plans[stream])
            count = self._delete(stream, own, gone, at) if gone else 0
            self._keep(stream, state, touched=count > 0)
        return count

    def known(self, stream: str, batch: Batch) -> int:
        """Count live records that are here with the same hash."""
        if not self._has(stream):
            return 0
        own = next(iter(batch.tables.values())).select(["_key", "_hash"])
        same = "o._key = i._key AND o._hash = i._hash AND o._deleted_at IS NULL"
        with self._engine.transaction():
            self._engine.stage("_in_known", own)
            query = f"SELECT count(*) FROM _in_known AS i JOIN {self._engine.place(stream)} AS o ON {same}"
            return int(self._run(query)[0][0])

    def keys(
        self, stream: str, where: Mapping[str, Any] | None = None, *, written_since: datetime | None = None
    ) -> list[Key]:
        """Return keys of live records."""
        if not self._has(stream):
            return []
        wanted = {snake(name): value for name, value in (where or {}).items()}
        if wanted.keys() - self._layout.tables_of(stream)[stream].keys():
            return []
        conditions = ["o._deleted_at IS NULL", *(f"o.{quoted(name)} IS NOT DISTINCT FROM ?" for name in wanted)]
        values = list(wanted.values())
        if written_since is not None:
            conditions.append("o._synced_at >= ?")
            values.append(written_since)
        query = f"SELECT {self._keys(stream)} FROM {self._engine.place(stream)} AS o WHERE {' AND '.join(conditions)}"
        return self._run(query, *values)

    def finish(self, *, fence: int) -> None:
        """Renew the views, and let others see what changed since this was done last."""
        with self._writing(WHOLE, fence):
            made = views.renew(self._engine, self._layout, self._plans.values())
            changed = self._run(f"SELECT stream FROM {self._streams} WHERE is_unpublished")
        touched = {stream for (stream,) in changed}
        names = [table for stream in touched for table in self._layout.tables_of(stream)]
        of_views = {view for view, streams in made.items() if streams & touched}
        self._engine.publish({*names, *of_views})
        if touched:
            with self._writing(WHOLE, fence):
                self._run(f"UPDATE {self._streams} SET is_unpublished = FALSE WHERE is_unpublished")

    def look(self) -> Sequence[TableLook]:
        """Return the tables and views of the dataset."""
        return look.tables(self._engine)

    def rows(self, table: str, limit: int) -> list[dict[str, Any]]:
        """Return the first live rows."""
        return look.rows(self._engine, table, limit)

    def find_ids(self, stream: str, path: Sequence[str], texts: Sequence[str]) -> list[tuple[str, int]]:
        """Return which live records have one of these texts at a path: text and id."""
        return list(copies.find_ids(self._engine, self._plans[stream], path, texts)) if self._has(stream) else []

    def records(self, stream: str, ids: Sequence[int]) -> list[Record]:
        """Return live records as the API gave them."""
        if not self._has(stream):
            return []
        return copies.read_records(self._engine, self._plans[stream], self._layout.tables_of(stream), ids)

    def close(self) -> None:
        """Let go of the warehouse."""
        self._engine.close()

    # --- inside a transaction

    @contextmanager
    def _writing(self, stream: str, fence: int) -> Iterator[None]:
        with self._engine.transaction():
            names = self._engine.names()
            if STREAMS not in names:
                self._layout.make_ours()
            elif stream != WHOLE and stream not in names and stream in self._layout.tables_of(stream):
                self._layout.forget(stream, names)
            self._prove(fence)
            yield

    def _prove(self, fence: int) -> None:
        """Write our fence down, unless a later holder of the run has written its own."""
        query = f"SELECT owner, fence FROM {self._streams} WHERE stream = ?"
        found = self._run(query + (" FOR UPDATE" if self._engine.keyed else ""), WHOLE)
        if not found:
            self._run(f"INSERT INTO {self._streams} VALUES (?, '', ?, ?, FALSE)", WHOLE, fence, self._owner)
            return
        if found[0][0] == self._owner and found[0][1] > fence:
            raise LeaseTaken("A later holder of this run has written to the dataset already.")
        self._run(f"UPDATE {self._streams} SET owner = ?, fence = ? WHERE stream = ?", self._owner, fence, WHOLE)

    def _declared(self, plan: StreamPlan) -> Mapping[str, pa.Table]:
        if plan.table not in self._empty:
            self._empty[plan.table] = plan.shape([]).tables
        return self._empty[plan.table]

    def _make(self, plan: StreamPlan) -> None:
        """Make the tables that a stream declares, also when no record came yet."""
        self._layout.prepare(plan.table, self._declared(plan), self._declared(plan))

    def _judge(self, arrival: "_Arrival") -> tuple[int, int]:
        """Find out which records are new and which changed."""
        own = arrival.plan.table
        self._run(
            f"CREATE TEMPORARY TABLE _in_verdict AS SELECT i._key AS k, o._key IS NOT NULL AS was_there"
            f" FROM {arrival.staged[own]} AS i LEFT JOIN {self._engine.place(own)} AS o ON o._key = i._key"
            f" WHERE o._key IS NULL OR o._hash <> i._hash OR o._deleted_at IS NOT NULL"
        )
        counts = "SELECT count(*) FILTER (WHERE NOT was_there), count(*) FILTER (WHERE was_there) FROM _in_verdict"
        new, changed = self._run(counts)[0]
        return int(new), int(changed)

    def _remove(self, plan: StreamPlan, tables: Iterable[str], keys: str) -> None:
        """Take out records with their lists; ``keys`` is the query that names them."""
        own = self._engine.place(plan.table)
        parents = f"SELECT {quoted(plan.parent_column)} FROM {own} WHERE _key IN ({keys})"
        for table in tables:
            if table != plan.table:
                self._run(f"DELETE FROM {self._engine.place(table)} WHERE _parent_id IN ({parents})")
        self._run(f"DELETE FROM {own} WHERE _key IN ({keys})")

    def _insert(self, arrival: "_Arrival", at: datetime, *, everything: bool) -> None:
        """Insert what is new or changed, and the lists of that."""
        plan, staged = arrival.plan, arrival.staged
        chosen = "" if everything else " WHERE _key IN (SELECT k FROM _in_verdict)"
        parents = f"SELECT {quoted(plan.parent_column)} FROM {staged[plan.table]}{chosen}"
        for name, rows in arrival.batch.tables.items():
            columns, values = self._assigned(rows.schema, arrival.tables[name])
            if name == plan.table:
                into = f"INSERT INTO {self._engine.place(name)} ({columns}, _synced_at)"
                self._run(f"{into} SELECT {values}, {self._moment} FROM {staged[name]}{chosen}", at)
            elif rows.num_rows:
                only = "" if everything else f" WHERE _parent_id IN ({parents})"
                into = f"INSERT INTO {self._engine.place(name)} ({columns})"
                self._run(f"{into} SELECT {values} FROM {staged[name]}{only}")

    @property
    def _moment(self) -> str:
        return f"CAST(? AS {self._engine.types['timestamp']})"

    def _assigned(self, schema: pa.Schema, made: Columns) -> tuple[str, str]:
        """Return the columns, and what goes into each."""
        values = [
            quoted(name) if made[name] == kind else f"CAST({quoted(name)} AS {self._engine.types[made[name]]})"
            for name, kind in kinds_of(schema).items()
        ]
        return listed(schema.names), ", ".join(values)

    def _delete(self, stream: str, own: str, gone: list[str], at: datetime) -> int:
        self._engine.stage("_in_gone", pa.table({"k": pa.array(gone, pa.string())}))
        these = "_key IN (SELECT k FROM _in_gone)"
        live = self._run(f"SELECT count(*) FROM {own} WHERE {these} AND _deleted_at IS NULL")
        if self._deletions == "remove":
            self._remove(self._plans[stream], self._layout.tables_of(stream), "SELECT k FROM _in_gone")
        else:
            set_moments = f"_deleted_at = {self._moment}, _synced_at = {self._moment}"
            self._run(f"UPDATE {own} SET {set_moments} WHERE {these} AND _deleted_at IS NULL", at, at)
        return int(live[0][0])

    def _keep(self, stream: str, state: Mapping[str, Any], *, touched: bool) -> None:
        text = msgspec.json.encode(state).decode()
        mark = ", is_unpublished = TRUE" if touched else ""
        if not self._run(f"UPDATE {self._streams} SET state = ?{mark} WHERE stream = ? RETURNING stream", text, stream):
            self._run(f"INSERT INTO {self._streams} VALUES (?, ?, 0, '', TRUE)", stream, text)

    def _has(self, stream: str) -> bool:
        names = self._engine.names()
        return STREAMS in names and stream in names and stream in self._layout.tables_of(stream)

    def _keys(self, stream: str) -> str:
        return listed(self._plans[stream].keys, "o.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """A batch on its way in."""

    plan: StreamPlan
    batch: Batch
    tables: dict[str, Columns]  # of the stream, in the warehouse

    @property
    def staged(self) -> dict[str, str]:
        """What the batch's tables are called while they arrive."""
        return {name: f"_in_{number}" for number, name in enumerate(self.batch.tables)}
