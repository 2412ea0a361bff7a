"""A dataset in each kind of warehouse, and a small stream to fill it with."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args

from consentry.connectors import Field, Record, Stream
from consentry.core.secret import Secret
from consentry.flows.model import OWN_KINDS, Source, WarehouseKind, WarehouseSpec
from consentry.flows.shape import plan_of
from consentry.flows.warehouse import Batch, Dataset, Written, open_dataset
from ground.databases import Databases
from ground.datasets import Rows, live_rows
from ground.sources import a_source

KINDS: Final[tuple[WarehouseKind, ...]] = OWN_KINDS
Carrier = Literal["sqlite", "postgresql", "files"]
CARRIERS: Final[tuple[Carrier, ...]] = get_args(Carrier)
"""Warehouses that dlt writes to, and that can be had on any machine."""
BEGIN: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)

THINGS: Final = Stream(
    name="things",
    title="Things",
    meaning="One field of each kind.",
    path="/api/v2/things",
    records_key="things",
    definitions="thing_definitions",
    fields=(
        Field(name="id", kind="integer"),
        Field(name="name", kind="text"),
        Field(name="isBig", kind="boolean"),
        Field(name="price", kind="decimal"),
        Field(name="weight", kind="double"),
        Field(name="createdAt", kind="timestamp"),
        Field(name="dueOn", kind="date"),
        Field(name="dueTime", kind="time"),
        Field(name="loose", kind="json"),
        Field(name="owner", kind="object", members=(Field(name="id", kind="integer"), Field(name="name", kind="text"))),
        Field(name="parts", kind="list", members=(Field(name="id", kind="integer"), Field(name="name", kind="text"))),
        Field(name="words", kind="list", members=(Field(name="value", kind="text"),)),
        Field(
            name="fields",
            kind="list",
            members=(
                Field(name="value", kind="json"),
                Field(name="definition", kind="object", members=(Field(name="id", kind="integer"),)),
            ),
        ),
    ),
)
DEFINITIONS: Final = Stream(
    name="thing_definitions",
    title="Definitions",
    meaning="What things can have.",
    path="/api/v2/things/definitions",
    records_key="definitions",
    fields=(
        Field(name="id", kind="integer"),
        Field(name="name", kind="text"),
        Field(name="type", kind="text"),
    ),
)
PAIRS: Final = Stream(
    name="pairs",
    title="Pairs",
    meaning="A key of two parts, and a list.",
    path="/api/v2/pairs",
    records_key="pairs",
    primary_key=("leftId", "code"),
    fields=(
        Field(name="leftId", kind="integer"),
        Field(name="code", kind="text"),
        Field(name="parts", kind="list", members=(Field(name="id", kind="integer"),)),
    ),
)
STREAMS: Final = (THINGS, DEFINITIONS, PAIRS)


@dataclass(slots=True, kw_only=True)
class Warehouse:
    """One source's dataset, opened as a run does: for each step anew."""

    source: Source
    home: Path
    streams: Sequence[Stream] = STREAMS
    fence: int = 1
    minutes: int = 0

    @contextlib.contextmanager
    def open(self) -> Iterator[Dataset]:
        """Open the dataset for a moment."""
        with open_dataset(self.source, self.streams, home=self.home, address=self.address) as dataset:
            yield dataset

    @property
    def address(self) -> Secret | None:
        """The address of PostgreSQL."""
        return Secret(self.source.warehouse.url) if self.source.warehouse.url else None

    def write(
        self, records: list[Record], *, stream: Stream = THINGS, state: Mapping[str, Any] | None = None, **more: Any
    ) -> Written:
        """Write records, a minute later each time."""
        fence = more.pop("fence", self.fence)
        with self.open() as dataset:
            return dataset.write(
                stream.name,
                batch_of(stream, records),
                state=state or {},
                fence=fence,
                at=self.now(),
                seen=more.pop("seen", False),
            )

    def delete(self, *keys: tuple[Any, ...], stream: Stream = THINGS) -> int:
        """Delete records."""
        with self.open() as dataset:
            return dataset.delete(stream.name, keys, state={"deleted": True}, fence=self.fence, at=self.now())

    def finish(self) -> None:
        """End a run."""
        with self.open() as dataset:
            dataset.finish(fence=self.fence)

    def now(self) -> datetime:
        """Let a minute pass."""
        self.minutes += 1
        return BEGIN + timedelta(minutes=self.minutes)

    def live(self) -> dict[str, Rows]:
        """Return the live rows as the warehouse's own tools see them, after the end of a run."""
        self.finish()
        return live_rows(self.source, self.home)


def batch_of(stream: Stream, records: list[Record]) -> Batch:
    """Shape records."""
    return plan_of(stream).shape(records)


@contextlib.contextmanager
def a_warehouse(kind: WarehouseKind, databases: Databases, home: Path, **said: Any) -> Iterator[Warehouse]:
    """Give an empty dataset in a warehouse of a kind."""
    with contextlib.ExitStack() as held:
        spec = WarehouseSpec(kind=kind)
        if kind == "parquet":
            spec = WarehouseSpec(kind=kind, path=str(home / "files"))
        if kind == "postgres":
            spec = WarehouseSpec(kind=kind, url=held.enter_context(databases.make("postgresql", home)))
        yield Warehouse(source=a_source(warehouse=spec, **said), home=home)


@contextlib.contextmanager
def a_carrier(carrier: Carrier, databases: Databases, home: Path) -> Iterator[WarehouseSpec]:
    """Give a warehouse that dlt writes to."""
    match carrier:
        case "sqlite":
            yield WarehouseSpec(kind="sqlalchemy", url=f"sqlite:///{home / 'elsewhere.db'}?timeout=0.5")
        case "files":
            yield WarehouseSpec(kind="filesystem", url=f"file://{home / 'lake'}")
        case _:
            with databases.make("postgresql", home) as url:
                yield WarehouseSpec(kind="sqlalchemy", url=url.replace("postgresql://", "postgresql+psycopg://", 1))


@contextlib.contextmanager
def a_carried_warehouse(carrier: Carrier, databases: Databases, home: Path, **said: Any) -> Iterator[Warehouse]:
    """Give an empty dataset in a warehouse that dlt writes to."""
    with a_carrier(carrier, databases, home) as spec:
        yield Warehouse(source=a_source(warehouse=spec, **said), home=home)
