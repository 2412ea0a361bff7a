"""The map of threats leads to tests that exist, line by line."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
LINES = dict(re.findall(r"^\| (\d+) \| (.*) \|$", PAGE.read_text(), re.MULTILINE))
BY_ABSENCE = {"37"}


@cache
def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_line_of_the_list_is_there_once_and_in_order() -> None:
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)]
    assert numbers == list(range(1, 47))


@pytest.mark.parametrize("number", LINES)
def test_every_line_is_held_by_a_test_that_exists(number: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", LINES[number])
    assert named or number in BY_ABSENCE
    missing = [
        f"{file}::{name}"
        for file, name in named
        if not (ROOT / "tests" / file).exists() or name not in functions(ROOT / "tests" / file)
    ]
    assert missing == []
