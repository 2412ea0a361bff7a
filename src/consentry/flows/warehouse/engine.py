"""What the statements need of an engine. Statements are the same on every one; parameters are written ``?``."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pyarrow as pa


class Engine(Protocol):
    """One open connection to a warehouse. Its errors are ours: WarehouseBusy and WarehouseRefused."""

    schema: str
    home: str  # the schema's whole name, quoted
    types: Mapping[str, str]  # SQL types by kind of column
    keyed: bool  # whether tables have an index of their keys

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, if it has any."""

    def read(self, statement: str) -> list[dict[str, Any]]:
        """Run a query and return its rows by column."""

    def names(self) -> set[str]:
        """Return the names of all tables and views of the schema, whoever made them."""

    def stage(self, name: str, table: pa.Table) -> None:
        """Make a table readable under a name, only here and for this transaction."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what the block does, or nothing of it."""

    def place(self, table: str) -> str:
        """Return a table's whole name, quoted."""

    def cast_or_null(self, text: str, kind: str) -> str:
        """Return the expression that reads a text as a kind, and is null where it isn't one."""

    def publish(self, names: Iterable[str]) -> None:
        """Let others see tables and views that changed, where that takes more than the commit."""

    def close(self) -> None:
        """Let go of the warehouse."""


def quoted(name: str) -> str:
    """Return an identifier that can't be anything else."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: Iterable[str], prefix: str = "") -> str:
    """Return identifiers with commas between them."""
    return ", ".join(prefix + quoted(name) for name in names)
