"""The command line answers at once, because it loads nothing that a command doesn't need."""

import subprocess
import sys

import pytest

HEAVY = {  # pydantic is not here, because Typer itself reads values with it
    "aiohttp",
    "alembic",
    "argon2",
    "duckdb",
    "fastapi",
    "httpx2",
    "jinja2",
    "msgspec",
    "prometheus_client",
    "pyarrow",
    "sqlalchemy",
    "starlette",
    "structlog",
    "tink",
    "uvicorn",
    "uvloop",
}


def loaded_after(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", program + "\nimport sys; print(' '.join(sys.modules), file=sys.stderr)"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["credential", "--help"], ["credential", "add", "-h"], ["source", "add", "-h"]],
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = f"""
import sys
sys.argv = ["consentry", *{arguments!r}]
from consentry.cli import main
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
"""
    assert loaded_after(program) & HEAVY == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_after("import consentry") & (HEAVY | {"typer", "rich", "asyncio"}) == set()
