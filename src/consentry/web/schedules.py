"""Schedules: in words, and as the fields that a person fills in. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal
from zoneinfo import available_timezones

from consentry.errors import FieldError
from consentry.flows import Schedule
from consentry.web.amounts import every, in_unit
from consentry.web.fields import Entries

Kind = Literal["hand", "every", "daily", "cron", "source"]
KINDS: Final[Mapping[Kind, str]] = {
    "hand": "By hand",
    "every": "Every so often",
    "daily": "Daily at a time",
    "cron": "By a cron line",
}
FOLLOWING: Final[Mapping[Kind, str]] = {**KINDS, "source": "After each run of a source"}
"""What a destination's schedule can be besides: only destinations follow sources."""
UNITS: Final = {"minutes": "minutes", "hours": "hours", "days": "days"}
_WORTH: Final = {
    "minutes": timedelta(minutes=1),
    "hours": timedelta(hours=1),
    "days": timedelta(days=1),
}
LONGEST: Final = timedelta(days=366)
PLACES: Final[Mapping[str, str]] = {
    "schedule": "every",
    "schedule.every": "every",
    "schedule.daily_at": "daily_at",
    "schedule.cron": "cron",
    "schedule.timezone": "timezone",
}
"""Where the form says what the rules find wrong with a schedule."""


def schedule_words(schedule: Schedule | None, source_name: str = "") -> str:
    """Say when a source or destination runs by itself; ``source_name`` is the one that a destination follows."""
    if schedule is None:
        return "By hand"
    if schedule.after_source is not None:
        return f"After each run of {source_name or 'a source that is gone'}"
    if schedule.every is not None:
        return every(schedule.every).capitalize()
    if schedule.daily_at is not None:
        return f"Daily at {schedule.daily_at}, {schedule.timezone}"
    return f"Cron {schedule.cron}, {schedule.timezone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedSchedule:
    """A schedule as it stands in the form."""

    kind: str = "hand"
    every: str = "1"
    unit: str = "hours"
    daily_at: str = "06:00"
    cron: str = ""
    timezone: str = "UTC"
    source: str = ""  # the id of the source that is followed


def entered_schedule(form: Entries) -> TypedSchedule:
    """Read what was typed into the fields that every schedule has."""
    empty, text = TypedSchedule(), form.text
    return TypedSchedule(
        kind=text("schedule", empty.kind),
        every=text("every", empty.every),
        unit=text("every_unit", empty.unit),
        daily_at=text("daily_at", empty.daily_at),
        cron=text("cron"),
        timezone=text("timezone", empty.timezone),
    )


def typed_schedule(schedule: Schedule | None) -> TypedSchedule:
    """Return what the form shows for a schedule."""
    if schedule is None:
        return TypedSchedule()
    typed = TypedSchedule(timezone=schedule.timezone)
    if schedule.every is not None:
        number, unit = in_unit(schedule.every)
        return replace(typed, kind="every", every=str(number), unit=unit)
    if schedule.daily_at is not None:
        return replace(typed, kind="daily", daily_at=schedule.daily_at)
    if schedule.after_source is not None:
        return replace(typed, kind="source", source=str(schedule.after_source))
    return replace(typed, kind="cron", cron=schedule.cron or "")


def read_schedule(typed: TypedSchedule, errors: list[FieldError]) -> Schedule | None:
    """Return the schedule that was typed; note what can't be one. The source's own rules judge the rest."""
    zone = typed.timezone.strip() or "UTC"
    match typed.kind:
        case "every":
            length = read_length(typed.every, typed.unit)
            if length is None:
                errors.append(FieldError(field="every", message="Enter a whole number, at least 1."))
            return Schedule(every=length)
        case "daily":
            if not typed.daily_at.strip():
                errors.append(FieldError(field="daily_at", message="Enter the time, such as 06:00."))
            return Schedule(daily_at=typed.daily_at.strip(), timezone=zone)
        case "cron":
            if not typed.cron.strip():
                errors.append(FieldError(field="cron", message="Enter five fields, such as 0 6 * * 1-5."))
            return Schedule(cron=" ".join(typed.cron.split()), timezone=zone)
        case "source":
            if not (typed.source.isascii() and typed.source.isdigit() and len(typed.source) < 19):
                errors.append(FieldError(field="after_source", message="Choose the source to follow."))
                return None
            return Schedule(after_source=int(typed.source))
        case _:
            return None


def read_length(number: str, unit: str) -> timedelta | None:
    """Return a length of time out of a number and a unit, or None when it isn't one between a minute and a year."""
    text = number.strip()
    if not text.isascii() or not text.isdigit() or len(text) > 6 or unit not in _WORTH:
        return None
    length = int(text) * _WORTH[unit]
    return length if timedelta(0) < length <= LONGEST else None


def zones() -> tuple[str, ...]:
    """Return the time zones to offer, by their area and city."""
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(areas)))
