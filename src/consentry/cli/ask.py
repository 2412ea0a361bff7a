"""Questions to the person at the terminal. Secrets are typed unseen or piped in, never given as arguments."""

import os
import sys

import typer

from consentry.cli.screen import Screen
from consentry.core.secret import Secret


def ask(screen: Screen, option: str, words: str) -> str:
    """Ask for a value that the options didn't give; wrong usage where nobody can answer."""
    if not screen.is_watched:
        raise typer.BadParameter(f"Give {option}; there is no terminal to ask at.")
    answer: str = typer.prompt(words, err=True)
    return answer


def ask_secret(
    screen: Screen, words: str, *, option: str, from_stdin: bool, variable: str, twice: bool = False
) -> Secret:
    """Take a secret from standard input, the environment or a person who types it unseen."""
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    if variable and os.environ.get(variable):
        return Secret(os.environ[variable])
    if not screen.is_watched:
        other = f" or set {variable}" if variable else ""
        raise typer.BadParameter(f"Pipe it in with {option}{other}; there is no terminal to ask at.")
    return Secret(typer.prompt(words, hide_input=True, confirmation_prompt=twice, err=True))


def make_sure(screen: Screen, question: str, *, yes: bool) -> None:
    """Go on only when the person agrees; wrong usage where nobody can answer."""
    if yes:
        return
    if not screen.is_watched:
        raise typer.BadParameter("Add --yes; there is no terminal to ask at.")
    typer.confirm(question, abort=True, err=True)
