"""What a source may be: every field checked, every fault named. Pure."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Final

from consentry.connectors import Connector
from consentry.errors import FieldError, InvalidInput
from consentry.flows import addresses
from consentry.flows.model import NewSource, WarehouseSpec
from consentry.flows.schedule import find_faults

_LONGEST_NAME: Final = 100
_DATASET: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED: Final = ("information_schema", "main", "public", "system", "temp")
_SHORTEST_LISTING: Final = timedelta(minutes=5)


def slug(name: str) -> str:
    """Return a name as a schema can have it."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:55].strip("_")
    if not plain or not plain[0].isalpha() or plain in _RESERVED or plain.startswith("pg_"):
        plain = f"dataset_{plain}".strip("_")
    return plain


def faults_of_name(name: str) -> list[FieldError]:
    """Say what is wrong with the name of a source or destination."""
    faults: list[FieldError] = []
    if not name.strip():
        faults.append(FieldError(field="name", message="must not be empty"))
    if len(name) > _LONGEST_NAME:
        faults.append(FieldError(field="name", message=f"must not be longer than {_LONGEST_NAME} characters"))
    return faults


def stays_below(path: str) -> bool:
    """Tell whether a path leads to something below the connector's API, and not out of it."""
    segments = path.partition("?")[0].split("/")
    return bool(path.strip("/ ")) and not any(part in ("..", ".") for part in segments) and "\\" not in path


def check(new: NewSource, connector: Connector, *, has_address: bool = False) -> None:
    """Raise InvalidInput with every field that can't be; ``has_address``: the warehouse's address is kept already."""
    faults = [
        *faults_of_name(new.name),
        *_faults_of_dataset(new.dataset),
        *_faults_of_reading(new, connector),
        *_faults_of_warehouse(new.warehouse, has_address=has_address),
        *(find_faults(new.schedule) if new.schedule else ()),
        *(_faults_of_hooks(new, connector) if new.hooks else ()),
    ]
    if new.full_listing_every < _SHORTEST_LISTING:
        faults.append(FieldError(field="full_listing_every", message="must be five minutes or more"))
    if faults:
        raise InvalidInput(*faults)


def _faults_of_dataset(dataset: str | None) -> list[FieldError]:
    if dataset is None or (_DATASET.fullmatch(dataset) and dataset not in _RESERVED and not dataset.startswith("pg_")):
        return []
    message = "must begin with a letter and have small letters, digits and _ only, 63 at most"
    return [FieldError(field="dataset", message=message)]


def _faults_of_reading(new: NewSource, connector: Connector) -> list[FieldError]:
    if new.manual is not None:
        if new.streams:
            return [FieldError(field="manual", message="can't be given together with streams")]
        if not stays_below(new.manual.path):
            return [FieldError(field="manual.path", message=f"must be a path under {connector.api_prefix}")]
        return []
    if new.streams is None:
        return []
    if not new.streams:
        return [FieldError(field="streams", message="must name at least one stream")]
    return [
        FieldError(field="streams", message=f"{connector.title} has no stream named {name}")
        for name in new.streams
        if connector.stream(name) is None
    ]


def _faults_of_hooks(new: NewSource, connector: Connector) -> list[FieldError]:
    if connector.hooks is None:
        return [FieldError(field="hooks", message=f"{connector.provider} has no hooks.")]
    if new.manual is not None:
        return [FieldError(field="hooks", message="Hooks are for streams, not for a list that is described by hand.")]
    if new.streams is not None and not {event.stream for event in connector.hooks.events} & set(new.streams):
        return [FieldError(field="hooks", message="None of the chosen streams has events to be told of.")]
    return []


def _faults_of_warehouse(spec: WarehouseSpec, *, has_address: bool) -> list[FieldError]:
    form = addresses.FORMS.get(spec.kind)
    if form is not None:
        if spec.path is not None:
            return [FieldError(field="warehouse.path", message=f"isn't for {form.title}")]
        if spec.url is None:
            return [] if has_address else [FieldError(field="warehouse.url", message=f"is required for {form.title}")]
        message = f"must be such as {form.example}"
        fault = FieldError(field="warehouse.url", message=message)
        return [] if addresses.is_possible(spec.kind, spec.url) else [fault]
    if spec.url is not None:
        return [FieldError(field="warehouse.url", message="isn't for a file or folder of this machine's own")]
    if spec.path is not None and not (Path(spec.path).is_absolute() and spec.path.isprintable()):
        return [FieldError(field="warehouse.path", message="must be a whole path, from / on")]
    return []


def place_of(spec: WarehouseSpec, home: Path) -> str:
    """Name the place that a warehouse is, so that two sources in one place are seen to be."""
    match spec.kind:
        case "duckdb":
            return f"duckdb:{Path(spec.path or home / 'warehouse.duckdb').resolve()}"
        case "parquet":
            return f"parquet:{Path(spec.path or home / 'parquet').resolve()}"
        case _:
            return addresses.place_of(spec.kind, spec.url or "")
