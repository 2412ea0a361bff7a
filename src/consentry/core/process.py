"""How our processes are set up and named, and whether a named process of this machine has surely died."""

import gc
import os
import sys
from pathlib import Path
from typing import Final

FRUGAL: Final = {"MALLOC_ARENA_MAX": "2"}
"""For the environment of a process with much memory: the C library keeps less of what its threads have let go."""

_COLLECT: Final = (50_000, 20, 100)
"""How many new objects make Python look for garbage among them, and how often among older ones."""

_NICENESS: Final = 10


def collect_rarely() -> None:
    """Have Python look for garbage seldom.

    Modules and pages of records are very many objects without cycles; looking at them takes a fifth of the time of an
    import and a third of that of a run.
    """
    gc.set_threshold(*_COLLECT)


def give_way() -> None:
    """Let this process have the processor after others: people wait for pages, nobody waits for a run as much."""
    if sys.platform != "win32":
        os.nice(_NICENESS)


def keep_what_is_there() -> None:
    """Never look for garbage among the objects that there are now: what has been set up stays to the end."""
    gc.collect()
    gc.freeze()


def name_of_this_process() -> str:
    """Return a name that no other process has, here or elsewhere, now or after a restart."""
    return f"{_place()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_surely_dead(name: str) -> bool:
    """Tell whether the named process ran on this machine and is gone; False whenever that can't be known."""
    place, _, rest = name.rpartition(":")[0].rpartition(":")
    born = name.rpartition(":")[2]
    if not place or place != _place() or not rest.isdigit() or not born:
        return False
    return _start_of(int(rest)) != born


def _place() -> str:
    """Name this boot of this machine and this process namespace; empty where the system doesn't tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return ""
    return f"{boot}-{str(namespace).strip('pid:[]')}"


def _start_of(pid: int) -> str:
    """Return the tick at which a process began, so that a reused number isn't taken for the old process."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] == "Z" else words[19]
