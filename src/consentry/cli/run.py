"""``consentry run``: what has been done, and what is being done."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from consentry.cli.options import Json, Limit, NoWait
from consentry.cli.running import at_desk
from consentry.cli.screen import Screen, moment, table

if TYPE_CHECKING:
    from consentry.desk import Desk

RunId = Annotated[int, typer.Argument(metavar="ID", help="Id of the run, as in run list.", show_default=False)]

commands = typer.Typer(help="See what runs did, and watch the one that is going on.", no_args_is_help=True)


@commands.command("list")
def list_runs(
    *,
    source: Annotated[str, typer.Option(help="Only those of one source, by name or id.")] = "",
    destination: Annotated[str, typer.Option(help="Only those of one destination, by name or id.")] = "",
    status: Annotated[str, typer.Option(help="Only those with this status, such as failed.")] = "",
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List the newest runs."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import counts_words, length, status_text

        if source and destination:
            raise typer.BadParameter("Choose one of --source and --destination.")
        of = (await desk.flows.get_source(source)).id if source else None
        to = (await desk.destinations.get_destination(destination)).id if destination else None
        found = await desk.flows.list_runs(source_id=of, destination_id=to, status=status or None, limit=limit)
        rows = [
            (
                *(
                    each.id,
                    each.kind,
                    each.flow_name,
                    status_text(each.status),
                    moment(each.started_at or each.queued_at),
                ),
                *(length(each.started_at, each.finished_at), counts_words(each)),
            )
            for each in found
        ]
        heads = ("Id", "Kind", "Of", "Status", "Began", "Took", "Result")
        screen.answer(
            found, table(heads, rows, nothing="No runs yet. Run a source or destination: consentry source run")
        )

    at_desk(job, json=json)


@commands.command("show")
def show(run_id: RunId, *, json: Json = False) -> None:
    """Show a run: its outcome, and what each stream did, or which rows were refused."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.watching import show_run

        await show_run(desk, screen, await desk.flows.get_run(run_id))

    at_desk(job, json=json)


@commands.command("watch")
def watch(run_id: RunId, *, json: Json = False) -> None:
    """Watch a run until it ends; status 0 only when every stream or row came through. Ctrl-C leaves it alone."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.live import shown_live
        from consentry.cli.watching import show_run
        from consentry.desk import watch as look

        with shown_live(screen) as shown:
            ended = await look(desk.flows, run_id, show=shown)
        await show_run(desk, screen, ended)
        if not ended.succeeded:
            raise typer.Exit(1)

    at_desk(job, json=json)


@commands.command("cancel")
def cancel(run_id: RunId, *, json: Json = False) -> None:
    """Ask a run to end; what it has written stays."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.watching import show_run

        await show_run(desk, screen, await desk.flows.cancel_run(run_id))

    at_desk(job, json=json)


@commands.command("rows")
def rows(
    run_id: RunId,
    *,
    outcome: Annotated[
        str, typer.Option(help="Only created, changed, unchanged, deleted, refused or failed ones.")
    ] = "",
    limit: Limit = 100,
    csv: Annotated[
        bool, typer.Option("--csv", help="Print all of them as CSV; nothing in it becomes a formula.")
    ] = False,
    json: Json = False,
) -> None:
    """Show the rows of a destination's run with their outcomes. As CSV they can be mended and given to run retry."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.row_words import picture_of_rows

        if csv:
            if json:
                raise typer.BadParameter("Choose one of --csv and --json.")
            async for piece in desk.destinations.export_rows(run_id, outcome=outcome or None):
                screen.pour(piece)
            return
        found = await desk.destinations.list_rows(run_id, outcome=outcome or None, limit=limit)
        screen.answer(found, picture_of_rows(found))

    at_desk(job, json=json)


@commands.command("retry")
def retry(
    run_id: RunId,
    *,
    mend: Annotated[
        list[str] | None,
        typer.Option(metavar="ROW:COLUMN=VALUE", help="Another value for a column of a row; again for more."),
    ] = None,
    file: Annotated[
        str, typer.Option(metavar="FILE", help="Mended rows, as run rows --csv or --json prints them.")
    ] = "",
    no_wait: NoWait = False,
    json: Json = False,
) -> None:
    """Try only those rows again that a run refused, failed at or never came to; status 0 when all came through."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.watching import see_through

        mended = await _mended(desk, run_id, file, mend or [])
        begun = await desk.destinations.retry_run(run_id, mended, detached=no_wait)
        await see_through(desk, screen, begun, no_wait=no_wait)

    at_desk(job, json=json)


async def _mended(desk: "Desk", run_id: int, file: str, pairs: list[str]) -> dict[int, dict[str, Any]]:
    """Return the rows that have other values now."""
    from consentry.cli.destination_fields import find_file, mended_of
    from consentry.flows import read_mended

    mended = read_mended(find_file(file)) if file else {}
    if pairs:
        stored = {
            row.row: row.values
            for outcome in ("refused", "failed")
            async for row in desk.destinations.iterate_rows(run_id, outcome=outcome)
        }
        mended |= mended_of(pairs, stored | mended)
    return mended
