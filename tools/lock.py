"""Pin what pyproject.toml asks for, with hashes and without addresses, into requirements/."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def pin(wanted: list[str], target: Path) -> None:
    """Write one lock file; uv reads the wanted list from standard input."""
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "-", "--generate-hashes", "--universal"),
        *("--python-version", "3.11", "--no-header", "--no-annotate", "--no-emit-index-url"),
        *("--no-emit-find-links", "--quiet", "--output-file", str(target)),
    ]
    subprocess.run(command, input="\n".join(wanted), text=True, check=True, cwd=ROOT)


def main() -> None:
    """Pin the run-time set (with what builds the package), then all with the extras, then Node.js where none is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run = [*project["project"]["dependencies"], *project["build-system"]["requires"], "editables"]
    extras = [each for extra in project["project"]["optional-dependencies"].values() for each in extra]
    groups = project["dependency-groups"]
    pin(run, ROOT / "requirements" / "run.txt")
    pin([*run, *extras, *groups["test"], *groups["dev"]], ROOT / "requirements" / "develop.txt")
    pin(groups["node"], ROOT / "requirements" / "node.txt")


if __name__ == "__main__":
    main()
