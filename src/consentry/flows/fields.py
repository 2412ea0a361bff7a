"""A source as scripts describe it, field by field as the REST API names them, and the same read as values."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal

import msgspec

from consentry.errors import FieldError, InvalidInput
from consentry.flows.model import (
    DEFAULT_FULL_LISTING,
    Deletions,
    ManualRead,
    NewSource,
    Schedule,
    Source,
    WarehouseKind,
    WarehouseSpec,
)
from consentry.flows.schedule import parse_length

_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$")
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60))


class ScheduleFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """When a flow runs by itself, as it is described."""

    every: str | None = None
    daily_at: str | None = None
    cron: str | None = None
    timezone: str = "UTC"


class _Manual(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    path: str
    parameters: dict[str, str] = {}  # msgspec makes each struct a dictionary of its own
    records_path: str = ""
    paging: Literal["link", "none"] = "link"


class _Warehouse(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    type: WarehouseKind = "duckdb"
    path: str | None = None
    url: str | None = None


class _Fields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: str
    credential_id: int
    streams: list[str] | Literal["all"] = "all"
    manual: _Manual | None = None
    dataset: str | None = None
    warehouse: _Warehouse | None = None
    deletions: Deletions = "mark"
    full_listing_every: str | None = None
    schedule: ScheduleFields | None = None
    hooks: bool = False


def read_new(fields: Mapping[str, Any]) -> NewSource:
    """Read the description of a new source; raise InvalidInput naming what can't be read."""
    try:
        said = msgspec.convert(dict(fields), _Fields)
    except msgspec.ValidationError as error:
        raise InvalidInput(fault_of(error, "source")) from error
    listing = _read_length("full_listing_every", said.full_listing_every) or DEFAULT_FULL_LISTING
    spec = said.warehouse or _Warehouse()
    return NewSource(
        name=" ".join(said.name.split()),
        credential_id=said.credential_id,
        streams=None if said.streams == "all" else tuple(dict.fromkeys(said.streams)),
        manual=_read_manual(said.manual),
        dataset=said.dataset,
        warehouse=WarehouseSpec(kind=spec.type, path=spec.path, url=spec.url),
        deletions=said.deletions,
        full_listing_every=listing,
        schedule=read_schedule(said.schedule),
        hooks=said.hooks,
    )


def read_changed(source: Source, changes: Mapping[str, Any]) -> NewSource:
    """Read what is to be changed of a source; what isn't named stays, an address with its password too."""
    changes = dict(changes)
    if changes.get("manual") is not None and "streams" not in changes:
        changes["streams"] = "all"
    if changes.get("streams") is not None and "manual" not in changes:
        changes["manual"] = None
    return read_new(fields_of(source) | changes)


def fields_of(source: Source) -> dict[str, Any]:
    """Return a source as it would be described, but for its warehouse's address: left out, it stays as it is."""
    spec, manual = source.warehouse, source.manual
    warehouse = {"type": spec.kind} if spec.url is not None else {"type": spec.kind, "path": spec.path}
    return {
        "name": source.name,
        "credential_id": source.credential_id,
        "streams": "all" if source.streams is None else list(source.streams),
        "manual": manual
        and {
            "path": manual.path,
            "parameters": dict(manual.parameters),
            "records_path": manual.records_path,
            "paging": manual.paging,
        },
        "dataset": source.dataset,
        "warehouse": warehouse,
        "deletions": source.deletions,
        "full_listing_every": write_length(source.full_listing_every),
        "schedule": write_schedule(source.schedule),
        "hooks": source.hooks,
    }


def write_schedule(schedule: Schedule | None) -> dict[str, Any] | None:
    """Return a schedule as it is described."""
    if schedule is None:
        return None
    if schedule.after_source is not None:
        return {"after_source": schedule.after_source}
    if schedule.every is not None:
        return {"every": write_length(schedule.every)}
    kind, value = ("daily_at", schedule.daily_at) if schedule.daily_at is not None else ("cron", schedule.cron)
    return {kind: value or "", "timezone": schedule.timezone}


def write_length(length: timedelta) -> str:
    """Return a length of time in the largest unit that leaves nothing over."""
    seconds = int(length.total_seconds())
    return next((f"{seconds // size}{unit}" for unit, size in _UNITS if seconds % size == 0), f"{seconds}s")


def _read_length(field: str, text: str | None) -> timedelta | None:
    if text is None:
        return None
    length = parse_length(text)
    if length is None:
        raise InvalidInput(FieldError(field=field, message="Use a length of time such as 15m, 2h or 1d."))
    return length


def read_schedule(said: ScheduleFields | None, *, after_source: int | None = None) -> Schedule | None:
    """Read when a flow runs by itself; raise InvalidInput."""
    if said is None:
        return None
    every = _read_length("schedule.every", said.every)
    return Schedule(
        every=every, daily_at=said.daily_at, cron=said.cron, after_source=after_source, timezone=said.timezone
    )


def _read_manual(said: _Manual | None) -> ManualRead | None:
    if said is None:
        return None
    return ManualRead(path=said.path, parameters=said.parameters, records_path=said.records_path, paging=said.paging)


def fault_of(error: msgspec.ValidationError, whole: str) -> FieldError:
    """Return what msgspec found wrong, at its field; ``whole`` stands for all of them."""
    said = str(error)
    found = _PLACE.search(said)
    missing = re.search(r"missing required field `(\w+)`|unknown field `(\w+)`", said)
    if missing:
        inside = f"{found[1]}." if found and found[1] else ""
        word = "This field is required." if missing[1] else "There is no such field."
        return FieldError(field=inside + (missing[1] or missing[2]), message=word)
    words = said[: found.start()] if found else said
    return FieldError(field=found[1] if found else whole, message=words.replace("`", "") + ".")
