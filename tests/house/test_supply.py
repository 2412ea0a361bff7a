"""What others' packages bring in is pinned, and comes from nowhere but where the machine looks for packages."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PEER = ROOT / "tests" / "peers" / "oidc-provider"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_with_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", lock.read_text().strip(), flags=re.IGNORECASE)
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_every_direct_dependency_stands_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {re.split(r"[\[><=; ]", line)[0].lower() for line in project["project"]["dependencies"]}
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / "run.txt").read_text(), re.MULTILINE))
    assert wanted <= {name.lower() for name in pinned}


def test_what_tests_use_is_pinned_as_what_runs() -> None:
    pins = [dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE)) for lock in LOCKS]
    run, develop = (
        next(pin for pin, lock in zip(pins, LOCKS, strict=True) if lock.stem == stem) for stem in ("run", "develop")
    )
    assert {name: version for name, version in develop.items() if name in run} == run


def test_the_peers_packages_are_pinned_with_hashes_and_without_addresses() -> None:
    packages = json.loads((PEER / "package-lock.json").read_text())["packages"]
    foreign = {name: package for name, package in packages.items() if name}
    assert foreign
    assert [name for name, package in foreign.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, package in foreign.items() if "resolved" in package] == []
