"""``consentry run``: what has been done, and what is being done."""

from typing import TYPE_CHECKING, Annotated

import typer

from consentry.cli.options import Json, Limit
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
    status: Annotated[str, typer.Option(help="Only those with this status, such as failed.")] = "",
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List the newest runs."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import counts_words, length, status_text

        of = (await desk.flows.get_source(source)).id if source else None
        found = await desk.flows.list_runs(source_id=of, status=status or None, limit=limit)
        rows = [
            (
                *(each.id, each.flow_name, status_text(each.status), moment(each.started_at or each.queued_at)),
                *(length(each.started_at, each.finished_at), counts_words(each)),
            )
            for each in found
        ]
        heads = ("Id", "Source", "Status", "Began", "Took", "Result")
        screen.answer(found, table(heads, rows, nothing="No runs yet. Run a source: consentry source run"))

    at_desk(job, json=json)


@commands.command("show")
def show(run_id: RunId, *, json: Json = False) -> None:
    """Show a run: its outcome, and what each stream did."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import picture_of_run

        run = await desk.flows.get_run(run_id)
        screen.answer(run, *picture_of_run(run))

    at_desk(job, json=json)


@commands.command("watch")
def watch(run_id: RunId, *, json: Json = False) -> None:
    """Watch a run until it ends; status 0 only when every stream came through. Ctrl-C leaves it alone."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.live import shown_live
        from consentry.cli.run_words import picture_of_run
        from consentry.desk import watch as look

        with shown_live(screen) as shown:
            ended = await look(desk.flows, run_id, show=shown)
        screen.answer(ended, *picture_of_run(ended))
        if not ended.succeeded:
            raise typer.Exit(1)

    at_desk(job, json=json)


@commands.command("cancel")
def cancel(run_id: RunId, *, json: Json = False) -> None:
    """Ask a run to end; what it has written stays."""

    async def job(desk: "Desk", screen: Screen) -> None:
        from consentry.cli.run_words import picture_of_run

        run = await desk.flows.cancel_run(run_id)
        screen.answer(run, *picture_of_run(run))

    at_desk(job, json=json)
