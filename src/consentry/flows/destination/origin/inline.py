"""Rows that a description holds itself."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from consentry.flows.destination.raw import About, RawRow, plain


class Inline:
    """Gives the rows of a description."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows
        self.about = About(count=len(rows))

    def rows(self) -> Iterator[RawRow]:
        """Give the rows."""
        for number, values in enumerate(self._rows, start=1):
            yield row_of(number, values)


def row_of(number: int, values: Mapping[str, Any]) -> RawRow:
    """Return a row whose values are JSON's."""
    try:
        return RawRow(row=number, values=plain(values))
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, ValueError) else "it holds lists and objects too deep in each other"
        return RawRow(row=number, fault=f"The row can't be read: {why}.")
