"""The process that carries rows over with dlt: one order on standard input, one reply on standard output.

It is a process of its own because dlt takes memory and seconds, and keeps its settings for a whole process. No settings
of dlt's are read but ours: no files, no variables of others; nothing is told to dlt's makers.
"""

import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from consentry.errors import WarehouseRefused
from consentry.flows.warehouse.carrying import REMOVED, Order, Parcel, Reply
from consentry.flows.warehouse.targets import arguments_of
from consentry.flows.warehouse.verdict import judge

if TYPE_CHECKING:
    from dlt.extract import DltResource
    from dlt.pipeline.pipeline import Pipeline

NAME: Final = "consentry"
SETTINGS: Final = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "RUNTIME__REQUEST_MAX_ATTEMPTS": "2",
    "RESTORE_FROM_DESTINATION": "false",  # what the other side has is known, and looked up
    "ENABLE_RUNTIME_TRACE": "false",  # it would write down what it was configured with
    "LOAD__WORKERS": "2",
    "LOAD__RAISE_ON_MAX_RETRIES": "1",  # the run itself waits, shows it, and tries again
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "DLT_DISABLE_PLUGINS": "true",
}
_ROWS_AT_ONCE: Final = 20_000
_OURS: Final = ({"_key", "_hash", "_synced_at"}, {"_parent_id", "_position"})
"""Columns by which a table of a stream, or of a list, is known to be made by Consentry."""


def answer(order: Order) -> Reply:
    """Carry everything over, or say why not."""
    with ThreadPoolExecutor(1) as working:
        done = working.submit(_carry, order)
        error = done.exception()  # dlt's errors and the drivers' have no common root; all become words
    return done.result() if error is None else judge(error, order.kind)


def _carry(order: Order) -> Reply:
    import dlt

    _read_no_settings_of_others()
    pipeline = dlt.pipeline(
        NAME,
        pipelines_dir=str(Path.cwd()),
        destination=getattr(dlt.destinations, order.kind)(**arguments_of(order.kind, order.address)),
        dataset_name=order.dataset,
    )
    there = _columns_there(pipeline, order)
    gone = [table for table in order.known if not there[table]]
    if gone:
        return Reply(gone=gone)
    for parcel in order.parcels:
        _refuse_foreign(parcel, there, order)
    # dlt makes no tables for a schema that it made them for before, also where somebody dropped them: so it is another
    note = "" if all(there[parcel.table] for parcel in order.parcels) else f"made at {time.time_ns()}"
    pipeline.run([_resource(parcel, note) for parcel in order.parcels])
    return Reply()


def _read_no_settings_of_others() -> None:
    """Let dlt take its settings from our variables alone, not from files of the machine or of its user."""
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.providers import EnvironProvider
    from dlt.common.configuration.providers.provider import ConfigProvider
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
    from dlt.common.runtime.run_context import RunContext

    class Ours(RunContext):
        """Everything stands in the folder of this process."""

        @property
        def global_dir(self) -> str:
            return str(Path.cwd())

        def initial_providers(self) -> list[ConfigProvider]:
            return [EnvironProvider()]

    Container()[PluggableRunContext].reload(Ours(str(Path.cwd())))


def _columns_there(pipeline: "Pipeline", order: Order) -> Mapping[str, set[str]]:
    """Return the columns of tables that are in the warehouse already; none for a table that isn't there."""
    names = dict.fromkeys([*order.known, *(parcel.table for parcel in order.parcels)])
    with pipeline.destination_client() as client:
        if not client.is_storage_initialized():
            return {name: set() for name in names}
        if order.kind == "filesystem":  # a table without rows has no file there
            return {name: set.union(*_OURS) for name in names}
        found: Any = client
        schema = found.schema.naming
        by_name = {schema.normalize_tables_path(name): name for name in names}
        return {by_name[table]: set(columns) for table, columns in found.get_storage_tables(by_name)}


def _refuse_foreign(parcel: Parcel, there: Mapping[str, set[str]], order: Order) -> None:
    columns = {name.lower() for name in there[parcel.table]}
    if columns and parcel.table not in order.known and not any(ours <= columns for ours in _OURS):
        raise WarehouseRefused(
            f"The warehouse has a table {order.dataset}.{parcel.table} that Consentry did not make.",
            hint="Rename that table, or give the source another dataset.",
        )


def _resource(parcel: Parcel, note: str) -> "DltResource":
    """Return a file's rows as dlt takes them."""
    import dlt

    hints: dict[str, Any] = {"primary_key": "_key"} if parcel.is_own else {"merge_key": "_parent_id"}
    if parcel.marks_removed:
        hints["columns"] = {REMOVED: {"name": REMOVED, "hard_delete": True, "description": note}}
    merge: Any = {"disposition": "merge", "strategy": "delete-insert"}
    found: DltResource = dlt.resource(
        _rows(parcel.file), name=parcel.table, write_disposition="replace" if parcel.is_whole else merge, **hints
    )
    return found


def _rows(file: str) -> Iterator[Any]:
    """Yield rows a few thousand at a time; of a file without any, one table without rows, for its columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as opened:
        # a column that has no null today isn't one that never will
        schema = pa.schema([each.with_nullable(nullable=True) for each in opened.schema_arrow])
        if opened.metadata.num_rows == 0:
            yield schema.empty_table()
        for batch in opened.iter_batches(_ROWS_AT_ONCE):
            yield pa.Table.from_batches([batch]).cast(schema)


def _end_with_parent(line: int) -> None:
    """Wait until the other end is closed, which happens only when whoever ordered this has gone."""
    os.read(line, 1)
    os._exit(1)


def main() -> None:
    """Answer once."""
    warnings.simplefilter("ignore")
    os.environ.update(SETTINGS)
    threading.Thread(target=_end_with_parent, args=(int(sys.argv[1]),), daemon=True).start()
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    answers = os.dup(1)
    os.dup2(2, 1)  # what a driver prints isn't an answer
    reply = msgspec.json.encode(answer(order))
    os.write(answers, reply)


if __name__ == "__main__":
    main()
