"""Lists that are chosen from, and lists that are paged through. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One entry of a select."""

    value: str
    word: str
    is_chosen: bool


def choices(words: Mapping[str, str], chosen: str) -> tuple[Choice, ...]:
    """Return the entries of a select, with the chosen one marked."""
    return tuple(Choice(value=value, word=word, is_chosen=value == chosen) for value, word in words.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of several ways to choose from, with its meaning."""

    value: str
    word: str
    meaning: str
    is_chosen: bool


def options(words: Iterable[tuple[str, tuple[str, str]]], chosen: str) -> tuple[Option, ...]:
    """Return ways to choose from, with the chosen one marked."""
    return tuple(
        Option(value=value, word=word, meaning=meaning, is_chosen=value == chosen) for value, (word, meaning) in words
    )


def pages_around(path: str, query: Mapping[str, str], page: int, *, has_more: bool) -> tuple[str, str]:
    """Return the addresses of the pages before and after this one, empty where there is none."""
    kept = {name: value for name, value in query.items() if value}

    def address(number: int) -> str:
        return f"{path}?{urlencode(kept | {'page': str(number)})}"

    return address(page - 1) if page > 1 else "", address(page + 1) if has_more else ""


def with_query(path: str, query: Mapping[str, str]) -> str:
    """Return a path with a query."""
    return f"{path}?{urlencode(query)}" if query else path


def with_more(address: str, **more: str | int) -> str:
    """Return an address with more in its query; names that it has already are replaced."""
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in more]
    return urlunsplit(parts._replace(query=urlencode([*kept, *more.items()])))
