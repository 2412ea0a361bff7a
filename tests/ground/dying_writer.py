"""A process of its own that writes to a dataset and dies behind a given number of statements, without a word."""

import os
import sys
from pathlib import Path
from typing import Any

from consentry.core.secret import Secret
from consentry.flows.model import Source
from consentry.flows.shape import plan_of
from consentry.flows.warehouse.dataset import SqlDataset
from consentry.flows.warehouse.duckdb import DuckDbEngine
from consentry.flows.warehouse.postgres import PostgresEngine
from ground.sources import a_source
from ground.warehouses import BEGIN, STREAMS, THINGS, batch_of

DIED = 7


class _Count:
    """Lets so many statements through."""

    def __init__(self, most: int) -> None:
        self._left = most

    def one(self) -> None:
        self._left -= 1
        if self._left < 0:
            os._exit(DIED)


class DyingDuckDb(DuckDbEngine):
    """Dies in a file."""

    count = _Count(1_000_000)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement, or die."""
        self.count.one()
        return super().execute(statement, *values)


class DyingPostgres(PostgresEngine):
    """Dies with a connection open."""

    count = _Count(1_000_000)

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement, or die."""
        self.count.one()
        return super().execute(statement, *values)


def write(kind: str, place: str, most: int, source: Source) -> None:
    """Change two records of three and add one, if that is granted."""
    engine: DyingDuckDb | DyingPostgres
    if kind == "postgres":
        engine = DyingPostgres(Secret(place), source.dataset)
    else:
        engine = DyingDuckDb(Path(place), source.dataset, read_only=False)
    type(engine).count = _Count(most)
    owner = f"{source.id} {source.created_at.isoformat()}"
    dataset = SqlDataset(engine, [plan_of(each) for each in STREAMS], deletions="mark", owner=owner)
    records = [{"id": number, "name": "after", "parts": [{"id": number}], "late": number} for number in (1, 2, 4)]
    dataset.write("things", batch_of(THINGS, records), state={"at": "after"}, fence=2, at=BEGIN, seen=True)
    dataset.close()


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]), a_source())
