"""The root of the command line: which commands there are, and what becomes of an error that none of them caught."""

import os
import sys
from typing import Annotated, Final

import typer

from consentry import __version__
from consentry.cli import (
    apikey,
    audit,
    credential,
    demo,
    destination,
    doctor,
    keyset,
    run,
    sandbox,
    source,
    up,
    user,
    worker,
)
from consentry.core.process import collect_rarely

GROUPS: Final = {
    "credential": credential.commands,
    "source": source.commands,
    "destination": destination.commands,
    "run": run.commands,
    "apikey": apikey.commands,
    "user": user.commands,
    "keyset": keyset.commands,
    "audit": audit.commands,
}


def _tell_version(*, wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"consentry {__version__}\n")
        raise typer.Exit


commands = typer.Typer(
    name="consentry",
    help="Keeps the OAuth 2.0 credentials of data integrations, and puts them to work.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks print around the log's redaction
    context_settings={"help_option_names": ["-h", "--help"]},
)


@commands.callback()
def _root(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version and leave.")
    ] = False,
) -> None:
    """Keeps the OAuth 2.0 credentials of data integrations, and puts them to work."""


commands.command("up")(up.up)
commands.command("demo")(demo.demo)
commands.command("sandbox")(sandbox.sandbox)
commands.command("worker")(worker.worker)
for _name, _group in GROUPS.items():
    commands.add_typer(_group, name=_name)
commands.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command that the arguments name, and leave with 0 (done), 1 (failed) or 2 (wrong usage)."""
    collect_rarely()
    try:
        commands()
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
