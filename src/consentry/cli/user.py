"""``consentry user``: the people who may sign in. Every one of them is an administrator."""

from typing import TYPE_CHECKING, Annotated

import typer

from consentry.cli.ask import ask, ask_secret
from consentry.cli.options import Json
from consentry.cli.running import at_desk
from consentry.cli.screen import Screen, moment, plain, table
from consentry.errors import NotFound

if TYPE_CHECKING:
    from consentry.core.secret import Secret
    from consentry.desk import Desk, PersonView

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address of the person.", show_default=False)]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]

commands = typer.Typer(help="Add people, list them, shut them out, set passwords.", no_args_is_help=True)


@commands.command("add")
def add(
    email: Email,
    *,
    name: Annotated[str, typer.Option(help="Name of the person.")] = "",
    password_stdin: PasswordStdin = False,
    json: Json = False,
) -> None:
    """Add a person who may sign in. The password is typed unseen, or piped in."""

    async def job(desk: "Desk", screen: Screen) -> None:
        called = name or ask(screen, "--name", "Name")
        person = await desk.create_person(
            name=called, email=email, password=_password(screen, from_stdin=password_stdin)
        )
        screen.answer(person, plain(f"Added {person.name}, who signs in as {person.email}."))

    at_desk(job, json=json)


@commands.command("list")
def list_people(*, json: Json = False) -> None:
    """List the people who may sign in."""

    async def job(desk: "Desk", screen: Screen) -> None:
        found = await desk.list_people()
        rows = [
            (
                each.id,
                each.email,
                each.name,
                "shut out" if each.disabled_at else "may sign in",
                moment(each.signed_in_at),
            )
            for each in found
        ]
        heads = ("Id", "E-mail", "Name", "State", "Last sign-in")
        screen.answer(found, table(heads, rows, nothing="Nobody yet. Add somebody: consentry user add EMAIL"))

    at_desk(job, json=json)


@commands.command("disable")
def disable(email: Email, *, json: Json = False) -> None:
    """Shut a person out, in every browser, at once."""

    async def job(desk: "Desk", screen: Screen) -> None:
        person = await desk.set_disabled((await _find(desk, email)).id, disabled=True)
        screen.answer(person, plain(f"{person.email} can't sign in any more."))

    at_desk(job, json=json)


@commands.command("enable")
def enable(email: Email, *, json: Json = False) -> None:
    """Let a person in again."""

    async def job(desk: "Desk", screen: Screen) -> None:
        person = await desk.set_disabled((await _find(desk, email)).id, disabled=False)
        screen.answer(person, plain(f"{person.email} may sign in again."))

    at_desk(job, json=json)


@commands.command("password")
def password(email: Email, *, password_stdin: PasswordStdin = False, json: Json = False) -> None:
    """Give a person another password, and sign them out everywhere."""

    async def job(desk: "Desk", screen: Screen) -> None:
        person = await _find(desk, email)
        await desk.set_password(person.id, _password(screen, from_stdin=password_stdin))
        screen.answer(person, plain(f"{person.email} has another password."))

    at_desk(job, json=json)


def _password(screen: Screen, *, from_stdin: bool) -> "Secret":
    return ask_secret(
        screen,
        "Password",
        option="--password-stdin",
        from_stdin=from_stdin,
        variable="CONSENTRY_NEW_PASSWORD",
        twice=True,
    )


async def _find(desk: "Desk", email: str) -> "PersonView":
    wanted = email.strip().casefold()
    for person in await desk.list_people():
        if person.email.casefold() == wanted or str(person.id) == wanted:
            return person
    raise NotFound(f"Nobody here has the e-mail address {email}.", hint="Look with consentry user list.")
