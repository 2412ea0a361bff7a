"""``consentry keyset``: the keys that seal the secrets, and how they are changed while everything runs."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from consentry.cli.options import Json
from consentry.cli.running import at_home
from consentry.cli.screen import Advance, Screen, plain, table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from consentry.app import App
    from consentry.vault import Rotating

YES_NO: Final = ("no", "yes")

commands = typer.Typer(help="Look after the keyset that seals the secrets.", no_args_is_help=True)


@commands.command("status")
def status(*, json: Json = False) -> None:
    """Tell which keys there are, what they seal, and whether a rotation is under way."""

    async def job(app: "App", screen: Screen) -> None:
        from consentry import vault

        found = await vault.find_status(app.vault, app.database)
        rows = [
            (
                key.id,
                "seals now" if key.is_primary else "opens",
                YES_NO[key.in_keyset],
                YES_NO[key.in_database],
                key.secrets,
            )
            for key in found.keys
        ]
        heads = ("Key", "Use", "In the keyset", "In the database", "Secrets")
        moved = f"{found.moved} of {found.secrets} secrets are under the new key."
        words = f"A rotation is under way: {moved} Go on with consentry keyset rotate." if found.rotation else ""
        screen.answer(found, table(heads, rows, nothing="No keys yet."), *([plain(words)] if words else []))

    at_home(job, json=json)


@commands.command("rotate")
def rotate(
    *,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only add the next key, so that other nodes can get the keyset first.")
    ] = False,
    shred_unreadable: Annotated[
        bool,
        typer.Option(
            "--shred-unreadable", help="Delete secrets that no key opens; what needs them must be authorized again."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Replace the key that seals: all is re-sealed while the system runs, verified, and only then the old key goes.

    It can be stopped at any time; the next call goes on from there.
    """

    async def job(app: "App", screen: Screen) -> None:
        from consentry import vault

        with screen.progress("Re-sealing and verifying") as advance:
            if prepare:
                rotation = await vault.prepare(_rotating(app, advance))
                screen.answer(
                    rotation, plain(f"Key {rotation.new} is in the keyset. Give the file to every node, then rotate.")
                )
                return
            rotated = await vault.rotate(_rotating(app, advance), shred_unreadable=shred_unreadable)
        words = f"Rotated: key {rotated.new} seals everything, and key {rotated.old} is gone."
        shredded = f" {rotated.shredded} secrets that no key opened were shredded." if rotated.shredded else ""
        screen.answer(rotated, plain(words + shredded))

    at_home(job, json=json)


def _rotating(app: "App", advance: Advance) -> "Rotating":
    from consentry import vault
    from consentry.audit import Action, Outcome
    from consentry.desk import actor_of

    actor = actor_of("cli")

    async def record(connection: "AsyncConnection", detail: str) -> None:
        await app.trail.record(connection, actor, Action.KEYSET_ROTATE, Outcome.DONE, detail=detail)

    return vault.Rotating(
        vault=app.vault,
        database=app.database,
        spool=app.settings.home / "spool",
        record=record,
        progress=advance,
        clock=app.clock,
    )
