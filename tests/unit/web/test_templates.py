"""Templates only show: no script or style inside them, nothing that passes by the escaping, no word of a connector."""

import re
from pathlib import Path

import pytest

from consentry.connectors import Catalogue
from consentry.web.drawing import STATIC

TEMPLATES = sorted((STATIC.parent / "templates").glob("*.html"))
SCRIPTS = sorted(STATIC.glob("*.js"))
FORBIDDEN = {
    "a script inside": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "a style inside": re.compile(r"<style|\sstyle=", re.IGNORECASE),
    "an event written as an attribute": re.compile(r"\son[a-z]+=", re.IGNORECASE),
    "something that isn't escaped": re.compile(r"\|\s*safe|autoescape\s+false|Markup", re.IGNORECASE),
    "an exclamation": re.compile(r">[^<{%]*\w!\s*<"),
}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_template_holds_nothing_that_it_must_not(template: Path, what: str) -> None:
    assert FORBIDDEN[what].search(template.read_text()) is None, what


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_changes_something_carries_its_token(template: Path) -> None:
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", template.read_text(), flags=re.DOTALL):
        assert "pieces.csrf()" in form


@pytest.mark.parametrize("shown", [*TEMPLATES, *SCRIPTS], ids=lambda path: path.name)
def test_no_page_names_a_connector_by_itself(shown: Path) -> None:
    names = [name for connector in Catalogue.load().list() for name in (connector.name, connector.provider)]
    text = shown.read_text().lower()
    assert not [name for name in names if name.lower() in text]
