"""``consentry demo``: the main job, start to end, against the sandbox, in a home of its own that is gone afterwards."""

import time
from typing import TYPE_CHECKING, Final

import typer
from rich.text import Text

from consentry.cli.options import Json
from consentry.cli.running import shown
from consentry.cli.screen import plain, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from consentry.cli.source_story import ShownTable
    from consentry.cli.story import Told

COLUMNS: Final = 7
WIDTH: Final = 28
ROW_WIDTH: Final = 70


def demo(*, json: Json = False) -> None:
    """Show the main job, start to end: consent, fresh tokens, a dataset, rows written back, a crash, deletion.

    Everything happens on this machine, in a home of its own; status 0 only if all of it held.
    """
    with shown(json=json) as screen:
        from consentry.cli.stage import Stage
        from consentry.cli.story import tell

        began = time.monotonic()
        told: list[Told] = []
        with Stage() as stage:
            for chapter in tell(stage):
                told.append(chapter)
                screen.say(_line(chapter))
            is_well = all(chapter.held for chapter in told)
            if not is_well:
                screen.say(plain(f"The server's last words:\n{stage.last_words()}"))
        seconds = round(time.monotonic() - began, 1)
        screen.answer({"ok": is_well, "seconds": seconds, "steps": told}, *_report(told, seconds))
        if not is_well:
            raise typer.Exit(1)


def _line(chapter: "Told") -> Text:
    mark = Text("held  ", "green") if chapter.held else Text("FAILED", "bold red")
    return Text.assemble(mark, " ", plain(chapter.name))


def _report(told: "list[Told]", seconds: float) -> "list[RenderableType]":
    rows = [
        (
            Text("held", "green") if each.held else Text("failed", "bold red"),
            each.name,
            each.what,
            f"{each.seconds:.1f} s",
        )
        for each in told
    ]
    tables = [each.tables for each in told if each.tables]
    failed = [each.name for each in told if not each.held]
    words = f"It did not hold: {', '.join(failed)}." if failed else f"All {len(told)} steps held, in {seconds} seconds."
    steps = table(("", "Step", "What was seen", "Time"), rows, nothing="")
    written = [shown for each in told for shown in each.rows]
    return [Text(), steps, *(_dataset(tables[-1]) if tables else []), *_rows(written), Text(), plain(words)]


def _rows(written: "list[ShownTable]") -> "list[RenderableType]":
    """Draw what became of the rows of a destination."""
    pictures: list[RenderableType] = []
    for each in written:
        rows = [[_short(value, ROW_WIDTH) for value in row.values()] for row in each.rows]
        heads = [name.capitalize() for name in each.rows[0]] if each.rows else []
        pictures += [Text(), Text(each.name, "bold"), table(heads, rows, nothing="No rows.")]
    return pictures


def _dataset(shown: "list[ShownTable]") -> "list[RenderableType]":
    """Draw the tables of the dataset with their counts, and some rows of a few."""
    counts = table(("Table of the dataset", "Rows"), [(each.name, each.count) for each in shown], nothing="")
    pictures: list[RenderableType] = [Text(), counts]
    for each in shown:
        if each.rows:
            filled = [name for name in each.rows[0] if any(row[name] is not None for row in each.rows)]
            columns = [name for name in filled if not name.startswith("_") or name == "_parent_id"][:COLUMNS]
            rows = [[_short(row[name]) for name in columns] for row in each.rows]
            pictures += [Text(), Text(f"First rows of {each.name}", "bold"), table(columns, rows, nothing="")]
    return pictures


def _short(value: object, width: int = WIDTH) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= width else text[: width - 1] + "…"
