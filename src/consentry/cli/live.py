"""A run as it goes on: bars for streams or rows where somebody watches, a line for what has ended elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from consentry.cli.row_words import totals_words
from consentry.cli.run_words import status_text, stream_line
from consentry.cli.screen import Screen, moment, plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from consentry.desk import RunView, StreamRunView

Show = Callable[["RunView"], None]
BEGUN: Final = ("running", "succeeded", "failed", "cancelled")


@contextmanager
def shown_live(screen: Screen) -> Iterator[Show]:
    """Give a function that shows how a run is doing whenever it is told."""
    if not screen.has_terminal:
        yield Lines(screen).show
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"), TimeElapsedColumn())
    with Progress(*columns, console=screen.beside) as progress:
        yield Bars(progress).show


class Lines:
    """Says what finished, once."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._said: set[str] = set()

    def show(self, run: "RunView") -> None:
        """Say what has come to an end or is waited for since the last time."""
        if run.status == "waiting":
            self._say(f"{run.waiting_for} {run.waiting_until}", _waiting(run))
        for stream in run.streams:
            if stream.status in ("succeeded", "failed", "cancelled"):
                self._say(stream.name, stream_line(stream))
        if run.kind == "destination" and run.has_ended:
            self._say("rows", f"rows: {totals_words(run.rows)}")

    def _say(self, what: str, words: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._screen.say(words)


class Bars:
    """A bar for each stream that has begun, and one for the run."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._whole = progress.add_task("Run", total=None, words="")
        self._tasks: dict[str, TaskID] = {}

    def show(self, run: "RunView") -> None:
        """Bring the bars up to date."""
        done, total, words = _of_rows(run) if run.kind == "destination" else _of_streams(run)
        self._progress.update(
            self._whole,
            description=f"Run {run.id}: {status_text(run.status).plain}",
            completed=done,
            total=total or None,
            words=plain(_waiting(run) if run.status == "waiting" else words).plain,
        )
        for stream in run.streams:
            if stream.status in BEGUN:
                self._show_stream(stream)
        if run.has_ended:
            self._progress.stop_task(self._whole)

    def _show_stream(self, stream: "StreamRunView") -> None:
        if stream.name not in self._tasks:
            self._tasks[stream.name] = self._progress.add_task(f"  {stream.name}", total=None, words="")
        has_ended = stream.status != "running"
        total = max(stream.read, 1) if has_ended else stream.expected and max(stream.expected, stream.read)
        self._progress.update(
            self._tasks[stream.name],
            completed=total if has_ended else stream.read,
            total=total or None,
            words=_words(stream),
        )
        if has_ended:
            self._progress.stop_task(self._tasks[stream.name])


def _of_streams(run: "RunView") -> tuple[int, int, str]:
    done = sum(each.status not in ("pending", "running") for each in run.streams)
    return done, len(run.streams), f"{done} of {len(run.streams)} streams"


def _of_rows(run: "RunView") -> tuple[int, int, str]:
    return run.rows.done, run.rows.done + run.rows.waiting, totals_words(run.rows)


def _words(stream: "StreamRunView") -> str:
    if stream.error:
        return plain(f"{status_text(stream.status).plain}: {stream.error.message}").plain
    changes = [
        f"{number:,} {word}"
        for number, word in ((stream.new, "new"), (stream.changed, "changed"), (stream.deleted, "deleted"))
        if number
    ]
    return ", ".join([f"{stream.read:,} read", *changes])


def _waiting(run: "RunView") -> str:
    until = f" until {moment(run.waiting_until)}" if run.waiting_until else ""
    return f"Waits for {run.waiting_for}{until}"
