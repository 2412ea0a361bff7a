"""What each reader is: something open that knows about itself and gives its rows once. Blocking."""

from collections.abc import Iterator
from typing import Final, Protocol

from consentry.flows.destination.raw import About, RawRow

BATCH: Final = 500
_BATCH_CELLS: Final = 20_000


class Reader(Protocol):
    """An open origin."""

    about: About  # what is known before the first row

    def rows(self) -> Iterator[RawRow]:
        """Give the rows in order."""


def next_batch(rows: Iterator[RawRow]) -> list[RawRow]:
    """Return the next rows, none when there are no more: fewer of them where they are wide."""
    batch: list[RawRow] = []
    cells = 0
    for row in rows:
        batch.append(row)
        cells += len(row.values)
        if len(batch) >= BATCH or cells >= _BATCH_CELLS:
            break
    return batch
