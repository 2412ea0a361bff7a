"""A folder of Parquet files: a DuckDB file keeps the dataset, and tables are written out beside it when a run ends."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from consentry.errors import WarehouseBusy, WarehouseRefused
from consentry.flows.warehouse.duckdb import DuckDbEngine

FILE: Final = ".consentry.duckdb"
_FULL: Final = (28, 122)  # ENOSPC, EDQUOT


class ParquetEngine(DuckDbEngine):
    """The folder of one dataset: ``<folder>/<dataset>/<table>.parquet``."""

    def __init__(self, folder: Path, schema: str) -> None:
        self._folder = folder / schema
        with _translated(self._folder):
            if not folder.parent.is_dir():
                raise WarehouseRefused(
                    f"The folder {folder.parent} for the warehouse isn't there.",
                    hint="Make the folder, or mount what it stands on; then run the source again.",
                )
            self._folder.mkdir(parents=True, exist_ok=True)
        super().__init__(self._folder / FILE, schema, read_only=False)

    def publish(self, names: Iterable[str]) -> None:
        """Write tables and views anew beside their files, then put each in its file's place.

        A reader sees the old file or the new one, whenever Consentry is stopped; what wasn't published is next time.
        """
        with _translated(self._folder):
            for left in self._folder.glob(".*.parquet.part"):
                left.unlink()
        for name in sorted(names):
            self._publish(name)

    def _publish(self, name: str) -> None:
        part, whole = self._folder / f".{name}.parquet.part", self._folder / f"{name}.parquet"
        target = str(part).replace("'", "''")
        self.execute(f"COPY (SELECT * FROM {self.place(name)}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        with _translated(self._folder):
            _settle(part)
            part.replace(whole)
            _settle(self._folder)


def _settle(path: Path) -> None:
    """Wait until what was written there is on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextlib.contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        raise WarehouseRefused(
            f"Consentry may not write to the folder {folder}.",
            hint="Let the user that Consentry runs as write to the folder; then run the source again.",
        ) from error
    except OSError as error:
        if error.errno in _FULL:
            raise WarehouseBusy(
                f"The disk under the folder {folder} is full.", hint="Make room there; the run goes on by itself."
            ) from error
        raise WarehouseRefused(f"The folder {folder} can't be used for a warehouse.") from error
