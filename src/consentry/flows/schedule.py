"""When a source runs next. Pure: a schedule and a moment in, a moment out. Cron lines are read as Debian does."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from consentry.errors import FieldError
from consentry.flows.model import Schedule

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=366)
_LENGTH: Final = re.compile(r"(\d{1,6})\s*([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def next_after(schedule: Schedule | None, planned: datetime | None, now: datetime) -> datetime | None:
    """Return the first moment after ``now`` that the schedule names; None when it names none.

    An interval is counted on from the moment that was planned before, so that runs don't drift. A daily time or cron
    line that the clocks skip in spring comes at the hour's end, and one that they repeat in autumn comes once.
    """
    if schedule is None or schedule.after_source is not None:
        return None
    if schedule.every is not None:
        if planned is None:
            return now + schedule.every
        missed = max(0, (now - planned) // schedule.every)
        return planned + (missed + 1) * schedule.every
    local = now.astimezone(ZoneInfo(schedule.timezone))
    return next(CronSim(_cron_of(schedule), local)).astimezone(UTC)


def parse_length(text: str) -> timedelta | None:
    """Read a length such as ``15m``, ``2h`` or ``1d``; None when it isn't one."""
    found = _LENGTH.fullmatch(text.strip().lower())
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def find_faults(schedule: Schedule, *, follows: bool = False) -> list[FieldError]:
    """Say what is wrong with a schedule, field by field; ``follows``: it may come after a source's runs."""
    kinds = ("every", "daily_at", "cron", "after_source")
    given = [name for name in kinds if getattr(schedule, name) is not None]
    if schedule.after_source is not None and not follows:
        return [FieldError(field="schedule.after_source", message="Only destinations can follow a source.")]
    if len(given) != 1:
        ways = "every, daily_at, cron and after_source" if follows else "every, daily_at and cron"
        return [FieldError(field="schedule", message=f"Give one of {ways}.")]
    faults: list[FieldError] = []
    if schedule.every is not None and not SHORTEST <= schedule.every <= LONGEST:
        faults.append(FieldError(field="schedule.every", message="must be between a minute and a year"))
    if schedule.daily_at is not None and not _TIME.fullmatch(schedule.daily_at):
        faults.append(FieldError(field="schedule.daily_at", message="must be a time such as 06:00"))
    if schedule.timezone not in available_timezones():
        faults.append(FieldError(field="schedule.timezone", message="must be a time zone such as Europe/Berlin"))
    if schedule.cron is not None and not faults:
        faults.extend(_faults_of_cron(schedule))
    return faults


def _faults_of_cron(schedule: Schedule) -> list[FieldError]:
    wrong = FieldError(field="schedule.cron", message="must be a cron line of five fields, such as 0 6 * * 1-5")
    if len((schedule.cron or "").split()) != 5:
        return [wrong]
    try:
        next(CronSim(_cron_of(schedule), datetime.now(ZoneInfo(schedule.timezone))))
    except CronSimError:
        return [wrong]
    except StopIteration:
        return [FieldError(field="schedule.cron", message="names no moment that will ever come")]
    return []


def _cron_of(schedule: Schedule) -> str:
    if schedule.cron is not None:
        return schedule.cron
    hour, minute = (int(part) for part in (schedule.daily_at or "0:0").split(":"))
    return f"{minute} {hour} * * *"
