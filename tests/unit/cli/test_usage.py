"""Wrong usage ends with status 2, and secrets are never taken from arguments."""

import inspect

import pytest
from typer.testing import CliRunner

from consentry.cli import commands, credential, source, user

WRONG = [
    ("an unknown command", ["fly"]),
    ("an unknown group command", ["credential", "fly"]),
    ("an unknown option", ["credential", "list", "--colour"]),
    ("no name for the credential", ["credential", "show"]),
    ("a key without a name", ["apikey", "create"]),
    ("an id that is no number", ["apikey", "revoke", "one"]),
    ("no source to run", ["source", "run"]),
    ("a run that is no number", ["run", "watch", "one"]),
    ("a port that can't be", ["up", "--port", "70000"]),
    ("no workers", ["up", "--workers", "0"]),
    ("a life that is negative", ["credential", "token", "x", "--min-ttl", "-1"]),
]


@pytest.mark.parametrize("arguments", [pytest.param(each, id=reason) for reason, each in WRONG])
def test_wrong_usage_has_status_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


@pytest.mark.parametrize("command", [credential.add, credential.edit, source.add, user.add, user.password])
def test_no_argument_or_option_takes_a_secret(command: object) -> None:
    assert callable(command)
    named = {name: each.annotation for name, each in inspect.signature(command).parameters.items()}
    for name, annotation in named.items():
        if "secret" in name or "password" in name:
            assert annotation.__origin__ is bool, name


@pytest.mark.parametrize(
    "group",
    ["credential", "source", "run", "apikey", "user", "keyset", "audit", "up", "demo", "sandbox", "worker", "doctor"],
)
def test_every_command_explains_itself(group: str) -> None:
    result = CliRunner().invoke(commands, [group, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_the_version_is_told() -> None:
    from consentry import __version__

    assert CliRunner().invoke(commands, ["--version"]).stdout == f"consentry {__version__}\n"
