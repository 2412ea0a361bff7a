"""Runs and their streams in words, with the shape and colour that go with them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consentry.flows import (
    ENDED,
    Counts,
    RowCounts,
    Run,
    RunStatus,
    StreamRun,
    StreamStatus,
    Trouble,
)
from consentry.web.amounts import counted, figure, lasted, size
from consentry.web.moments import Moment, moment, relative
from consentry.web.row_views import ended_of, total_of
from consentry.web.status import Shape, StatusWords

RUN_STATUSES: Final[dict[str, str]] = {
    RunStatus.QUEUED: "Queued",
    RunStatus.RUNNING: "Running",
    RunStatus.WAITING: "Waiting",
    RunStatus.SUCCEEDED: "Succeeded",
    RunStatus.PARTLY_FAILED: "Partly failed",
    RunStatus.FAILED: "Failed",
    RunStatus.CANCELLED: "Cancelled",
}
_RUN_SHAPES: Final[dict[RunStatus, Shape]] = {
    RunStatus.QUEUED: "waiting",
    RunStatus.RUNNING: "waiting",
    RunStatus.WAITING: "warn",
    RunStatus.SUCCEEDED: "ok",
    RunStatus.PARTLY_FAILED: "warn",
    RunStatus.FAILED: "bad",
    RunStatus.CANCELLED: "waiting",
}
_STREAMS: Final[dict[StreamStatus, StatusWords]] = {
    StreamStatus.PENDING: StatusWords(shape="waiting", words="Not begun"),
    StreamStatus.RUNNING: StatusWords(shape="waiting", words="Reading"),
    StreamStatus.SUCCEEDED: StatusWords(shape="ok", words="Succeeded"),
    StreamStatus.FAILED: StatusWords(shape="bad", words="Failed"),
    StreamStatus.CANCELLED: StatusWords(shape="waiting", words="Cancelled"),
}
_TRIGGERS: Final = {"hand": "by hand", "schedule": "by its schedule", "hook": "by a hook"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsView:
    """What a run or one of its streams has done, as figures."""

    read: str
    new: str
    changed: str
    deleted: str
    written: str  # new, changed and deleted ones together
    refused: str  # rows of a destination, those that failed among them; empty for a source
    requests: str
    size: str
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProgress:
    """How far a destination's run has come with its rows."""

    words: str  # such as "1,200 of 5,000 rows"
    most: int  # the bar's end; 0 while nobody knows it
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamView:
    """One stream of a run."""

    name: str
    title: str
    status: StatusWords
    counts: CountsView
    progress: str  # counted words, such as "12,300 of about 20,000"
    most: int  # the bar's end; 0 where nobody knows it
    done: int  # how far the bar is, at most its end
    is_running: bool
    is_pending: bool
    new_columns: tuple[str, ...]
    error: Trouble | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run, as lists and pages show it."""

    id: int
    is_of_source: bool
    flow_path: str  # of the page of its source or destination
    flow_name: str
    status: StatusWords
    has_ended: bool
    trigger: str
    queued_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    counts: CountsView
    waiting: str  # what is waited for, and until when
    can_cancel: bool
    cancel_asked: bool
    error: Trouble | None
    streams: tuple[StreamView, ...]
    rows: RowProgress | None  # of a destination
    retry_of: int | None  # the run whose rows it tries again
    pending: str  # how many streams have not begun, or empty
    summary: str  # how it is doing, in one sentence


def run_view(run: Run, titles: dict[str, str], now: datetime) -> RunView:
    """Return what pages show of a run; ``titles`` are the streams' titles by name."""
    has_ended = run.status in ENDED
    return RunView(
        id=run.id,
        is_of_source=run.kind == "source",
        flow_path=f"/{run.kind}s/{run.flow_id}",
        flow_name=run.flow_name,
        status=run_status(run),
        has_ended=has_ended,
        trigger=_TRIGGERS[run.trigger],
        queued_at=moment(run.queued_at, now),
        started_at=moment(run.started_at, now) if run.started_at else None,
        finished_at=moment(run.finished_at, now) if run.finished_at else None,
        counts=run_counts(run, now),
        waiting=_waiting(run, now),
        can_cancel=not has_ended and not run.cancel_asked,
        cancel_asked=run.cancel_asked and not has_ended,
        error=run.error,
        streams=tuple(stream_view(stream, titles) for stream in run.streams),
        rows=_row_progress(run),
        retry_of=run.retry_of,
        pending=_pending(run),
        summary=summary_of(run, now),
    )


def stream_view(stream: StreamRun, titles: dict[str, str]) -> StreamView:
    """Return what pages show of one stream of a run."""
    read, most = stream.counts.read, stream.expected or 0
    is_done = stream.status is StreamStatus.SUCCEEDED
    return StreamView(
        name=stream.name,
        title=titles.get(stream.name, stream.name),
        status=_STREAMS[stream.status],
        counts=counts_view(stream.counts, stream.counts.seconds),
        progress=_progress(stream, read, most),
        most=max(most, read, 1) if most or is_done else 0,
        done=max(most, read, 1) if is_done else read,
        is_running=stream.status is StreamStatus.RUNNING,
        is_pending=stream.status is StreamStatus.PENDING,
        new_columns=stream.new_columns,
        error=stream.error,
    )


def _progress(stream: StreamRun, read: int, most: int) -> str:
    if stream.status is StreamStatus.PENDING:
        return "not begun"
    if stream.status is StreamStatus.RUNNING and most > read:
        return f"{figure(read)} of about {figure(most)}"
    return counted(read, "record")


def run_counts(run: Run, now: datetime) -> CountsView:
    """Return what a run has done: records for a source, rows for a destination."""
    seconds, rows = seconds_of(run, now), run.rows
    if rows is None:
        return counts_view(run.counts, seconds)
    return CountsView(
        read=figure(total_of(rows)),
        new=figure(rows.created),
        changed=figure(rows.changed),
        deleted=figure(rows.deleted),
        written=figure(rows.created + rows.changed + rows.deleted),
        refused=figure(rows.refused + rows.failed),
        requests=figure(run.requests),
        size="",
        took=lasted(seconds),
    )


def _row_progress(run: Run) -> RowProgress | None:
    if run.rows is None:
        return None
    total, ended = total_of(run.rows), ended_of(run.rows)
    words = counted(total, "row") if run.status in ENDED else f"{figure(ended)} of {counted(total, 'row')}"
    requests = f", {counted(run.requests, 'request')}" if run.requests else ""
    return RowProgress(words=words + requests, most=total, done=ended)


def counts_view(counts: Counts, seconds: float) -> CountsView:
    """Return counts as figures."""
    return CountsView(
        read=figure(counts.read),
        new=figure(counts.new),
        changed=figure(counts.changed),
        deleted=figure(counts.deleted),
        written=figure(counts.new + counts.changed + counts.deleted),
        refused="",
        requests=figure(counts.requests),
        size=size(counts.bytes),
        took=lasted(seconds),
    )


def run_status(run: Run) -> StatusWords:
    """Say how a run is doing."""
    words = "Being cancelled" if run.cancel_asked and run.status not in ENDED else RUN_STATUSES[run.status]
    return StatusWords(shape=_RUN_SHAPES[run.status], words=words, detail=run.error.message if run.error else "")


def seconds_of(run: Run, now: datetime) -> float:
    """Return how long a run took, or has taken so far."""
    if run.started_at is None:
        return 0.0
    return max(0.0, ((run.finished_at or now) - run.started_at).total_seconds())


def summary_of(run: Run, now: datetime) -> str:
    """Say how a run is doing in one sentence; it is what a live page speaks aloud."""
    done = sum(stream.status is StreamStatus.SUCCEEDED for stream in run.streams)
    failed = sum(stream.status is StreamStatus.FAILED for stream in run.streams)
    failure = f", {failed} failed" if failed else ""
    if run.status is RunStatus.QUEUED:
        return "Queued: a runner takes it in a moment."
    if run.rows is not None:
        return _summary_of_rows(run, run.rows, now)
    if run.status not in ENDED:
        begun = "Being cancelled" if run.cancel_asked else RUN_STATUSES[run.status]
        return f"{begun}: {done} of {counted(len(run.streams), 'stream')} done{failure}."
    took = lasted(seconds_of(run, now))
    return f"{RUN_STATUSES[run.status]} after {took}: {done} of {counted(len(run.streams), 'stream')} read{failure}."


def _summary_of_rows(run: Run, rows: RowCounts, now: datetime) -> str:
    if run.status not in ENDED:
        begun = "Being cancelled" if run.cancel_asked else RUN_STATUSES[run.status]
        told = _told(rows) or "none has its outcome yet"
        return f"{begun}: {counted(total_of(rows), 'row')} taken in, {told}."
    told = _told(rows) or "there was no row to write"
    return f"{RUN_STATUSES[run.status]} after {lasted(seconds_of(run, now))}: {told}."


def _told(rows: RowCounts) -> str:
    """Return outcomes with their counts, those that no row came to left out."""
    names = ("created", "changed", "deleted", "unchanged", "refused", "failed")
    told = [f"{figure(count)} {name}" for name in names if (count := getattr(rows, name))]
    return ", ".join(told)


def _pending(run: Run) -> str:
    left = sum(stream.status is StreamStatus.PENDING for stream in run.streams)
    return f"{counted(left, 'stream')} {'has' if left == 1 else 'have'} not begun." if left else ""


def _waiting(run: Run, now: datetime) -> str:
    if run.status is not RunStatus.WAITING:
        return ""
    words = run.waiting_for.rstrip(".") or "Waiting"
    return f"{words}, until {relative(run.waiting_until, now)}." if run.waiting_until else f"{words}."


def flow_status(last: Run | None, *, is_active: bool) -> StatusWords:
    """Say how a source or destination is: at work, paused, or how its last run ended."""
    if last is not None and last.status not in ENDED:
        return run_status(last)
    if not is_active:
        return StatusWords(shape="waiting", words="Paused")
    if last is None:
        return StatusWords(shape="waiting", words="Not run yet")
    return run_status(last)
