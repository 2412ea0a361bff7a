"""Sources and runs in words and tables for people."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.text import Text

from consentry.cli.screen import facts, moment, plain, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from consentry.desk import DestinationView, RunView, ScheduleView, SourceView, StreamRunView, TroubleView

FLOW_HEADS: Final = ("State", "Schedule", "Next run", "Last run")
_STATUS: Final = {
    "queued": ("waiting for its turn", ""),
    "running": ("running", "cyan"),
    "waiting": ("waiting", "yellow"),
    "succeeded": ("succeeded", "green"),
    "partly_failed": ("partly failed", "bold yellow"),
    "failed": ("failed", "bold red"),
    "cancelled": ("cancelled", "yellow"),
    "pending": ("not yet", ""),
}


def status_text(status: str) -> Text:
    """Return a status as a person would say it, coloured besides."""
    words, style = _STATUS.get(status, (status, ""))
    return Text(words, style)


def picture_of_source(source: "SourceView") -> "RenderableType":
    """Draw a source for people."""
    last = source.last_run
    streams = source.streams if isinstance(source.streams, str) else ", ".join(source.streams)
    warehouse = source.warehouse
    pairs: list[tuple[str, object]] = [
        ("Source", f"{source.name} (id {source.id})"),
        ("State", "active" if source.is_active else "paused"),
        ("Credential", f"{source.credential_name} (id {source.credential_id})"),
        ("Reads", f"the list at {source.manual.path}" if source.manual else ""),
        ("Streams", "" if source.manual else streams),
        ("Dataset", source.dataset),
        ("Warehouse", f"{warehouse.type} {warehouse.url or warehouse.path or ''}".strip()),
        ("Deleted records", "are marked" if source.deletions == "mark" else "are removed"),
        ("Schedule", schedule_words(source.schedule)),
        ("Next run", moment(source.next_run_at) if source.next_run_at else ""),
        *_hooks(source),
        ("Last run", run_line(last) if last else "none yet"),
    ]
    return facts([pair for pair in pairs if pair[1]])


def _hooks(source: "SourceView") -> list[tuple[str, object]]:
    """Return how each event is doing, those that do the same together."""
    if not source.hooks:
        return []
    found: dict[str, list[str]] = {}
    for each in source.hook_events:
        words = each.state.replace("_", " ") + (f": {each.reason}" if each.reason else "")
        found.setdefault(words, []).append(each.event)
    told = max((each.last_delivery_at for each in source.hook_events if each.last_delivery_at), default=None)
    lines = [("Hooks", f"{len(events)} {words} ({', '.join(events)})") for words, events in found.items()]
    none = "none while it is paused" if not source.is_active else "none"
    return [*(lines or [("Hooks", none)]), ("Last told", moment(told) if told else "")]


def picture_of_run(run: "RunView") -> "list[RenderableType]":
    """Draw a run for people: its outcome, then its streams."""
    pairs: list[tuple[str, object]] = [
        ("Run", f"{run.id} of {run.flow_name}" if run.flow_name else run.id),
        ("Status", status_text(run.status)),
        ("Waits for", run.waiting_for if run.status == "waiting" else ""),
        ("Started", moment(run.started_at) if run.started_at else ""),
        ("Took", length(run.started_at, run.finished_at)),
        ("Result", counts_words(run)),
        ("Failed", run.error.message if run.error else ""),
        ("What to do", run.error.hint if run.error else ""),
    ]
    return [facts([pair for pair in pairs if pair[1]]), Text(), streams_table(run.streams), *_troubles(run)]


def streams_table(streams: "tuple[StreamRunView, ...]") -> "RenderableType":
    """Draw what each stream of a run did."""
    heads = ("Stream", "Status", "Read", "New", "Changed", "Deleted", "Requests", "Time")
    rows = [
        (
            *(each.name, status_text(each.status), each.read, each.new, each.changed, each.deleted, each.requests),
            f"{each.seconds:.1f} s",
        )
        for each in streams
    ]
    return table(heads, rows, nothing="No stream has begun.")


def _troubles(run: "RunView") -> "list[RenderableType]":
    lines: list[RenderableType] = []
    for each in run.streams:
        if each.error:
            lines.append(Text.assemble((f"{plain(each.name)}: ", "bold"), trouble_words(each.error)))
        lines += [plain(f"New column {column}.") for column in each.new_columns if run.has_ended]
    return [Text(), *lines] if lines else []


def trouble_words(error: "TroubleView") -> Text:
    """Return what went wrong and what to do about it."""
    return plain(f"{error.message} {error.hint}".strip())


def stream_line(stream: "StreamRunView") -> str:
    """Return in one sentence what a stream did."""
    if stream.error:
        return f"{stream.name}: {stream.status}. {stream.error.message}"
    return (
        f"{stream.name}: {stream.read:,} read, {stream.new:,} new, {stream.changed:,} changed, "
        f"{stream.deleted:,} deleted, {stream.seconds:.1f} s"
    )


def flow_cells(flow: "SourceView | DestinationView") -> tuple[str, ...]:
    """Return what a list says of a source or destination under FLOW_HEADS."""
    return (
        "active" if flow.is_active else "paused",
        schedule_words(flow.schedule),
        moment(flow.next_run_at) if flow.next_run_at else "",
        run_line(flow.last_run) if flow.last_run else "",
    )


def run_line(run: "RunView") -> str:
    """Return a run in one line."""
    return f"{status_text(run.status).plain}, {moment(run.started_at or run.queued_at)}, {counts_words(run)}"


def counts_words(run: "RunView") -> str:
    """Return what a run did: all streams together, or rows by outcome."""
    if run.kind == "destination":
        from consentry.cli.row_words import totals_words

        return f"{totals_words(run.rows)}, {run.requests:,} requests"
    counts = run.counts
    return (
        f"{counts.read:,} read, {counts.new:,} new, {counts.changed:,} changed, {counts.deleted:,} deleted, "
        f"{max(counts.requests, run.requests):,} requests"
    )


def schedule_words(schedule: "ScheduleView | None") -> str:
    """Return in words when a source or destination runs by itself."""
    if schedule is None:
        return "by hand only"
    if schedule.after_source:
        return f"after each run of source {schedule.after_source}"
    if schedule.every:
        return f"every {schedule.every}"
    if schedule.daily_at:
        return f"daily at {schedule.daily_at}, {schedule.timezone}"
    return f"cron {schedule.cron}, {schedule.timezone}"


def length(began: datetime | None, ended: datetime | None) -> str:
    """Return how long something took, or nothing while it isn't known."""
    return f"{(ended - began).total_seconds():.1f} s" if began and ended else ""
