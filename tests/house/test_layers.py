"""The rooms: imports go down only, guests stay in their room, and nobody reaches past a room's door."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "consentry"
ROOMS = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
OPEN_FILES = {"consentry.storage.tables": "a room's store alone speaks SQL to the tables of its room"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "handler", "base", "misc"}


def sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_imports_go_down_only_and_guests_stay_in_their_room() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("room", sorted(ROOMS - {"core"}))
def test_from_outside_a_room_is_entered_by_its_door(room: str) -> None:
    inside = SOURCE / room
    past_the_door = [
        f"{path.relative_to(SOURCE)} imports {module}"
        for path in sources()
        if not path.is_relative_to(inside)
        for module in imported(path)
        if module.startswith(f"consentry.{room}.") and module not in OPEN_FILES
    ]
    assert past_the_door == []


def test_only_the_stores_of_rooms_speak_sql_to_tables() -> None:
    speaking = {path.relative_to(SOURCE).parts[0] for path in sources() if "consentry.storage.tables" in imported(path)}
    assert speaking <= {"accounts", "audit", "credentials", "flows", "outbound", "storage", "vault"}


def test_no_module_outside_a_connectors_folder_says_its_name() -> None:
    names = [path.name for path in (SOURCE / "connectors").iterdir() if (path / "__init__.py").exists()]
    assert "capsule" in names
    saying = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path in sorted(SOURCE.rglob("*"))
        if path.suffix in (".py", ".html", ".js", ".css") and "sandbox" not in str(path.relative_to(SOURCE))
        for name in names
        if not path.is_relative_to(SOURCE / "connectors" / name) and name in path.read_text().lower()
    ]
    assert saying == []


def test_every_module_opens_with_what_lives_there_in_a_few_lines() -> None:
    long_or_missing = [
        str(path.relative_to(SOURCE))
        for path in sources()
        if not 1 <= len((ast.get_docstring(ast.parse(path.read_text())) or "").splitlines()) <= 5
        and path.name != "errors.py"  # the tree is drawn there
    ]
    assert long_or_missing == []


def test_what_has_no_name_has_no_place() -> None:
    nameless = [str(path.relative_to(SOURCE)) for path in sources() if FORBIDDEN_NAMES & set(path.stem.split("_"))]
    assert nameless == []


def test_files_are_read_in_one_sitting() -> None:
    tested = [path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts]
    long = {
        str(path.relative_to(ROOT)): lines
        for most, paths in ((400, [*sources(), *(ROOT / "tools").glob("*.py")]), (500, tested))
        for path in paths
        if (lines := path.read_text().count("\n")) > most
    }
    assert long == {}


def test_everything_unexpected_is_caught_by_the_server_the_worker_and_its_runner_only() -> None:
    catching = {
        str(path.relative_to(SOURCE))
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name) and node.type.id == "Exception"
    }
    assert catching <= {"worker.py", "runner.py", "api/problems.py", "api/shell.py"}
