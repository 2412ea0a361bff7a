from dataclasses import replace
from datetime import UTC, datetime, timedelta

from consentry.flows.model import Counts, RowCounts, Run, RunId, RunStatus, StreamRun, StreamStatus, Trouble
from consentry.web.charts import ABOVE, draw_charts, draw_small
from consentry.web.run_words import RUN_STATUSES, run_view, stream_view

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RUN = Run(
    id=RunId(7),
    kind="source",
    flow_id=1,
    flow_name="Sales",
    trigger="hand",
    status=RunStatus.RUNNING,
    queued_at=NOW - timedelta(minutes=5),
    started_at=NOW - timedelta(minutes=4),
    finished_at=None,
    waiting_for="",
    waiting_until=None,
    cancel_asked=False,
    error=None,
    streams=(
        StreamRun(
            name="parties",
            status=StreamStatus.RUNNING,
            counts=Counts(read=12_300, new=12_000, changed=300, requests=123, bytes=2_000_000, seconds=61),
            expected=20_000,
        ),
        StreamRun(name="users"),
    ),
)
ENDED = replace(RUN, status=RunStatus.SUCCEEDED, finished_at=NOW - timedelta(minutes=2))


def test_a_run_under_way_says_how_far_it_is() -> None:
    view = run_view(RUN, {"parties": "Parties"}, NOW)
    assert view.summary == "Running: 0 of 2 streams done."
    assert [stream.title for stream in view.streams] == ["Parties", "users"]
    assert view.streams[0].progress == "12,300 of about 20,000"
    assert (view.streams[0].done, view.streams[0].most) == (12_300, 20_000)
    assert view.streams[1].progress == "not begun"
    assert view.can_cancel
    assert view.counts.took == "4 min"


def test_a_bar_is_never_past_its_end_and_full_when_the_stream_is_done() -> None:
    more = stream_view(replace(RUN.streams[0], expected=100), {})
    assert more.done == more.most == 12_300
    empty = stream_view(StreamRun(name="users", status=StreamStatus.SUCCEEDED), {})
    assert empty.done == empty.most == 1


def test_a_run_that_waits_says_for_what_and_until_when() -> None:
    waiting = replace(
        RUN,
        status=RunStatus.WAITING,
        waiting_for="Waiting for the provider's limit.",
        waiting_until=NOW + timedelta(minutes=12),
    )
    assert run_view(waiting, {}, NOW).waiting == "Waiting for the provider's limit, until in 12 min."


def test_a_run_that_is_being_cancelled_says_so_and_cant_be_cancelled_again() -> None:
    view = run_view(replace(RUN, cancel_asked=True), {}, NOW)
    assert view.status.words == "Being cancelled"
    assert not view.can_cancel


def test_a_run_that_ended_says_what_failed() -> None:
    failed = replace(
        RUN.streams[0], status=StreamStatus.FAILED, error=Trouble(code="scope_missing", message="Refused.", hint="Ask.")
    )
    done = replace(RUN.streams[1], status=StreamStatus.SUCCEEDED)
    view = run_view(replace(ENDED, status=RunStatus.PARTLY_FAILED, streams=(failed, done)), {}, NOW)
    assert view.summary == "Partly failed after 2 min: 1 of 2 streams read, 1 failed."
    assert view.streams[0].error is not None


def test_every_status_has_a_word() -> None:
    assert set(RUN_STATUSES) == {status.value for status in RunStatus}
    for status in RunStatus:
        assert run_view(replace(RUN, status=status), {}, NOW).status.words == RUN_STATUSES[status]


def test_a_chart_draws_the_newest_run_at_the_right_and_failed_ones_below_the_ground() -> None:
    failed = replace(ENDED, id=RunId(6), status=RunStatus.FAILED, streams=())
    rows, duration, requests = draw_charts([ENDED, failed], NOW)
    assert rows.bars[0].tone == "bad"
    assert rows.bars[0].y > 56
    assert rows.bars[-1].tone == "good"
    assert rows.bars[-1].x > rows.bars[0].x
    assert rows.highest == "12,300 rows"
    assert duration.highest == "2 min"
    assert requests.highest == "123 requests"
    assert rows.summary == "2 runs, 2 ended, 1 failed; at most 12,300 rows."


def test_every_bar_and_point_is_inside_the_picture() -> None:
    runs = [replace(ENDED, id=RunId(number)) for number in range(100)]
    for chart in (*draw_charts(runs, NOW), draw_small(runs, NOW)):
        assert chart is not None
        assert all(
            bar.x >= 0 and bar.x + bar.width <= 320 and 0 <= bar.y <= bar.y + bar.height <= 68 for bar in chart.bars
        )
        assert all(0 <= x <= 320 and 0 <= y <= 56 for x, y in chart.dots)


def test_nothing_is_drawn_of_no_runs() -> None:
    assert draw_charts([], NOW) == ()
    assert draw_small([], NOW) is None


ROWS = replace(RUN, kind="destination", streams=(), rows=RowCounts(created=30, changed=5, refused=2, waiting=63))


def test_a_destinations_run_says_how_far_its_rows_are() -> None:
    view = run_view(replace(ROWS, own_requests=1200), {}, NOW)
    assert view.summary == "Running: 100 rows taken in, 30 created, 5 changed, 2 refused."
    assert view.rows is not None
    assert (view.rows.words, view.rows.done, view.rows.most) == ("37 of 100 rows, 1,200 requests", 37, 100)
    assert (view.counts.read, view.counts.written, view.counts.refused) == ("100", "35", "2")
    assert view.flow_path == "/destinations/1"
    ended = replace(ROWS, status=RunStatus.PARTLY_FAILED, finished_at=NOW - timedelta(minutes=2))
    assert run_view(ended, {}, NOW).summary == "Partly failed after 2 min: 30 created, 5 changed, 2 refused."
    nothing = replace(ended, status=RunStatus.SUCCEEDED, rows=RowCounts())
    assert run_view(nothing, {}, NOW).summary == "Succeeded after 2 min: there was no row to write."


def test_rows_stand_above_the_ground_and_refused_ones_hang_below_it() -> None:
    ended = replace(ROWS, status=RunStatus.PARTLY_FAILED, finished_at=NOW)
    rows, _, _ = draw_charts([ended, replace(ended, rows=RowCounts(unchanged=9))], NOW)
    good, bad = [bar for bar in rows.bars if bar.tone == "good"], [bar for bar in rows.bars if bar.tone == "bad"]
    assert all(bar.y + bar.height <= ABOVE for bar in good)
    assert [bar.y > ABOVE for bar in bad] == [True]
    assert "35 rows, 2 refused or failed" in bad[0].words
    assert "At most 2 refused." in rows.summary
