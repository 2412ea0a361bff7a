"""Values as columns keep them: troubles and schedules as JSON text."""

from dataclasses import asdict
from datetime import timedelta

import msgspec

from consentry.flows.model import Schedule, Trouble


def encode_trouble(trouble: Trouble | None) -> str | None:
    """Return a trouble as a column keeps it."""
    return None if trouble is None else encode(asdict(trouble))


def decode_trouble(text: str | None) -> Trouble | None:
    """Return the trouble that a column keeps."""
    return None if text is None else Trouble(**msgspec.json.decode(text))


def encode_schedule(schedule: Schedule | None) -> str | None:
    """Return a schedule as a column keeps it."""
    if schedule is None:
        return None
    seconds = None if schedule.every is None else int(schedule.every.total_seconds())
    return encode(asdict(schedule) | {"every": seconds})


def decode_schedule(text: str) -> Schedule:
    """Return the schedule that a column keeps."""
    kept = msgspec.json.decode(text)
    every = None if kept["every"] is None else timedelta(seconds=kept["every"])
    return Schedule(**kept | {"every": every})


def encode(value: object) -> str:
    """Return a value as JSON text."""
    return msgspec.json.encode(value).decode()
