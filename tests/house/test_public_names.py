"""The public names are exactly these; a new one is added on purpose."""

import importlib
import inspect
import subprocess
import sys

import consentry

NAMES = {
    "consentry": {"Credential", "Destination", "Hub", "Run", "Source", "Stream", "aio", "errors", "open"},
    "consentry.aio": {"Credential", "Destination", "Hub", "Run", "Source", "Stream", "open"},
}
MEMBERS = {
    "consentry.Credential": {"auth", "client", "id", "name", "status", "stream", "test", "token"},
    "consentry.Hub": {"close", "credential", "destination", "source"},
    "consentry.Destination": {"id", "last_run", "name", "preview", "run", "show"},
    "consentry.Run": {"counts", "error", "id", "retry", "rows", "status", "succeeded", "view"},
    "consentry.Source": {"id", "last_run", "name", "run", "show"},
    "consentry.Stream": {"arrow", "name", "pages", "tables"},
}


def public(thing: object) -> set[str]:
    return {name for name, _ in inspect.getmembers(thing) if not name.startswith("_")}


def test_the_packages_give_exactly_their_public_names() -> None:
    assert {name: set(importlib.import_module(name).__all__) for name in NAMES} == NAMES


def test_the_public_names_can_all_be_had() -> None:
    assert all(getattr(consentry, name) for name in consentry.__all__)


def test_the_librarys_objects_have_exactly_their_public_members() -> None:
    assert public(consentry.Credential) == MEMBERS["consentry.Credential"]
    assert public(consentry.Hub) == MEMBERS["consentry.Hub"]
    assert public(consentry.Source) == MEMBERS["consentry.Source"]
    assert public(consentry.Stream) == MEMBERS["consentry.Stream"]
    assert public(consentry.Destination) == MEMBERS["consentry.Destination"]
    assert public(consentry.Run) == MEMBERS["consentry.Run"]


def test_with_and_without_await_the_names_are_the_same() -> None:
    assert public(consentry.aio.Credential) == public(consentry.Credential)
    assert public(consentry.aio.Hub) == public(consentry.Hub)
    assert public(consentry.aio.Destination) == public(consentry.Destination)
    assert public(consentry.aio.Run) == public(consentry.Run)
    assert public(consentry.aio.Source) == public(consentry.Source)
    assert public(consentry.aio.Stream) == public(consentry.Stream)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"sqlalchemy", "fastapi", "aiohttp", "tink", "pyarrow", "duckdb"}
    program = f"import consentry, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_types_are_shipped() -> None:
    from importlib.resources import files

    assert (files("consentry") / "py.typed").is_file()
