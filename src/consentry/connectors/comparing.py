"""Telling whether two values say the same, whatever form each came in. Pure; no connector's own ways."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

T = TypeVar("T")
U = TypeVar("U")

_SPACE: Final = re.compile(r"\s+")


def is_blank(value: Any) -> bool:
    """Tell whether a value says nothing: none, an empty text, an empty list."""
    return value is None or (isinstance(value, str) and not value.strip()) or (isinstance(value, list) and not value)


def loose(value: Any) -> str:
    """Return a text as people compare it: without its case, and with one space for many."""
    return _SPACE.sub(" ", str(value)).strip().casefold()


def tidy(value: Any) -> str:
    """Return a text without what nobody sees: space around it, and how its lines end."""
    return str(value).replace("\r\n", "\n").replace("\r", "\n").strip()


def number_of(value: Any) -> Decimal | None:
    """Return a number that came as one or as a text; None when it is neither."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def moment_of(value: Any) -> datetime | None:
    """Return a moment that came as one or as ISO 8601, in UTC; one without a zone is UTC."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)


def day_of(value: Any) -> date | None:
    """Return a day that came as one or as YYYY-MM-DD."""
    if isinstance(value, datetime):
        return value.date()
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value).strip())
    except ValueError:
        return None


def clock_of(value: Any) -> time | None:
    """Return a time of day that came as one or as HH:MM, with or without seconds."""
    try:
        return value if isinstance(value, time) else time.fromisoformat(str(value).strip())
    except ValueError:
        return None


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values say the same: numbers as numbers, texts without what nobody sees."""
    if is_blank(one) or is_blank(other):
        return is_blank(one) and is_blank(other)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float | Decimal) or isinstance(other, int | float | Decimal):
        return number_of(one) is not None and number_of(one) == number_of(other)
    return tidy(one) == tidy(other)


def pair(
    wanted: Sequence[T], there: Sequence[U], *likenesses: Callable[[T, U], bool]
) -> tuple[list[U | None], list[U]]:
    """Return for each wanted item its partner among those that are there, and those that nobody wanted.

    The likenesses are tried in their order, so that the closest pairs find each other first.
    """
    partners: list[U | None] = [None] * len(wanted)
    left = list(there)
    for like in likenesses:
        for place, item in enumerate(wanted):
            if partners[place] is None:
                found = next((each for each in left if like(item, each)), None)
                if found is not None:
                    partners[place] = found
                    left = [each for each in left if each is not found]
    return partners, left
