"""What the options of ``consentry source add`` mean, as the REST API's fields."""

import os
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import typer

PASSWORD_VARIABLE: Final = "CONSENTRY_WAREHOUSE_PASSWORD"


def manual_of(path: str, parameters: Sequence[str], records_path: str) -> dict[str, Any] | None:
    """Return what to read instead of streams, if a path was given."""
    if not path:
        if parameters or records_path:
            raise typer.BadParameter("--parameter and --records-path describe a --manual-path, which isn't there.")
        return None
    pairs = [each.partition("=") for each in parameters]
    if not all(between for _, between, _ in pairs):
        raise typer.BadParameter("Write --parameter as NAME=VALUE.")
    return {"path": path, "parameters": {name: value for name, _, value in pairs}, "records_path": records_path}


def warehouse_of(kind: str, path: str, url: str, *, password_from_stdin: bool) -> dict[str, Any]:
    """Return where the dataset lives; the password joins the address here, never in an argument."""
    found: dict[str, Any] = {"type": kind}
    if path:
        found["path"] = path
    if url:
        found["url"] = _with_password(url, from_stdin=password_from_stdin)
    return found


def schedule_of(every: str, daily_at: str, cron: str, timezone: str) -> dict[str, Any] | None:
    """Return when the source runs by itself, if ever."""
    chosen = {name: value for name, value in (("every", every), ("daily_at", daily_at), ("cron", cron)) if value}
    if len(chosen) > 1:
        raise typer.BadParameter("Choose one of --every, --daily-at and --cron.")
    if not chosen:
        return None
    return chosen if "every" in chosen else {**chosen, "timezone": timezone}


def _with_password(url: str, *, from_stdin: bool) -> str:
    parts = urlsplit(url)
    if parts.password is not None:
        raise typer.BadParameter(
            "Leave the password out of --warehouse-url, where other programs can see it: pipe it in with "
            f"--warehouse-password-stdin, or set {PASSWORD_VARIABLE}."
        )
    password = _password(from_stdin=from_stdin)
    if not password:
        return url
    user, _, host = parts.netloc.rpartition("@")
    if not user:
        raise typer.BadParameter("A password needs a user in --warehouse-url, as in postgresql://me@host/database.")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


def _password(*, from_stdin: bool) -> str:
    import sys

    return sys.stdin.readline().rstrip("\r\n") if from_stdin else os.environ.get(PASSWORD_VARIABLE, "")
