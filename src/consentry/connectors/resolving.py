"""Finding the record that a person means by an id or a name, and the words when there is none."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, Final

from consentry.connectors.comparing import is_blank, loose
from consentry.connectors.contract import Record
from consentry.connectors.writing import Choices

MOST_NAMED: Final = 12
_CLOSE: Final = 3


class Unfit(ValueError):
    """A value that can't be written; the message is a sentence for people."""


def resolve(
    value: Any,
    choices: Choices,
    records: Sequence[Record],
    *,
    title: str,
    prefer: Callable[[Record], bool] | None = None,
) -> Record:
    """Return the record that a value means; raises Unfit when none or several could be meant.

    An id counts even for a record that was archived, a name only for one that is in use. ``prefer`` decides between
    records of one name.
    """
    number = id_of(value)
    if number is not None:
        found = [record for record in records if record.get("id") == number]
        if found:
            return found[0]
    used = [record for record in records if record.get("deleted") is not True]
    named = [record for record in used if _is_named(record, choices, str(value))]
    if len(named) > 1 and prefer is not None:
        named = [record for record in named if prefer(record)] or named
    if len(named) == 1:
        return named[0]
    if named:
        raise Unfit(_several(str(value), choices, named, title))
    raise Unfit(_nobody(value, choices, used, title))


def id_of(value: Any) -> int | None:
    """Return a value as the id that it is, or None when it is something else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = str(value).strip().removeprefix("#") if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 19 else None


def label_of(record: Record, choices: Choices) -> str:
    """Return how people call a record, with what it stands in where names don't tell."""
    name = next((str(record[each]) for each in choices.names if not is_blank(record.get(each))), "")
    outer = _outer(record, choices)
    return f"{outer} / {name}" if outer else name or f"#{record.get('id')}"


def name_some(names: Iterable[str], *, most: int = MOST_NAMED) -> str:
    """Return a list for a sentence: all of a few, the first of many."""
    every = list(dict.fromkeys(names))
    if len(every) > most:
        return f"{', '.join(every[:most])} and {len(every) - most} more"
    return f"{', '.join(every[:-1])} and {every[-1]}" if len(every) > 1 else "".join(every)


def suggest(value: str, names: Iterable[str], *, otherwise: str) -> str:
    """Return what could have been meant out of many names, or all of a few."""
    every = list(dict.fromkeys(names))
    if len(every) <= MOST_NAMED:
        return f"There are: {name_some(every)}." if every else otherwise
    folded = {loose(name): name for name in every}
    close = get_close_matches(loose(value), folded, n=_CLOSE, cutoff=0.6)
    return (
        f"Did you mean {' or '.join(folded[each] for each in close)}?" if close else f"There are: {name_some(every)}."
    )


def _is_named(record: Record, choices: Choices, text: str) -> bool:
    if any(loose(record[each]) == loose(text) for each in choices.names if not is_blank(record.get(each))):
        return True
    outer, slash, name = text.partition("/")
    return bool(slash) and loose(label_of(record, choices)) == f"{loose(outer)} / {loose(name)}"


def _outer(record: Record, choices: Choices) -> str:
    outer = record.get(choices.within) if choices.within is not None else None
    return str(outer.get("name") or "") if isinstance(outer, dict) else ""


def _several(text: str, choices: Choices, named: Sequence[Record], title: str) -> str:
    labels = [label_of(record, choices) for record in named]
    if len(set(labels)) < len(labels):
        labels = [f"{label} (#{record.get('id')})" for label, record in zip(labels, named, strict=True)]
    way = "its id" if choices.within is None else "all of it, or its id"
    return f"There is more than one {title.lower()} “{text}”: {name_some(labels)}. Write {way}."


def _nobody(value: Any, choices: Choices, records: Sequence[Record], title: str) -> str:
    names = [label_of(record, choices) for record in records]
    return f"There is no {title.lower()} “{value}”. " + suggest(str(value), names, otherwise="There are none at all.")
