"""Amounts in words: figures with their commas, counts with their nouns, bytes, and how long something took. Pure."""

from datetime import timedelta
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 3600
_UNITS: Final = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def figure(number: int) -> str:
    """Return a number with commas."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(number: int) -> str:
    """Return a number of bytes in its largest fitting unit."""
    for unit, worth in _UNITS:
        if number >= worth:
            return f"{number / worth:.1f} {unit}"
    return f"{number} B"


def lasted(seconds: float) -> str:
    """Return a length of time in its two largest units; tenths only below ten seconds."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s" if whole % _MINUTE else f"{whole // _MINUTE} min"
    minutes = whole % _HOUR // _MINUTE
    return f"{whole // _HOUR} h {minutes} min" if minutes else f"{whole // _HOUR} h"


def every(length: timedelta) -> str:
    """Return an interval in words, in the largest unit that it is whole in."""
    number, unit = in_unit(length)
    return f"every {unit.removesuffix('s')}" if number == 1 else f"every {number} {unit}"


def in_unit(length: timedelta) -> tuple[int, str]:
    """Return an interval as a number of minutes, hours or days: the largest unit that it is whole in."""
    minutes = max(1, round(length.total_seconds() / _MINUTE))
    if minutes % 1440 == 0:
        return minutes // 1440, "days"
    return (minutes // 60, "hours") if minutes % 60 == 0 else (minutes, "minutes")
