"""A run seen through to its end and shown, a destination's with the rows to look at."""

from typing import TYPE_CHECKING, Final

import typer

from consentry.cli.live import shown_live
from consentry.cli.row_words import picture_of_rows_run
from consentry.cli.run_words import picture_of_run
from consentry.cli.screen import Screen, plain
from consentry.desk import follow

if TYPE_CHECKING:
    from rich.console import RenderableType

    from consentry.desk import Desk, RunView

SHOWN_ROWS: Final = 20


async def see_through(desk: "Desk", screen: Screen, run_id: int, *, no_wait: bool) -> None:
    """Watch a run that was begun here, or say how to; status 1 unless everything came through."""
    if no_wait:
        screen.answer({"run_id": run_id}, plain(f"Run {run_id} has begun. Watch it: consentry run watch {run_id}"))
        return
    with shown_live(screen) as shown:
        ended = await follow(desk.flows, run_id, show=shown)
    await show_run(desk, screen, ended)
    if not ended.succeeded:
        raise typer.Exit(1)


async def show_run(desk: "Desk", screen: Screen, run: "RunView") -> None:
    """Show a run of either kind."""
    screen.answer(run, *(() if screen.json else await _pictures(desk, run)))


async def _pictures(desk: "Desk", run: "RunView") -> "list[RenderableType]":
    if run.kind == "source":
        return picture_of_run(run)
    bad = [
        row
        for outcome, number in (("refused", run.rows.refused), ("failed", run.rows.failed))
        if number
        for row in await desk.destinations.list_rows(run.id, outcome=outcome, limit=SHOWN_ROWS)
    ]
    return picture_of_rows_run(run, bad[:SHOWN_ROWS])
