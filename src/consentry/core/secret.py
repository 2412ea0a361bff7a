"""A value that must not be seen: it doesn't print, compares in constant time, and is known to the log's redaction."""

import hmac
import re
import threading
from collections import OrderedDict
from typing import Final

HIDDEN: Final = "[hidden]"
PLAIN_WORD: Final = re.compile(r"[A-Za-z0-9_-]{8,}")
"""Most secrets are one such word, which a look-up finds; the few others are searched for one by one."""
_PLAIN_AT_MOST: Final = 50_000
_ODD_AT_MOST: Final = 2_000
_SHORTEST_REMEMBERED: Final = 8


class Secret:
    """Text that shows itself only to who asks by name, with ``reveal``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        remember(value)

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def hint(self) -> str:
        """Return the last characters of a long text, enough to recognise it and too few to use it."""
        return self._value[-4:] if len(self._value) >= 16 else ""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a Secret is never pickled or copied out of its process")


_lock = threading.Lock()
_plain: OrderedDict[str, None] = OrderedDict()
_odd: OrderedDict[str, None] = OrderedDict()


def remember(value: str) -> None:
    """Make a value known to the redaction of the log; the oldest are forgotten when there are very many."""
    if len(value) < _SHORTEST_REMEMBERED:
        return
    shelf, most = (_plain, _PLAIN_AT_MOST) if PLAIN_WORD.fullmatch(value) else (_odd, _ODD_AT_MOST)
    with _lock:
        shelf[value] = None
        shelf.move_to_end(value)
        if len(shelf) > most:
            shelf.popitem(last=False)


def hide_remembered(text: str) -> str:
    """Return the text with every secret that this process has seen replaced."""
    with _lock:
        odd = [value for value in _odd if value in text]
    for value in odd:
        text = text.replace(value, HIDDEN)
    return PLAIN_WORD.sub(lambda found: HIDDEN if found[0] in _plain else found[0], text)
