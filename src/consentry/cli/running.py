"""Runs the work of a command: reads the settings, opens the desk or the home, and turns errors into exit status 1."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from consentry.cli.screen import Screen
from consentry.errors import ConsentryError, OperatorError

if TYPE_CHECKING:
    from consentry.app import App
    from consentry.desk import Desk
    from consentry.settings import Settings


@contextmanager
def shown(*, json: bool = False) -> Iterator[Screen]:
    """Give a command its screen, and tell there what goes wrong."""
    screen = Screen(json=json)
    try:
        yield screen
    except ConsentryError as error:
        screen.fail(error)
        raise typer.Exit(1) from None


def at_desk(job: Callable[["Desk", Screen], Awaitable[None]], *, json: bool = False) -> None:
    """Do a job at the desk that the settings name: the local home's or a server's."""

    async def work(screen: Screen) -> None:
        from consentry.desk import open_desk

        async with open_desk(read_settings(), face="cli") as desk:
            await job(desk, screen)

    with shown(json=json) as screen:
        asyncio.run(work(screen))


def at_home(job: Callable[["App", Screen], Awaitable[None]], *, json: bool = False) -> None:
    """Do a job that only the local home can do; raise OperatorError when the settings name a server."""

    async def work(screen: Screen) -> None:
        from consentry import app

        settings = read_settings()
        if settings.url is not None:
            raise OperatorError(
                f"This works on the home itself, and CONSENTRY_URL names the server {settings.url}.",
                hint="Run it on that machine, without CONSENTRY_URL.",
            )
        async with app.open(settings) as opened:
            await job(opened, screen)

    with shown(json=json) as screen:
        asyncio.run(work(screen))


def read_settings(*, quiet: bool = True, **overrides: object) -> "Settings":
    """Read the settings, and send the log to standard error; a quiet command's only from warnings on."""
    from consentry import settings
    from consentry.core import log

    found = settings.load(**overrides)
    log.configure(found.log_format, "WARNING" if quiet and found.log_level == "INFO" else found.log_level)
    return found
