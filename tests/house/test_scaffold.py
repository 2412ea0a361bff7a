"""`make connector` lays out a folder that the contract takes, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

import connector as scaffold

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, consentry.connectors
consentry.connectors.__path__.append(sys.argv[1])
from consentry.connectors import Catalogue
print(Catalogue.load().get("crm_of_ours").token_url)
"""


def test_the_catalogue_takes_what_was_laid_out(tmp_path: Path) -> None:
    scaffold.lay_out("crm_of_ours", tmp_path)
    done = subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "https://crm_of_ours.example.com/oauth/token", done.stderr


def test_it_has_every_file_that_the_how_to_names(tmp_path: Path) -> None:
    target = scaffold.lay_out("crm", tmp_path)
    assert {path.name for path in target.iterdir()} == {*scaffold.FILES, "samples"}


def test_it_keeps_to_the_houses_order(tmp_path: Path) -> None:
    target = scaffold.lay_out("crm", tmp_path)
    ruff = str(Path(sys.executable).with_name("ruff"))
    judged = [ruff, "check", "--config", str(ROOT / "pyproject.toml"), str(target)]
    done = subprocess.run(judged, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["", "Crm", "1crm", "../crm", "crm-x", "crm x"])
def test_a_name_that_will_not_do_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        scaffold.lay_out(name, tmp_path)


def test_a_folder_that_is_there_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "crm").mkdir()
    with pytest.raises(ValueError, match="already"):
        scaffold.lay_out("crm", tmp_path)
