"""Search what is committed for secrets, for paths of one machine, and for addresses that packages came from."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LARGEST: Final = 1_000_000

SECRETS: Final = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "an API key of ours": r"\bcsy_[A-Za-z0-9_-]{43}\b",
    "an access key of a cloud": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a token of a code host": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20})\b",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{10,}",
    "a keyset": r'"primaryKeyId":\s*[1-9]\d{5,}',
}
PLACES: Final = {
    "a folder of somebody's machine": "|".join(
        rf"(?<![\w.]){re.escape(str(place))}(?=/)" for place in (ROOT, Path.home()) if place.parent != place
    )
    + r"|(?<![\w.])/(?:home|Users)/\w+/",
    "an address to install packages from": r"--(?:extra-)?index-url\b|\bregistry\s*=\s*https?:"
    r"|\"resolved\":\s*\"https?:|^deb(?:-src)?\s+https?:",
}
PATTERNS: Final = {name: re.compile(pattern) for name, pattern in (SECRETS | PLACES).items()}
ALLOWED: Final = frozenset(["tools/leaks.py", "tests/house/test_leaks.py"])  # they name what they search for


def committed() -> list[Path]:
    """Return every file that git keeps; in a source archive, where git keeps none, every file."""
    if not (ROOT / ".git").exists():
        return [
            path for path in ROOT.rglob("*") if path.is_file() and not path.relative_to(ROOT).as_posix().startswith(".")
        ]
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def search(text: str) -> list[tuple[int, str]]:
    """Return the lines, counted from 1, that hold what must not be there, and what it is."""
    return [
        (number, name)
        for number, line in enumerate(text.splitlines(), 1)
        for name, pattern in PATTERNS.items()
        if pattern.search(line)
    ]


def find() -> list[str]:
    """Return one sentence for each find, without showing what was found."""
    found = []
    for path in committed():
        name = path.relative_to(ROOT).as_posix()
        if name in ALLOWED or path.stat().st_size > LARGEST:
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{number} holds what looks like {what}." for number, what in search(text)]
    return found


def main() -> int:
    """Tell people; the exit status tells machines."""
    found = find()
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
