"""Dates, moments and times of day. What can be read in two ways is refused, never guessed. Pure."""

import re
from datetime import UTC, date, datetime, time
from typing import Final

from consentry.flows.destination.numbers import Unfit

_MONTHS: Final = (
    ("january", "jan"),
    ("february", "feb"),
    ("march", "mar"),
    ("april", "apr"),
    ("may", "may"),
    ("june", "jun"),
    ("july", "jul"),
    ("august", "aug"),
    ("september", "sep", "sept"),
    ("october", "oct"),
    ("november", "nov"),
    ("december", "dec"),
)
_BY_NAME: Final = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}
_ISO: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_NUMBERS: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[ .-]+([a-z]+)[., -]+([0-9]{4})", re.IGNORECASE)
_MONTH_FIRST: Final = re.compile(r"([a-z]+)\.? +([0-9]{1,2})(?:st|nd|rd|th)?,? +([0-9]{4})", re.IGNORECASE)
_MIDNIGHT: Final = re.compile(r"(.{8,20}?)[T ]0{1,2}:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)?")
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"\s?(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
)
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})[0-9]*)?)?")
_SAY: Final = "; write it as year, month, day, such as 2025-04-03"
_LONGEST: Final = 60


def read_date(text: str) -> date:
    """Return the date; raise Unfit."""
    text = text.strip()[:_LONGEST]
    midnight = _MIDNIGHT.fullmatch(text)
    text = midnight[1] if midnight else text
    if _MOMENT.fullmatch(text):
        raise Unfit("has a time of day too, and which date that is depends on the place" + _SAY)
    found = _ISO.fullmatch(text)
    if found is not None:
        return _date(found[1], found[3], found[4])
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        return _date(*compact.groups())
    return _spelled(text)


def _spelled(text: str) -> date:
    numbers = _NUMBERS.fullmatch(text)
    if numbers is not None:
        return _of_numbers(int(numbers[1]), numbers[2], int(numbers[3]), numbers[4])
    for form, (day, month) in ((_DAY_FIRST, (1, 2)), (_MONTH_FIRST, (2, 1))):
        words = form.fullmatch(text)
        if words is not None and words[month].lower() in _BY_NAME:
            return _date(words[3], _BY_NAME[words[month].lower()], words[day])
    raise Unfit("isn't a date that can be read for certain" + _SAY)


def _of_numbers(first: int, between: str, second: int, year: str) -> date:
    """Read a date of numbers: with points the day comes first; else it must be clear which is the month."""
    if between == "." or first > 12 or first == second:
        return _date(year, second, first)
    if second > 12:
        return _date(year, first, second)
    ways = [f"{day} {_MONTHS[month - 1][0].title()}" for day, month in ((first, second), (second, first)) if month]
    raise Unfit(f"can be {' or '.join(ways)} {year}{_SAY}")


def _date(year: str, month: str | int, day: str | int) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise Unfit("is a date that there isn't") from error


def read_moment(text: str) -> datetime:
    """Return the moment; one that doesn't say where it is told is UTC's, a date alone its first. Raise Unfit."""
    text = text.strip()[:_LONGEST]
    found = _MOMENT.fullmatch(text)
    if found is None:
        day = read_date(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    zone = {"Z": "+00:00", "UTC": "+00:00", None: "+00:00"}.get(found[3], found[3] or "")
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2][:15]}{zone}")
    except ValueError as error:
        raise Unfit("is a moment that there isn't") from error


def read_time(text: str) -> time:
    """Return the time of day; raise Unfit."""
    found = _TIME.fullmatch(text.strip()[:_LONGEST])
    if found is None:
        raise Unfit("isn't a time of day; write it as hours and minutes, such as 17:30")
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0), int((found[4] or "0").ljust(6, "0")))
    except ValueError as error:
        raise Unfit("is a time of day that there isn't") from error
