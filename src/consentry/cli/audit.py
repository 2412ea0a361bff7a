"""``consentry audit``: what happened to the credentials, and whether anybody tampered with the trail of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from consentry.cli.options import Json, Limit
from consentry.cli.running import at_desk
from consentry.cli.screen import Screen, plain, table

if TYPE_CHECKING:
    from consentry.desk import Desk

commands = typer.Typer(help="Read the audit trail, and verify its chain.", no_args_is_help=True)


@commands.command("list")
def list_entries(
    *,
    credential: Annotated[str | None, typer.Option(help="Only what tells of one credential, by name or id.")] = None,
    action: Annotated[str | None, typer.Option(help="Only one action, such as token.refresh.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Only entries that have this word.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """List the newest entries of the audit trail."""

    async def job(desk: "Desk", screen: Screen) -> None:
        about = (await desk.get(credential)).id if credential is not None else None
        found = await desk.list_entries(credential_id=about, action=action, q=search, limit=limit)
        rows = [
            (each.id, each.at, each.actor, each.action, each.outcome, each.credential_id, each.detail) for each in found
        ]
        heads = ("Id", "When", "Who", "Action", "Outcome", "Credential", "Detail")
        screen.answer(found, table(heads, rows, nothing="No such entries."))

    at_desk(job, json=json)


@commands.command("verify")
def verify(*, json: Json = False) -> None:
    """Check the chain of the audit trail from its first entry on; status 1 when it is broken."""

    async def job(desk: "Desk", screen: Screen) -> None:
        with screen.waiting("Reading the trail …"):
            verdict = await desk.verify()
        words = (
            f"The chain holds: {verdict.entries} entries."
            if verdict.ok
            else f"The chain is broken at entry {verdict.first_broken_id}: somebody changed, added or removed an entry."
        )
        screen.answer(verdict, plain(words))
        if not verdict.ok:
            raise typer.Exit(1)

    at_desk(job, json=json)
