"""Check every link of the documentation that leads to another file or heading of this repository."""

import re
import sys
from pathlib import Path
from typing import Final
from urllib.parse import unquote

ROOT: Final = Path(__file__).resolve().parent.parent
LINK: Final = re.compile(r"!?\[(?:[^\]\\]|\\.)*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING: Final = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
FENCE: Final = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    """Return every page that people read."""
    folders = (ROOT / "docs", ROOT / "src" / "consentry" / "connectors")
    return sorted([*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))])


def anchors(page: Path) -> set[str]:
    """Return the names under which the headings of a page can be linked to."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", page.read_text())):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        anchor = re.sub(r"[^\w\s-]", "", words.lower()).strip().replace(" ", "-")
        count = 1
        unique = anchor
        while unique in found:
            unique, count = f"{anchor}-{count}", count + 1
        found.add(unique)
    return found


def broken(page: Path) -> list[str]:
    """Return one sentence for each link of a page that leads nowhere."""
    name_of_page = page.relative_to(ROOT) if page.is_relative_to(ROOT) else page.name
    found = []
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        aim = (page.parent / name).resolve() if name else page
        if not aim.exists():
            found.append(f"{name_of_page}: {target} leads to no file.")
        elif anchor and aim.suffix == ".md" and anchor not in anchors(aim):
            found.append(f"{name_of_page}: {target} leads to no heading.")
    return found


def main() -> int:
    """Tell people; the exit status tells machines."""
    found = [sentence for page in pages() for sentence in broken(page)]
    print("\n".join(found) if found else f"All links of {len(pages())} pages lead somewhere.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
