"""``consentry credential``: the credentials, from adding one to the token that is always fresh."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from consentry.cli.ask import ask, ask_secret, make_sure
from consentry.cli.options import Json, Which, Yes
from consentry.cli.running import at_desk
from consentry.cli.screen import Screen, facts, moment, plain, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from consentry.core.secret import Secret
    from consentry.desk import AccountView, CredentialView, Desk

SECRET_VARIABLE: Final = "CONSENTRY_CLIENT_SECRET"
PATIENCE_SECONDS: Final = 600.0

SecretStdin = Annotated[
    bool,
    typer.Option("--client-secret-stdin", help=f"Read the client secret from standard input, not {SECRET_VARIABLE}."),
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Only print the connect link.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Don't wait for the consent.")]
Patience = Annotated[float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for the consent.")]

commands = typer.Typer(help="Add credentials, connect them, and take tokens from them.", no_args_is_help=True)


@commands.command("add")
def add(
    *,
    connector: Annotated[str, typer.Option(help="The outside system. Default: the only one there is.")] = "",
    name: Annotated[str, typer.Option(help="Name of the credential.")] = "",
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    client_id: Annotated[str, typer.Option(help="Client ID of your OAuth application.")] = "",
    client_secret_stdin: SecretStdin = False,
    scope: Annotated[str, typer.Option(help="Access scope. Empty: the connector's default.")] = "",
    no_browser: NoBrowser = False,
    no_wait: NoWait = False,
    wait: Patience = PATIENCE_SECONDS,
    json: Json = False,
) -> None:
    """Add a credential, show its connect link, wait for the consent, and say what it brought.

    The client secret is typed unseen, or comes from standard input or CONSENTRY_CLIENT_SECRET.
    """

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.consent import Consent
        from consentry.credentials import NewCredential

        system = connector or await _choose_connector(desk, screen)
        new = NewCredential(
            connector=system,
            name=name or ask(screen, "--name", "Credential Name"),
            client_id=client_id or ask(screen, "--client-id", "Client ID"),
            client_secret=_client_secret(screen, from_stdin=client_secret_stdin),
            description=description,
            scope=scope,
        )
        created = await desk.create(new)
        consent = Consent(desk, screen, browser=not no_browser, patience=None if no_wait else wait)
        _show(screen, await consent.ask_for(created, created.connect_url))

    at_desk(job, json=json)


@commands.command("list")
def list_credentials(
    *,
    connector: Annotated[str | None, typer.Option(help="Only those of one connector.")] = None,
    status: Annotated[str | None, typer.Option(help="Only those with this status.")] = None,
    search: Annotated[
        str | None, typer.Option("--search", help="Only those whose name or description has this.")
    ] = None,
    json: Json = False,
) -> None:
    """List the credentials with their status."""

    async def job(desk: "Desk", screen: Screen) -> None:
        found = await desk.list_credentials(connector=connector, status=status, q=search)
        rows = [(each.id, each.name, each.connector, status_words(each), _account(each.account)) for each in found]
        heads = ("Id", "Name", "Connector", "Status", "Account")
        screen.answer(found, table(heads, rows, nothing="No credentials yet. Add one: consentry credential add"))

    at_desk(job, json=json)


@commands.command("show")
def show(which: Which, *, json: Json = False) -> None:
    """Show everything about a credential but its secrets."""

    async def job(desk: "Desk", screen: Screen) -> None:
        _show(screen, await desk.get(which))

    at_desk(job, json=json)


@commands.command("edit")
def edit(
    which: Which,
    *,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    description: Annotated[str | None, typer.Option(help="Another description.")] = None,
    client_id: Annotated[str | None, typer.Option(help="Another client ID; asks for consent again.")] = None,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Replace the client secret; it is asked for.")
    ] = False,
    client_secret_stdin: SecretStdin = False,
    scope: Annotated[str | None, typer.Option(help="Another access scope; asks for consent again.")] = None,
    no_browser: NoBrowser = False,
    no_wait: NoWait = False,
    wait: Patience = PATIENCE_SECONDS,
    json: Json = False,
) -> None:
    """Change a credential. What isn't named stays; the old grant serves until new consent has arrived."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.consent import Consent
        from consentry.credentials import CredentialEdit

        credential = await desk.get(which)
        replace = new_secret or client_secret_stdin
        change = CredentialEdit(
            name=name,
            description=description,
            client_id=client_id,
            client_secret=_client_secret(screen, from_stdin=client_secret_stdin) if replace else None,
            scope=scope,
        )
        edited = await desk.edit(credential.id, change)
        consent = Consent(desk, screen, browser=not no_browser, patience=None if no_wait else wait)
        _show(screen, await consent.ask_for(edited, edited.connect_url) if edited.connect_url else edited)

    at_desk(job, json=json)


@commands.command("connect")
def connect(
    which: Which,
    *,
    no_browser: NoBrowser = False,
    no_wait: NoWait = False,
    wait: Patience = PATIENCE_SECONDS,
    json: Json = False,
) -> None:
    """Make a fresh connect link, and wait for the consent: authorize, or authorize again."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.consent import Consent

        credential = await desk.get(which)
        link = await desk.connect(credential.id)
        consent = Consent(desk, screen, browser=not no_browser, patience=None if no_wait else wait)
        _show(screen, await consent.ask_for(credential, link.connect_url))

    at_desk(job, json=json)


@commands.command("test")
def check(which: Which, *, json: Json = False) -> None:
    """Ask the provider now whether the credential works; status 1 when it doesn't."""

    async def job(desk: "Desk", screen: Screen) -> None:
        credential = await desk.get(which)
        result = await desk.test(credential.id)
        pairs = [("Test", result.status), ("Detail", result.detail), ("What to do", result.hint)]
        screen.answer(result, facts([pair for pair in pairs if pair[1]]))
        if result.status != "success":
            raise typer.Exit(1)

    at_desk(job, json=json)


@commands.command("token")
def token(
    which: Which,
    *,
    min_ttl: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Life that the token must still have.")] = 0,
    force_refresh: Annotated[bool, typer.Option("--force-refresh", help="Refresh even a fresh token.")] = False,
    json: Json = False,
) -> None:
    """Print a fresh access token, and nothing else."""

    async def job(desk: "Desk", screen: Screen) -> None:
        credential = await desk.get(which)
        issued = await desk.token(credential.id, min_ttl=timedelta(seconds=min_ttl), force=force_refresh)
        if not screen.json:
            screen.line(issued.access_token.reveal())
            return
        screen.answer(
            {
                "access_token": issued.access_token.reveal(),
                "token_type": "Bearer",
                "expires_at": issued.expires_at,
                "scope": issued.scope,
            }
        )

    at_desk(job, json=json)


@commands.command("copy")
def copy(
    which: Which,
    *,
    name: Annotated[str | None, typer.Option(help="Name of the copy.")] = None,
    json: Json = False,
) -> None:
    """Copy a credential without its grant, and print the copy's connect link."""

    async def job(desk: "Desk", screen: Screen) -> None:
        credential = await desk.get(which)
        _show(screen, await desk.copy(credential.id, name))

    at_desk(job, json=json)


@commands.command("delete")
def delete(which: Which, *, yes: Yes = False, json: Json = False) -> None:
    """Delete a credential: its grant is withdrawn at the provider, then everything is shredded."""

    async def job(desk: "Desk", screen: Screen) -> None:
        credential = await desk.get(which)
        make_sure(screen, f"Delete the credential “{plain(credential.name)}” and withdraw its grant?", yes=yes)
        await desk.delete(credential.id)
        screen.answer({"id": credential.id, "deleted": True}, plain(f"Deleted {credential.name}."))

    at_desk(job, json=json)


async def _choose_connector(desk: "Desk", screen: Screen) -> str:
    known = [each.name for each in await desk.list_connectors()]
    if len(known) == 1:
        return known[0]
    return ask(screen, "--connector", f"Connector ({', '.join(known)})")


def _client_secret(screen: Screen, *, from_stdin: bool) -> "Secret":
    return ask_secret(
        screen, "Client Secret", option="--client-secret-stdin", from_stdin=from_stdin, variable=SECRET_VARIABLE
    )


def _show(screen: Screen, credential: "CredentialView") -> None:
    screen.answer(credential, picture(credential))


def picture(credential: "CredentialView") -> "RenderableType":
    """Draw a credential for people."""
    account = credential.pending_account
    pairs = [
        ("Credential", f"{credential.name} (id {credential.id})"),
        ("Description", credential.description),
        ("Connector", credential.connector),
        ("Status", status_words(credential)),
        ("Account", _account(credential.account)),
        ("Waits for you", f"consent came from another account: {_account(account)}" if account else ""),
        ("Client ID", credential.client_id),
        ("Access scope", credential.scope or "the connector's default"),
        ("Granted scope", credential.granted_scope),
        ("Access token until", moment(credential.access_token_expires_at) if credential.account else ""),
        (
            "Last test",
            f"{credential.verified_status}, {moment(credential.verified_at)}" if credential.verified_at else "",
        ),
        ("Redirect URI", credential.redirect_uri),
        ("Connect link", credential.connect_url),
    ]
    return facts([pair for pair in pairs if pair[1]])


def status_words(credential: "CredentialView") -> str:
    """Return the status as a person would say it."""
    since = moment(credential.status_since)
    reason = f": {credential.status_reason}" if credential.status_reason else ""
    words = {
        "authorized": f"connected to {_account(credential.account)}" if credential.account else "connected",
        "authorization_required": "waiting for consent",
        "refresh_failing": f"refresh failing since {since}{reason}",
        "reauthorization_required": f"authorize again{reason}",
    }
    return words.get(credential.status, credential.status)


def _account(account: "AccountView | None") -> str:
    return (account.name or account.subdomain or "") if account else ""
