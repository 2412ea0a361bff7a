"""Runs as small pictures: bars and lines laid out from figures. Pure; drawn by charts.html, words around them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from consentry.flows import ENDED, Run, RunStatus
from consentry.web.amounts import counted, figure, lasted
from consentry.web.moments import moment
from consentry.web.run_words import RUN_STATUSES, seconds_of

WIDTH: Final = 320.0
ABOVE: Final = 56.0  # from the top to the ground line
BELOW: Final = 12.0  # where failed runs hang
MOST_RUNS: Final = 30
_LEAST: Final = 2.0  # so high is a bar at least that stands for something

Tone = Literal["good", "part", "bad", "going"]
_TONES: Final[dict[RunStatus, Tone]] = {
    RunStatus.SUCCEEDED: "good",
    RunStatus.PARTLY_FAILED: "part",
    RunStatus.FAILED: "bad",
    RunStatus.CANCELLED: "bad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One run in a picture."""

    x: float
    y: float
    width: float
    height: float
    tone: Tone
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One figure of the last runs, the oldest at the left."""

    title: str
    bars: tuple[Bar, ...]
    line: str  # points of a line, or empty
    dots: tuple[tuple[float, float], ...]
    highest: str  # what the top stands for
    beginning: str  # axis word at the left end
    end: str  # axis word at the right end
    summary: str  # the picture in one sentence


def rows_written(run: Run) -> int:
    """Return how many rows a run wrote: new, changed and deleted ones."""
    if run.rows is not None:
        return run.rows.created + run.rows.changed + run.rows.deleted
    counts = run.counts
    return counts.new + counts.changed + counts.deleted


def draw_charts(runs: Sequence[Run], now: datetime) -> tuple[Chart, ...]:
    """Draw rows, duration and requests of the last runs, given the newest first; nothing while there are none."""
    shown = list(reversed(runs[:MOST_RUNS]))
    if not shown:
        return ()

    def seconds(run: Run) -> float:
        return seconds_of(run, now)

    return (
        _rows("Rows written", shown, now),
        _line("Duration", shown, now, seconds, lasted),
        _bars("Requests", shown, now, lambda run: run.requests, lambda most: counted(round(most), "request")),
    )


def draw_small(runs: Sequence[Run], now: datetime) -> Chart | None:
    """Draw rows as bars and duration as a line over them, for a list; None while there are no runs."""
    shown = list(reversed(runs[:MOST_RUNS]))
    return _with_line(_rows("Last runs", shown, now), shown, now) if shown else None


def _rows(title: str, runs: Sequence[Run], now: datetime) -> Chart:
    """Lay out rows written; those of a destination can be refused too."""
    if runs[0].kind == "destination":
        return _up_and_down(title, runs, now)
    return _bars(title, runs, now, rows_written, lambda most: counted(round(most), "row"))


def _with_line(bars: Chart, shown: Sequence[Run], now: datetime) -> Chart:
    line = _line("Duration", shown, now, lambda run: seconds_of(run, now), lasted)
    longest = f"the longest took {line.highest}"
    return Chart(
        title=bars.title,
        bars=bars.bars,
        line=line.line,
        dots=(),
        highest=bars.highest,
        beginning=bars.beginning,
        end=bars.end,
        summary=f"{bars.summary.rstrip('.')}; {longest}.",
    )


def _refused(run: Run) -> int:
    return run.rows.refused + run.rows.failed if run.rows else 0


def _up_and_down(title: str, runs: Sequence[Run], now: datetime) -> Chart:
    """Lay out rows of destinations: written ones stand on the ground, refused and failed ones hang below it."""
    most = max(rows_written(run) for run in runs)
    worst = max(_refused(run) for run in runs)
    step = WIDTH / max(len(runs), 12)
    left = WIDTH - step * len(runs)
    bars: list[Bar] = []
    for place, run in enumerate(runs):
        x, width = left + step * place + step * 0.15, step * 0.7
        written, refused = rows_written(run), _refused(run)
        words = counted(written, "row") + (f", {figure(refused)} refused or failed" if refused else "")
        tone: Tone = "good" if run.status in ENDED and run.status is not RunStatus.CANCELLED else "going"
        height = max(_LEAST, (ABOVE - 4) * written / most) if written else 1.0
        bars.append(_bar(x, ABOVE - height, width, height, tone, _of(run, now, words)))
        if refused or run.status is RunStatus.FAILED:
            depth = max(_LEAST + 1, (BELOW - 2) * refused / worst) if refused else BELOW - 2
            bars.append(_bar(x, ABOVE + 2, width, depth, "bad", _of(run, now, words)))
    chart = _chart(title, runs, now, counted(most, "row"), bars=tuple(bars))
    return replace(chart, summary=f"{chart.summary} At most {figure(worst)} refused.") if worst else chart


def _bars(
    title: str, runs: Sequence[Run], now: datetime, value: Callable[[Run], float], words: Callable[[float], str]
) -> Chart:
    most = max(value(run) for run in runs)
    step = WIDTH / max(len(runs), 12)
    left = WIDTH - step * len(runs)  # few runs stand at the right, where now is
    bars = []
    for place, run in enumerate(runs):
        tone = _TONES.get(run.status, "going")
        height = max(_LEAST, (ABOVE - 4) * value(run) / most) if value(run) and most else 0.0
        x, width = left + step * place + step * 0.15, step * 0.7
        bars += [_bar(x, ABOVE - height, width, height, tone, _of(run, now, words(value(run))))] if height else []
        if tone == "bad":
            bars.append(_bar(x, ABOVE + 2, width, BELOW - 2, tone, _of(run, now, words(value(run)))))
        elif not height:
            bars.append(_bar(x, ABOVE - 1, width, 1.0, tone, _of(run, now, words(0))))
    return _chart(title, runs, now, words(most), bars=tuple(bars))


def _line(
    title: str, runs: Sequence[Run], now: datetime, value: Callable[[Run], float], words: Callable[[float], str]
) -> Chart:
    most = max(value(run) for run in runs)
    step = WIDTH / max(len(runs), 12)
    left = WIDTH - step * len(runs)
    points = [
        (round(left + step * (place + 0.5), 1), round(ABOVE - (ABOVE - 6) * (value(run) / most if most else 0), 1))
        for place, run in enumerate(runs)
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    return _chart(title, runs, now, words(most), line=line, dots=tuple(points))


def _bar(x: float, y: float, width: float, height: float, tone: Tone, words: str) -> Bar:
    return Bar(x=round(x, 1), y=round(y, 1), width=round(width, 1), height=round(height, 1), tone=tone, words=words)


def _of(run: Run, now: datetime, value: str) -> str:
    return f"Run {run.id}, {moment(run.queued_at, now).words}: {value}, {RUN_STATUSES[run.status].lower()}"


def _chart(
    title: str,
    runs: Sequence[Run],
    now: datetime,
    highest: str,
    *,
    bars: tuple[Bar, ...] = (),
    line: str = "",
    dots: tuple[tuple[float, float], ...] = (),
) -> Chart:
    failed = sum(run.status is RunStatus.FAILED for run in runs)
    ended = sum(run.status in ENDED for run in runs)
    failure = f", {figure(failed)} failed" if failed else ""
    return Chart(
        title=title,
        bars=bars,
        line=line,
        dots=dots,
        highest=highest,
        beginning=moment(runs[0].queued_at, now).words,
        end=moment(runs[-1].queued_at, now).words,
        summary=f"{counted(len(runs), 'run')}, {figure(ended)} ended{failure}; at most {highest}.",
    )
