"""Warehouses: where datasets live. The engines are imported when one is opened, because they are heavy."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from consentry.connectors import Stream
from consentry.core.secret import Secret
from consentry.flows.model import Source
from consentry.flows.warehouse.contract import Batch, Copy, Dataset, Key, TableLook, Written

if TYPE_CHECKING:
    from consentry.flows.warehouse.dataset import SqlDataset
    from consentry.flows.warehouse.engine import Engine

__all__ = ["Batch", "Copy", "Dataset", "Key", "TableLook", "Written", "open_copy", "open_dataset", "open_to_look"]


@contextmanager
def open_dataset(
    source: Source, streams: Sequence[Stream], *, home: Path, address: Secret | None = None
) -> Iterator[Dataset]:
    """Open a source's dataset to write to it, for a moment; ``address`` is PostgreSQL's, with the password.

    Raises WarehouseBusy when somebody else has it or it can't be reached, WarehouseRefused when a person must act.
    """
    from consentry.flows.warehouse.opening import to_write

    with _held(to_write(source, home, address), source, streams) as dataset:
        yield dataset


def open_to_look(
    source: Source, streams: Sequence[Stream], *, home: Path, address: Secret | None = None
) -> AbstractContextManager[Dataset | None]:
    """Open a source's dataset to look at it, or give None when there is none yet. Raises what ``open_dataset`` does."""
    return _to_read(source, streams, home, address)


def open_copy(
    source: Source, streams: Sequence[Stream], *, home: Path, address: Secret | None = None
) -> AbstractContextManager[Copy | None]:
    """Open a dataset to read records out of it, or give None when there is none yet. Raises as ``open_dataset``."""
    return _to_read(source, streams, home, address)


@contextmanager
def _to_read(
    source: Source, streams: Sequence[Stream], home: Path, address: Secret | None
) -> Iterator["SqlDataset | None"]:
    from consentry.flows.warehouse.opening import to_read

    engine = to_read(source, home, address)
    if engine is None:
        yield None
        return
    with _held(engine, source, streams) as dataset:
        yield dataset


@contextmanager
def _held(engine: "Engine", source: Source, streams: Sequence[Stream]) -> Iterator["SqlDataset"]:
    from consentry.flows.shape import plan_of
    from consentry.flows.warehouse.dataset import SqlDataset

    owner = f"{source.id} {source.created_at.isoformat()}"
    dataset = SqlDataset(engine, [plan_of(each) for each in streams], deletions=source.deletions, owner=owner)
    try:
        yield dataset
    finally:
        dataset.close()
