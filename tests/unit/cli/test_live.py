"""A run as it goes on: lines where nobody watches, bars where somebody does."""

import io
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress, TextColumn

from consentry.cli.live import Bars, Lines
from consentry.cli.run_words import picture_of_run, run_line
from consentry.cli.screen import Screen
from consentry.desk import RunView, StreamRunView, TroubleView

BEGAN = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
TROUBLE = TroubleView(code="scope_missing", message="Not allowed\x1b[2J.", hint="Ask for the scope.")


def run_with(
    *streams: StreamRunView, status: str = "running", waiting_for: str = "", waiting_until: datetime | None = None
) -> RunView:
    return RunView(
        id=7,
        flow_id=1,
        flow_name="Sales",
        status=status,
        started_at=BEGAN,
        streams=streams,
        waiting_for=waiting_for,
        waiting_until=waiting_until,
    )


def test_each_finished_stream_is_said_once() -> None:
    said = io.StringIO()
    lines = Lines(Screen(out=io.StringIO(), err=said))
    running = StreamRunView(name="parties", status="running", read=5)
    done = StreamRunView(name="parties", status="succeeded", read=1200, new=3, seconds=1.25)
    for run in (run_with(running), run_with(done), run_with(done), run_with(done, status="succeeded")):
        lines.show(run)
    assert said.getvalue() == "parties: 1,200 read, 3 new, 0 changed, 0 deleted, 1.2 s\n"


def test_what_is_waited_for_is_said_with_its_end() -> None:
    said = io.StringIO()
    lines = Lines(Screen(out=io.StringIO(), err=said))
    waiting = run_with(status="waiting", waiting_for="the provider's rate limit", waiting_until=BEGAN)
    lines.show(waiting)
    lines.show(waiting)
    assert said.getvalue() == "Waits for the provider's rate limit until 2026-11-24 06:00 UTC\n"


def test_bars_show_how_far_each_stream_is() -> None:
    console = Console(file=io.StringIO(), width=120)
    progress = Progress(TextColumn("{task.description}"), TextColumn("{task.fields[words]}"), console=console)
    bars = Bars(progress)
    bars.show(run_with(StreamRunView(name="parties", status="running", read=50, expected=200)))
    whole, parties = progress.tasks
    assert (whole.completed, whole.total) == (0, 1)
    assert (parties.completed, parties.total) == (50, 200)
    bars.show(run_with(StreamRunView(name="parties", status="running", read=250, expected=200)))
    assert (parties.completed, parties.total) == (250, 250)
    bars.show(run_with(StreamRunView(name="parties", status="failed", read=250, error=TROUBLE), status="failed"))
    assert (whole.completed, parties.finished) == (1, True)
    assert "\x1b" not in parties.fields["words"]
    assert "Not allowed" in parties.fields["words"]


def test_a_run_tells_each_streams_trouble_and_what_to_do() -> None:
    failed = StreamRunView(name="entries", status="failed", error=TROUBLE)
    found = StreamRunView(name="parties", status="succeeded", read=2, new=2, new_columns=("parties.shoe_size",))
    out = io.StringIO()
    Screen(out=out, err=io.StringIO()).answer(None, *picture_of_run(run_with(found, failed, status="partly_failed")))
    shown = out.getvalue()
    assert "partly failed" in shown
    assert "entries: Not allowed\N{REPLACEMENT CHARACTER}[2J. Ask for the scope." in shown
    assert "New column parties.shoe_size" in shown


def test_a_run_is_told_in_one_line() -> None:
    run = run_with(StreamRunView(name="parties", status="succeeded", read=10, new=4, requests=2), status="succeeded")
    assert run_line(run) == "succeeded, 2026-11-24 06:00 UTC, 10 read, 4 new, 0 changed, 0 deleted, 2 requests"
