"""``consentry source``: what keeps datasets up to date, from adding one to watching it run."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from consentry.cli.ask import ask, make_sure
from consentry.cli.options import Cron, DailyAt, Every, Json, NoWait, Timezone, Yes
from consentry.cli.running import at_desk
from consentry.cli.screen import Screen, plain, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from consentry.desk import Desk, SampleView

Which = Annotated[str, typer.Argument(metavar="SOURCE", help="Name or id of the source.", show_default=False)]
SHOWN_COLUMNS: Final = 6
CELL_WIDTH: Final = 40

commands = typer.Typer(help="Add sources, run them, and see what they brought.", no_args_is_help=True)


@commands.command("add")
def add(
    *,
    name: Annotated[str, typer.Option(help="Name of the source.")] = "",
    credential: Annotated[str, typer.Option(help="Name or id of the credential it reads with.")] = "",
    stream: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A stream to read; name it again for more. Default: all.")
    ] = None,
    manual_path: Annotated[str, typer.Option(help="Read this path of the API instead, such as api/v2/users.")] = "",
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A query parameter of the manual path.")
    ] = None,
    records_path: Annotated[str, typer.Option(help="Where the records are in the answer of the manual path.")] = "",
    dataset: Annotated[str, typer.Option(help="Schema of its tables. Default: made from the name.")] = "",
    warehouse: Annotated[
        str, typer.Option(help="duckdb, postgres, parquet, or what dlt writes to, such as snowflake.")
    ] = "duckdb",
    warehouse_path: Annotated[
        str, typer.Option(help="The DuckDB file or Parquet folder. Default: warehouse.duckdb in the home.")
    ] = "",
    warehouse_url: Annotated[
        str, typer.Option(help="The warehouse's address, such as PostgreSQL's, without its password.")
    ] = "",
    warehouse_password_stdin: Annotated[
        bool,
        typer.Option(
            "--warehouse-password-stdin", help="Read its password here, not from CONSENTRY_WAREHOUSE_PASSWORD."
        ),
    ] = False,
    remove_deleted: Annotated[
        bool, typer.Option("--remove-deleted", help="Remove the rows of deleted records instead of marking them.")
    ] = False,
    full_listing_every: Annotated[
        str, typer.Option(metavar="LENGTH", help="How often to look for deletions that no feed tells, such as 12h.")
    ] = "",
    every: Every = "",
    daily_at: DailyAt = "",
    cron: Cron = "",
    timezone: Timezone = "UTC",
    hooks: Annotated[
        bool, typer.Option("--hooks", help="Have the provider tell of changes, so that they arrive within seconds.")
    ] = False,
    json: Json = False,
) -> None:
    """Add a source: which streams of a credential go to which dataset, and when. It doesn't run at once."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import picture_of_source
        from consentry.cli.source_fields import manual_of, schedule_of, warehouse_of

        reads_with = await desk.get(credential or ask(screen, "--credential", "Credential"))
        fields: dict[str, Any] = {
            "name": name or ask(screen, "--name", "Source Name"),
            "credential_id": reads_with.id,
            "streams": list(stream) if stream else "all",
            "manual": manual_of(manual_path, parameter or [], records_path),
            "dataset": dataset or None,
            "warehouse": warehouse_of(
                warehouse, warehouse_path, warehouse_url, password_from_stdin=warehouse_password_stdin
            ),
            "deletions": "remove" if remove_deleted else "mark",
            "full_listing_every": full_listing_every or None,
            "schedule": schedule_of(every, daily_at, cron, timezone),
            "hooks": hooks or None,
        }
        added = await desk.flows.create_source({key: value for key, value in fields.items() if value is not None})
        screen.answer(added, picture_of_source(added))
        screen.say(f"Run it: consentry source run {added.id}")

    at_desk(job, json=json)


@commands.command("list")
def list_sources(*, json: Json = False) -> None:
    """List the sources with their state, schedule and last run."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import FLOW_HEADS, flow_cells

        found = await desk.flows.list_sources()
        rows = [(each.id, each.name, each.credential_name, *flow_cells(each)) for each in found]
        heads = ("Id", "Name", "Credential", *FLOW_HEADS)
        screen.answer(found, table(heads, rows, nothing="No sources yet. Add one: consentry source add"))

    at_desk(job, json=json)


@commands.command("show")
def show(which: Which, *, json: Json = False) -> None:
    """Show everything about a source but its warehouse's password."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import picture_of_source

        source = await desk.flows.get_source(which)
        screen.answer(source, picture_of_source(source))

    at_desk(job, json=json)


@commands.command("test")
def check(which: Which, *, json: Json = False) -> None:
    """Show the first records of each stream, asked from the provider now; status 1 when one doesn't come."""

    async def job(desk: "Desk", screen: Screen) -> None:
        source = await desk.flows.get_source(which)
        with screen.waiting("Asking the provider …"):
            samples = await desk.flows.test_source(source.id)
        screen.answer(samples, *(picture for each in samples for picture in _sample(each)))
        if any(each.error for each in samples):
            raise typer.Exit(1)

    at_desk(job, json=json)


@commands.command("run")
def run(
    which: Which,
    *,
    no_wait: NoWait = False,
    json: Json = False,
) -> None:
    """Run a source now and watch it; status 0 only when every stream came through. Ctrl-C cancels the run."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.watching import see_through

        source = await desk.flows.get_source(which)
        begun = await desk.flows.run_source(source.id, detached=no_wait)
        await see_through(desk, screen, begun, no_wait=no_wait)

    at_desk(job, json=json)


@commands.command("activate")
def activate(which: Which, *, json: Json = False) -> None:
    """Let a source run by its schedule again."""
    _set_active(which, active=True, json=json)


@commands.command("pause")
def pause(which: Which, *, json: Json = False) -> None:
    """Keep a source from running by its schedule; by hand it still runs."""
    _set_active(which, active=False, json=json)


@commands.command("delete")
def delete(which: Which, *, yes: Yes = False, json: Json = False) -> None:
    """Delete a source. Its dataset stays where it is."""

    async def job(desk: "Desk", screen: Screen) -> None:
        source = await desk.flows.get_source(which)
        make_sure(screen, f"Delete the source “{plain(source.name)}”? Its dataset stays.", yes=yes)
        await desk.flows.delete_source(source.id)
        words = f"Deleted {source.name}. Its dataset {source.dataset} stays where it is."
        screen.answer({"id": source.id, "deleted": True}, plain(words))

    at_desk(job, json=json)


def _set_active(which: str, *, active: bool, json: bool) -> None:
    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import picture_of_source

        source = await desk.flows.get_source(which)
        changed = await desk.flows.set_active(source.id, active=active)
        screen.answer(changed, picture_of_source(changed))

    at_desk(job, json=json)


def _sample(sample: "SampleView") -> "list[RenderableType]":
    """Draw the first members of a stream's first records."""
    from rich.text import Text

    from consentry.cli.run_words import trouble_words

    head = Text(f"\n{sample.stream}", "bold")
    if sample.error:
        return [head, trouble_words(sample.error)]
    names = list(dict.fromkeys(name for record in sample.records for name in record))[:SHOWN_COLUMNS]
    rows = [[_short(record.get(name)) for name in names] for record in sample.records]
    return [head, table(names, rows, nothing="No records.")]


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…"
