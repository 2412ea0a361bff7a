"""``consentry destination``: what writes rows into a connector, from adding one to the report of its run."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from consentry.cli.ask import ask, make_sure
from consentry.cli.options import Cron, DailyAt, Every, Json, NoWait, Timezone, Yes
from consentry.cli.running import at_desk
from consentry.cli.screen import Screen, plain, table

if TYPE_CHECKING:
    from consentry.desk import Desk, SuggestionView

Which = Annotated[str, typer.Argument(metavar="DESTINATION", help="Name or id of the destination.", show_default=False)]
File = Annotated[
    str, typer.Option(metavar="FILE", help="Rows: a CSV, JSON or Parquet file of this machine; it is uploaded.")
]
ServerPath = Annotated[str, typer.Option("--path", help="Rows: a file where Consentry runs, read anew by each run.")]
Table = Annotated[str, typer.Option(metavar="NAME", help="Rows: a table of a dataset, such as crm.parties.")]
Sql = Annotated[str, typer.Option(metavar="QUERY", help="Rows: an SQL query over the warehouse.")]
SourceName = Annotated[str, typer.Option("--source", help="The source whose warehouse --table or --sql is about.")]
SHOWN_ROWS: Final = 20

commands = typer.Typer(help="Write rows into a connector, and get an answer for every row.", no_args_is_help=True)


@commands.command("add")
def add(
    *,
    name: Annotated[str, typer.Option(help="Name of the destination.")] = "",
    credential: Annotated[str, typer.Option(help="Name or id of the credential it writes with.")] = "",
    template: Annotated[str, typer.Option(help="What to do with a row, such as upsert_person.")] = "",
    file: File = "",
    path: ServerPath = "",
    table_: Annotated[str, typer.Option("--table", metavar="NAME", help="Rows: a table, such as crm.parties.")] = "",
    sql: Sql = "",
    source: SourceName = "",
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="A column for a field. Default: columns named as fields."),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="The same value for every row.")
    ] = None,
    match_on: Annotated[
        str, typer.Option(metavar="FIELD", help="What records are found by. Default: per template.")
    ] = "",
    nested: Annotated[str, typer.Option(help="Lists such as e-mail addresses: add to them, or replace them.")] = "add",
    clear_with_null: Annotated[
        bool, typer.Option("--clear-with-null", help="An empty cell empties the field; otherwise it changes nothing.")
    ] = False,
    stop_after: Annotated[int, typer.Option(min=0, help="End a run after so many refused rows. 0: never.")] = 0,
    keep_answers: Annotated[
        bool, typer.Option("--keep-answers", help="Keep what the provider answers as a dataset.")
    ] = False,
    manual_method: Annotated[str, typer.Option(help="Of the template manual: POST, PUT or DELETE.")] = "",
    manual_path: Annotated[str, typer.Option(help="Its path, such as parties/{id}.")] = "",
    manual_body: Annotated[str, typer.Option(help="Its body as JSON, with {column} for the row's values.")] = "",
    every: Every = "",
    daily_at: DailyAt = "",
    cron: Cron = "",
    timezone: Timezone = "UTC",
    after_source: Annotated[str, typer.Option(metavar="SOURCE", help="Run after each run of this source.")] = "",
    json: Json = False,
) -> None:
    """Add a destination: which rows become which records, and when. It doesn't run at once.

    Without --map and --set the mapping is made by the columns' names, and shown.
    """

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.destination_fields import manual_of, mapping_of, rows_of, schedule_with_source
        from consentry.cli.row_words import picture_of_destination

        writes_with = await desk.get(credential or ask(screen, "--credential", "Credential"))
        by = template or ask(screen, "--template", "Template")
        given = mapping_of(map_ or (), set_ or ())
        manual = manual_of(manual_method, manual_path, manual_body)
        schedule = await schedule_with_source(desk, every, daily_at, cron, timezone, after_source)
        rows = await rows_of(desk, file=file, path=path, table=table_, sql=sql, source=source)
        if rows is None:
            raise typer.BadParameter("Give --file, --path, --table or --sql.")
        fields: dict[str, Any] = {
            "name": name or ask(screen, "--name", "Destination Name"),
            "credential_id": writes_with.id,
            "template": by,
            "rows": rows,
            "mapping": given or (await _suggest(desk, screen, writes_with.id, by, rows) if manual is None else {}),
            "match_on": match_on or None,
            "nested": nested,
            "clear_with_null": clear_with_null,
            "stop_after_refusals": stop_after or None,
            "keep_answers": keep_answers,
            "manual": manual,
            "schedule": schedule,
        }
        added = await desk.destinations.create_destination(
            {key: value for key, value in fields.items() if value is not None}
        )
        screen.answer(added, *picture_of_destination(added))
        screen.say(f"See what it would do: consentry destination preview {added.id}")

    at_desk(job, json=json)


async def _suggest(
    desk: "Desk", screen: Screen, credential_id: int, template: str, rows: dict[str, Any]
) -> dict[str, Any]:
    """Make the mapping by the columns' names, and show it."""
    from consentry.cli.row_words import picture_of_suggestion

    suggestion = await desk.destinations.suggest(credential_id, template, rows)
    for picture in picture_of_suggestion(suggestion):
        screen.say(picture)
    return _mapping(suggestion)


def _mapping(suggestion: "SuggestionView") -> dict[str, Any]:
    return {name: {"column": each.column} for name, each in suggestion.mapping.items()}


@commands.command("list")
def list_destinations(*, json: Json = False) -> None:
    """List the destinations with their state, schedule and last run."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import FLOW_HEADS, flow_cells

        found = await desk.destinations.list_destinations()
        rows = [(each.id, each.name, each.credential_name, each.template, *flow_cells(each)) for each in found]
        heads = ("Id", "Name", "Credential", "Template", *FLOW_HEADS)
        screen.answer(found, table(heads, rows, nothing="No destinations yet. Add one: consentry destination add"))

    at_desk(job, json=json)


@commands.command("show")
def show(which: Which, *, json: Json = False) -> None:
    """Show everything about a destination, its mapping too."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.row_words import picture_of_destination

        destination = await desk.destinations.get_destination(which)
        screen.answer(destination, *picture_of_destination(destination))

    at_desk(job, json=json)


@commands.command("test")
def check(which: Which, *, json: Json = False) -> None:
    """Ask the provider whether the credential works, and map the first rows; status 1 when something is wrong."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.row_words import picture_of_trial

        destination = await desk.destinations.get_destination(which)
        with screen.waiting("Asking the provider …"):
            trial = await desk.destinations.test_destination(destination.id)
        screen.answer(trial, *picture_of_trial(trial))
        if trial.status != "success" or any(each.errors for each in trial.rows):
            raise typer.Exit(1)

    at_desk(job, json=json)


@commands.command("preview")
def preview(
    which: Which,
    *,
    file: File = "",
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many rows to show.")] = SHOWN_ROWS,
    json: Json = False,
) -> None:
    """Show what a run would create, change (old -> new), leave alone and refuse. Nothing is written."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.destination_fields import rows_of
        from consentry.cli.row_words import picture_of_preview

        destination = await desk.destinations.get_destination(which)
        rows = await rows_of(desk, file=file, path="", table="", sql="", source="")
        with screen.waiting("Looking records up …"):
            seen = await desk.destinations.preview(destination.id, limit=limit, rows=rows)
        screen.answer(seen, *picture_of_preview(seen))

    at_desk(job, json=json)


@commands.command("run")
def run(
    which: Which,
    *,
    file: File = "",
    no_wait: NoWait = False,
    json: Json = False,
) -> None:
    """Run a destination now and watch it; status 0 only when no row was refused or failed. Ctrl-C cancels the run.

    --file takes other rows than the destination's own, for this run.
    """

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.destination_fields import rows_of
        from consentry.cli.watching import see_through

        destination = await desk.destinations.get_destination(which)
        rows = await rows_of(desk, file=file, path="", table="", sql="", source="")
        begun = await desk.destinations.run_destination(destination.id, rows=rows, detached=no_wait)
        await see_through(desk, screen, begun, no_wait=no_wait)

    at_desk(job, json=json)


@commands.command("activate")
def activate(which: Which, *, json: Json = False) -> None:
    """Let a destination run by its schedule again."""
    _set_active(which, active=True, json=json)


@commands.command("pause")
def pause(which: Which, *, json: Json = False) -> None:
    """Keep a destination from running by its schedule; by hand it still runs."""
    _set_active(which, active=False, json=json)


@commands.command("delete")
def delete(which: Which, *, yes: Yes = False, json: Json = False) -> None:
    """Delete a destination and what it remembers of sent rows. The records stay where they are."""

    async def job(desk: "Desk", screen: Screen) -> None:
        destination = await desk.destinations.get_destination(which)
        question = f"Delete the destination “{plain(destination.name)}”, and what it remembers of sent rows?"
        make_sure(screen, question, yes=yes)
        await desk.destinations.delete_destination(destination.id)
        words = f"Deleted {destination.name}. What it wrote stays where it is."
        screen.answer({"id": destination.id, "deleted": True}, plain(words))

    at_desk(job, json=json)


def _set_active(which: str, *, active: bool, json: bool) -> None:
    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.row_words import picture_of_destination

        destination = await desk.destinations.get_destination(which)
        changed = await desk.destinations.set_active(destination.id, active=active)
        screen.answer(changed, *picture_of_destination(changed))

    at_desk(job, json=json)
