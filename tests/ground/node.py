"""Node.js for the peers that are written in it: the system's own, or the one that `make` put into the environment."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

OLDEST: Final = (20, 19)


@cache
def find_node() -> str:
    """Return the path of a Node.js that is new enough; raise RuntimeError with what to do when there is none."""
    own = Path(sys.executable).parent / "node"
    for candidate in (shutil.which("node"), str(own) if own.exists() else None):
        if candidate and _version(candidate) >= OLDEST:
            return candidate
    wanted = ".".join(map(str, OLDEST))
    raise RuntimeError(f"These tests need Node.js {wanted} or newer. Run `make peers`: it brings one where none is.")


def _version(node: str) -> tuple[int, ...]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=30)
    return tuple(int(part) for part in answer.stdout.strip().lstrip("v").split(".") if part.isdigit())
