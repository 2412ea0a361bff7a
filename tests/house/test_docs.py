"""The documentation leads somewhere, speaks our words, and tells of everything that there is."""

import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

import links
from consentry.connectors import Choices, Deed, FieldKind, Match, Stream, Template, TemplateField, ValueKind

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RECURRING = (
    "add-a-connector",
    "add-a-stream",
    "add-a-template",
    "add-a-setting",
    "add-a-page",
    "add-an-error",
    "add-a-migration",
)
GLOSSARY = (
    "connector credential grant authorization connect-link source dataset destination template run vault keyset sandbox"
).replace("-", " ")


@pytest.mark.parametrize("page", links.pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert links.broken(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# There\n\n## A `name` and more\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n[a](there.md) [b](there.md#a-name-and-more) [c](#page) [d](https://example.com/)\n"
        "[e](gone.md) [f](there.md#gone) [g](#gone) ![h](gone.png)\n```\n[i](in-a-fence.md)\n```\n"
    )
    assert [sentence.split()[1] for sentence in links.broken(page)] == ["gone.md", "there.md#gone", "#gone", "gone.png"]


@pytest.mark.parametrize("page", links.pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_page_has_one_title_and_says_something(page: Path) -> None:
    text = links.FENCE.sub("", page.read_text())
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert len(text.split()) > 40


@pytest.mark.parametrize("page", links.pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_do_not_shout_promise_or_wait_to_be_written(page: Path) -> None:
    text = links.FENCE.sub("", page.read_text())
    assert re.findall(r"\b(?:TODO|FIXME|TBD|lorem ipsum|coming soon)\b|\w!(?=\s|$)", text, re.IGNORECASE) == []


def test_every_page_can_be_reached_from_the_first_one() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        targets = (target.partition("#")[0] for target in links.LINK.findall(page.read_text()) if ":" not in target)
        waiting += [(page.parent / target).resolve() for target in targets if target]
    assert [page.relative_to(ROOT).as_posix() for page in links.pages() if page not in reached] == []


def test_the_readme_gives_the_two_commands_and_a_picture_on_its_first_screen() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])
    assert "make demo" in first_screen
    assert "make test" in first_screen
    assert re.search(r"!\[[^\]]+\]\(docs/images/[\w-]+\.png\)", first_screen)


def test_every_picture_is_shown_somewhere() -> None:
    text = "".join(page.read_text() for page in links.pages())
    assert [path.name for path in sorted((DOCS / "images").glob("*.png")) if f"images/{path.name}" not in text] == []


def test_the_glossary_explains_every_word_of_ours() -> None:
    text = (DOCS / "glossary.md").read_text().lower()
    words = ["connect link", *(word for word in GLOSSARY.split() if word not in ("connect", "link"))]
    assert [word for word in words if not re.search(rf"^\|?\s*(?:\*\*|### )?{word}\b", text, re.MULTILINE)] == []


def test_recurring_work_has_a_page() -> None:
    assert [name for name in RECURRING if not (DOCS / "how-to" / f"{name}.md").exists()] == []


def test_every_member_of_a_stream_and_every_kind_of_field_is_explained() -> None:
    tables = "\n".join(re.findall(r"^\|.*$", (DOCS / "how-to" / "add-a-stream.md").read_text(), re.MULTILINE))
    words = [member.name for member in fields(Stream)] + list(get_args(FieldKind))
    assert [word for word in words if f"`{word}`" not in tables] == []


def test_every_member_of_a_template_and_every_kind_of_value_is_explained() -> None:
    tables = "\n".join(re.findall(r"^\|.*$", (DOCS / "how-to" / "add-a-template.md").read_text(), re.MULTILINE))
    members = [member.name for kind in (Template, TemplateField, Choices, Match) for member in fields(kind)]
    words = [*members, *get_args(ValueKind), *get_args(Deed)]
    assert [word for word in words if f"`{word}`" not in tables] == []


def test_every_target_of_the_menu_is_explained() -> None:
    menu = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    targets = re.findall(r"^  make (\S+)\s+(.*)$", menu, re.MULTILINE)
    assert len(targets) >= 15
    assert all(words for _, words in targets)
    assert {"demo", "test", "serve", "setup", "check", "journeys"} <= {name for name, _ in targets}


def test_every_decision_tells_context_choice_and_price() -> None:
    decisions = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert len(decisions) >= 8
    for page in decisions:
        headings = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
        assert headings[:3] == ["Context", "Choice", "Price"], page.name


def test_the_licence_is_there_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
