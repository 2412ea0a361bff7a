"""What the sandbox has seen: counts that tests rely on, and the last requests. No value of a secret gets in here."""

import re
import threading
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

_SECRET_PARAMETERS: Final = frozenset(
    {
        "access_token",
        "client_secret",
        "code",
        "code_challenge",
        "code_verifier",
        "refresh_token",
        "state",
        "token",
    }
)
_ID: Final = re.compile(r"(?<=/)-?\d+(,-?\d+)*(?=/|$)")
_REMEMBERED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it is remembered. `outcome` is the status sent, or `dropped`."""

    at: datetime
    method: str
    path: str
    query: str
    outcome: str
    milliseconds: float


class Journal:
    """Counts and recent requests, safe to be read from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._recent: deque[Seen] = deque(maxlen=_REMEMBERED)
        self._counts: dict[str, Counter[str]] = {}

    def saw(self, seen: Seen) -> None:
        """Remember a request that was answered or dropped."""
        with self._lock:
            self._recent.append(seen)

    def count(self, what: str, which: str) -> None:
        """Add one to the count `which` of the table `what`."""
        with self._lock:
            self._counts.setdefault(what, Counter())[which] += 1

    def counts(self, what: str) -> dict[str, int]:
        """Return one table of counts."""
        with self._lock:
            return dict(self._counts.get(what, {}))

    def recent(self) -> list[Seen]:
        """Return the last requests, newest first."""
        with self._lock:
            return list(reversed(self._recent))

    def forget(self) -> None:
        """Set every count to nothing and drop the recent requests."""
        with self._lock:
            self._recent.clear()
            self._counts.clear()


def without_secrets(query: str) -> str:
    """Return a query string in which the values of secret parameters are hidden."""
    pairs = parse_qsl(query, keep_blank_values=True)
    shown = [(key, "[hidden]" if key.lower() in _SECRET_PARAMETERS else value) for key, value in pairs]
    return urlencode(shown, safe="[]/:,")


def without_ids(path: str) -> str:
    """Return a path in which ids read `{id}`, so that calls can be counted by kind."""
    return _ID.sub("{id}", path)
