"""Keeps a DuckDB file open between two batches that follow each other closely: opening costs as much as writing."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb

LINGER_SECONDS: Final = 0.5
"""So long a file stays open after a batch, for the next one."""
LONGEST_SECONDS: Final = 3.0
"""Who has had a file open for so long closes it after the batch, so that others come to read it."""


@dataclass(slots=True, kw_only=True)
class Hold:
    """One open file of this process; whoever works on it takes a cursor."""

    path: Path
    root: duckdb.DuckDBPyConnection
    since: float = field(default_factory=time.monotonic)
    users: int = 1
    closing: threading.Timer | None = None
    names: dict[str, set[str]] = field(default_factory=dict)  # tables by schema: nobody else can change them meanwhile


_lock = threading.Lock()
_holds: dict[Path, Hold] = {}


def take(path: Path, open_file: Callable[[], duckdb.DuckDBPyConnection]) -> Hold:
    """Return the open file, opened now if need be; give it back with ``release``."""
    with _lock:
        if (hold := _join(path)) is not None:
            return hold
    root = open_file()  # may wait for another program, which nobody else has to wait for
    with _lock:
        if (hold := _join(path)) is not None:
            root.close()
            return hold
        return _holds.setdefault(path, Hold(path=path, root=root))


def release(hold: Hold, *, at_once: bool) -> None:
    """Give a file back; it is closed soon, or at once, unless somebody else of this process has it too."""
    with _lock:
        hold.users -= 1
        if hold.users:
            return
        if at_once or time.monotonic() - hold.since > LONGEST_SECONDS:
            _close(hold)
            return
        hold.closing = threading.Timer(LINGER_SECONDS, _expire, [hold])
        hold.closing.start()


def _join(path: Path) -> Hold | None:
    hold = _holds.get(path)
    if hold is not None:
        hold.users += 1
        if hold.closing is not None:
            hold.closing.cancel()
            hold.closing = None
    return hold


def _expire(hold: Hold) -> None:
    with _lock:
        if hold.users == 0 and _holds.get(hold.path) is hold:
            _close(hold)


def _close(hold: Hold) -> None:
    if hold.closing is not None:
        hold.closing.cancel()
    del _holds[hold.path]
    hold.root.close()
