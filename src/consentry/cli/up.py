"""``consentry up``: web, API and worker, with a sandbox beside them if one is wanted."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from consentry.cli.options import Json
from consentry.cli.running import read_settings, shown
from consentry.cli.screen import facts, plain

if TYPE_CHECKING:
    from consentry.settings import Settings


def up(
    *,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Start a sandbox too, and use it in place of the real provider.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of CONSENTRY_HOST.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on, instead of CONSENTRY_PORT.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that share the work.")] = 1,
    sandbox_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port of the sandbox.")] = None,
    json: Json = False,
) -> None:
    """Start Consentry: pages, API and worker, until Ctrl-C or SIGTERM."""
    with shown(json=json) as screen, ExitStack() as stack:
        given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
        settings, sandbox_url = read_settings(quiet=False, **given), None
        if sandbox:
            from consentry.cli.sandbox_child import running_sandbox
            from consentry.sandbox import DEFAULT_PORT

            sandbox_url = stack.enter_context(running_sandbox(DEFAULT_PORT if sandbox_port is None else sandbox_port))
            base_urls = {**settings.base_urls, _stands_in_for(): sandbox_url}
            settings = settings.model_copy(update={"base_urls": base_urls})

        def tell() -> None:
            document = {"url": settings.public_url, "sandbox": sandbox_url, "redirect_uri": settings.redirect_uri}
            screen.answer(document, facts(_addresses(settings, sandbox_url)))
            if not settings.admin_email:
                screen.say(plain("On the first visit you are asked to create the first administrator."))
            screen.say(plain("Ctrl-C stops it."))

        from consentry import server

        server.run(settings, workers=workers, on_ready=tell)


def _addresses(settings: "Settings", sandbox_url: str | None) -> list[tuple[str, object]]:
    """Return where what is, for people."""
    found: list[tuple[str, object]] = [("Consentry", settings.public_url), ("Redirect URI", settings.redirect_uri)]
    if settings.admin_email:
        found.append(("Sign in as", settings.admin_email))
    if sandbox_url:
        found += [
            ("Sandbox", f"{sandbox_url} (nothing in it is real, and it forgets everything when it ends)"),
            ("Register an application", f"{sandbox_url}/clients/new"),
            ("For other commands", f"export CONSENTRY_{_stands_in_for().upper()}_BASE_URL={sandbox_url}"),
        ]
    return found


def _stands_in_for() -> str:
    from consentry.sandbox import STANDS_IN_FOR

    return STANDS_IN_FOR
