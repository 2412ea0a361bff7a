"""Which engine a source's warehouse needs, and where it is."""

import re
from pathlib import Path
from typing import Final

from consentry.core.secret import Secret
from consentry.errors import WarehouseRefused
from consentry.flows.model import Source
from consentry.flows.warehouse.duckdb import DuckDbEngine
from consentry.flows.warehouse.engine import Engine

_NAME: Final = re.compile(r"(?!pg_|information_schema$)[a-z_][a-z0-9_]{0,62}")


def to_write(source: Source, home: Path, address: Secret | None) -> Engine:
    """Open a warehouse, and make it where that takes no more than a file."""
    schema = _schema(source)
    match source.warehouse.kind:
        case "duckdb":
            return DuckDbEngine(_file(source, home), schema, read_only=False)
        case "parquet":
            from consentry.flows.warehouse.parquet import ParquetEngine

            return ParquetEngine(_folder(source, home), schema)
        case "postgres":
            from consentry.flows.warehouse.postgres import PostgresEngine

            return PostgresEngine(_address(source, address), schema)
        case kind:
            from consentry.flows.warehouse.carried import CarriedEngine

            return CarriedEngine(_kept(source, home), schema, kind=kind, address=_address(source, address))


def to_read(source: Source, home: Path, address: Secret | None) -> Engine | None:
    """Open a warehouse that is there."""
    schema = _schema(source)
    match source.warehouse.kind:
        case "duckdb":
            path = _file(source, home)
        case "parquet":
            from consentry.flows.warehouse.parquet import FILE

            path = _folder(source, home) / schema / FILE
        case "postgres":
            from consentry.flows.warehouse.postgres import PostgresEngine

            return PostgresEngine(_address(source, address), schema)
        case _:
            from consentry.flows.warehouse.carried import FILE

            path = _kept(source, home) / FILE
    return DuckDbEngine(path, schema, read_only=True) if path.exists() else None


def _schema(source: Source) -> str:
    if _NAME.fullmatch(source.dataset) is None:
        raise WarehouseRefused(
            f"No warehouse takes {source.dataset[:80]} as the name of a dataset.",
            hint="Give the source a dataset of small letters, digits and underscores that begins with a letter.",
        )
    return source.dataset


def _file(source: Source, home: Path) -> Path:
    return Path(source.warehouse.path) if source.warehouse.path else home / "warehouse.duckdb"


def _folder(source: Source, home: Path) -> Path:
    return Path(source.warehouse.path) if source.warehouse.path else home / "parquet"


def _kept(source: Source, home: Path) -> Path:
    from consentry.flows.warehouse.carried import folder_of

    return folder_of(home, source.warehouse.kind, source.warehouse.url or "", source.dataset)


def _address(source: Source, address: Secret | None) -> Secret:
    if address is None:
        raise WarehouseRefused(
            f"The source {source.name} has no address of its warehouse.", hint="Edit the source and enter it again."
        )
    return address
