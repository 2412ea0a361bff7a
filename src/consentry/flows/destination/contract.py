"""What a run asks of the places that rows come from, and of the mapping. Who reads and maps is elsewhere."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from consentry.connectors import Row
from consentry.errors import FieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One row as it came from its origin."""

    row: int  # as people count: from 1, a file's heading aside
    values: Mapping[str, Any] = field(default_factory=dict)  # by column
    fault: str | None = None  # why it can't be read, for people


class About(Protocol):
    """What is known of an origin as soon as it is open."""

    @property
    def keeps_order(self) -> bool:
        """Whether row N is the same row when it is read again."""


class Origin(Protocol):
    """Where rows come from: a file, a table, a query, or the description itself. It stands open."""

    @property
    def about(self) -> About:
        """Return what is known of it."""

    def rows(self) -> Iterator[RawRow]:
        """Give the rows in order. Blocking. Raises InvalidInput, WarehouseBusy and WarehouseRefused."""


OpenRows = Callable[[], AbstractAsyncContextManager[Origin]]
"""Opens an origin; raises InvalidInput or NotFound when it isn't there, WarehouseBusy and WarehouseRefused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRow:
    """A row by template field, or what is wrong with it."""

    values: Row = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()


class MapRow(Protocol):
    """Turns a row's columns into values of the template's fields. Pure."""

    def __call__(self, given: Mapping[str, Any]) -> MappedRow:
        """Return the row by field; ``given`` is by column, as JSON keeps it: moments and decimals may be texts."""
