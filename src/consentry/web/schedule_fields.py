"""The part of a form that says when a source or destination runs, as pages show it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from consentry.errors import FieldError
from consentry.web.choices import Choice, Option, choices, options
from consentry.web.fields import Field, filled
from consentry.web.schedules import FOLLOWING, KINDS, UNITS, TypedSchedule, zones

EVERY: Final = Field(name="every", label="Every", id="every")
DAILY_AT: Final = Field(name="daily_at", label="Time", id="daily-at", max_length=5, help="Such as 06:00.")
CRON: Final = Field(
    name="cron",
    label="Cron line",
    id="cron",
    max_length=100,
    help="Minute, hour, day, month, day of the week: 0 6 * * 1-5 is 6 o'clock on working days.",
)
ZONE: Final = Field(
    name="timezone", label="Time zone", id="timezone", max_length=64, help="By area and city, such as Europe/Berlin."
)
SOURCE: Final = Field(name="after_source", label="Source", id="after-source")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleFields:
    """When it runs by itself."""

    kinds: tuple[Option, ...]
    every: Field
    every_units: tuple[Choice, ...]
    daily_at: Field
    cron: Field
    timezone: Field
    zones: tuple[str, ...]
    source: Field  # that is followed
    sources: tuple[Choice, ...]  # that can be followed; none where only a destination could

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, for the summary of what is wrong."""
        fields = (self.every, self.daily_at, self.cron, self.timezone)
        return (*fields, self.source) if self.sources else fields


def schedule_fields(
    typed: TypedSchedule, errors: Iterable[FieldError], sources: Mapping[str, str] | None = None
) -> ScheduleFields:
    """Return the fields with what was typed; ``sources`` are the names of those that can be followed, by id."""
    found = tuple(errors)
    values = {"every": typed.every, "daily_at": typed.daily_at, "cron": typed.cron, "timezone": typed.timezone}
    every, daily_at, cron, timezone = filled((EVERY, DAILY_AT, CRON, ZONE), values, found)
    kinds = KINDS if sources is None else FOLLOWING
    return ScheduleFields(
        kinds=options([(kind, (word, "")) for kind, word in kinds.items()], typed.kind),
        every=every,
        every_units=choices(UNITS, typed.unit),
        daily_at=daily_at,
        cron=cron,
        timezone=timezone,
        zones=zones(),
        source=SOURCE.judged(found),
        sources=() if sources is None else choices({"": "Choose a source", **sources}, typed.source),
    )
