"""JSON bodies, read strictly: no key twice, no NaN, no text that isn't Unicode, no depth without end."""

import json
from typing import Any, Final

from consentry.errors import Unreadable

_DEEPEST: Final = 50


def read_json(body: bytes) -> Any:
    """Return what a body says; raise Unreadable."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # escapes can smuggle in half a character
    except (ValueError, RecursionError) as error:
        raise Unreadable("The body can't be read as JSON.", hint="Send one JSON object, encoded as UTF-8.") from error
    if _depth(value) > _DEEPEST:
        raise Unreadable("The body is nested too deeply.", hint="Send the fields that the documentation names.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _depth(value: object) -> int:
    level, deep = [value], 0
    while level:
        deep += 1
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
    return deep
