"""``consentry apikey``: keys with which scripts and services are let in."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from consentry.cli.options import Json
from consentry.cli.running import at_desk
from consentry.cli.screen import Screen, moment, plain, table

if TYPE_CHECKING:
    from consentry.desk import ApiKeyView, Desk

commands = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)


@commands.command("create")
def create(
    *,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="read, use (proxy, tests), token, or admin, which includes the others. Default: read."),
    ] = None,
    expires_after: Annotated[int | None, typer.Option(metavar="DAYS", min=1, help="Days until it ends.")] = None,
    json: Json = False,
) -> None:
    """Make an API key and print it, alone and this once, on standard output."""

    async def job(desk: "Desk", screen: Screen) -> None:
        end = datetime.now(UTC) + timedelta(days=expires_after) if expires_after else None
        made = await desk.create_api_key(name, scope or ["read"], end)
        if screen.json:
            screen.answer({"key": made.key.reveal(), "api_key": made.view})
            return
        screen.line(made.key.reveal())
        until = f" until {moment(end)}" if end else ""
        screen.say(f"Key {made.view.id} may {' and '.join(made.view.scopes)}{until}. It is shown this once.")

    at_desk(job, json=json)


@commands.command("list")
def list_api_keys(*, json: Json = False) -> None:
    """List the API keys with their scopes and last use."""

    async def job(desk: "Desk", screen: Screen) -> None:
        found = await desk.list_api_keys()
        rows = [
            (each.id, each.name, f"{each.prefix}…", " ".join(each.scopes), _state(each), moment(each.used_at))
            for each in found
        ]
        heads = ("Id", "Name", "Key", "Scopes", "State", "Last use")
        screen.answer(found, table(heads, rows, nothing="No API keys yet. Make one: consentry apikey create --name N"))

    at_desk(job, json=json)


@commands.command("revoke")
def revoke(
    api_key_id: Annotated[int, typer.Argument(metavar="ID", help="Id of the key, as in apikey list.")],
    *,
    json: Json = False,
) -> None:
    """Revoke an API key, at once and everywhere."""

    async def job(desk: "Desk", screen: Screen) -> None:
        revoked = await desk.revoke_api_key(api_key_id)
        screen.answer(revoked, plain(f"Revoked the key {revoked.name} ({revoked.prefix}…)."))

    at_desk(job, json=json)


def _state(key: "ApiKeyView") -> str:
    if key.revoked_at is not None:
        return f"revoked {moment(key.revoked_at)}"
    if key.expires_at is None:
        return "stands"
    return f"{'ended' if key.expires_at <= datetime.now(UTC) else 'until'} {moment(key.expires_at)}"
