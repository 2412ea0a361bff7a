from datetime import UTC, datetime, timedelta

import pytest

from consentry.flows.model import Schedule
from consentry.flows.schedule import find_faults, next_after, parse_length

BERLIN = "Europe/Berlin"
HOURLY = Schedule(every=timedelta(hours=1))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        (Schedule(daily_at="06:00"), "2026-07-01T05:59:59Z", "2026-07-01T06:00:00Z"),  # still to come today
        (Schedule(daily_at="06:00"), "2026-07-01T06:00:00Z", "2026-07-02T06:00:00Z"),  # now isn't after now
        (Schedule(daily_at="06:00", timezone=BERLIN), "2026-07-01T05:00:00Z", "2026-07-02T04:00:00Z"),  # summer
        (Schedule(daily_at="06:00", timezone=BERLIN), "2026-12-01T05:30:00Z", "2026-12-02T05:00:00Z"),  # winter
        (Schedule(daily_at="02:30", timezone=BERLIN), "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),  # skipped: 3:00
        (Schedule(daily_at="02:30", timezone=BERLIN), "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),  # and not twice
        (Schedule(daily_at="02:30", timezone=BERLIN), "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),  # the first 2:30
        (Schedule(daily_at="02:30", timezone=BERLIN), "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),  # not the second
        (Schedule(cron="0 6 * * 1-5"), "2026-07-03T07:00:00Z", "2026-07-06T06:00:00Z"),  # over the weekend
        (Schedule(cron="*/20 * * * *"), "2026-07-03T07:01:00Z", "2026-07-03T07:20:00Z"),
        (Schedule(cron="0 0 29 2 *"), "2026-07-03T07:01:00Z", "2028-02-29T00:00:00Z"),  # a leap day
    ],
)
def test_the_next_moment_is_the_first_one_after_now(schedule: Schedule, now: str, expected: str) -> None:
    assert next_after(schedule, None, at(now)) == at(expected)


@pytest.mark.parametrize(
    ("planned", "now", "expected"),
    [
        (None, "2026-07-01T12:34:56Z", "2026-07-01T13:34:56Z"),  # the first time
        ("2026-07-01T12:00:00Z", "2026-07-01T12:00:03Z", "2026-07-01T13:00:00Z"),  # a late look doesn't move it
        ("2026-07-01T12:00:00Z", "2026-07-01T16:30:00Z", "2026-07-01T17:00:00Z"),  # what was missed isn't made up for
        ("2026-07-01T12:00:00Z", "2026-07-01T13:00:00Z", "2026-07-01T14:00:00Z"),  # exactly on a later one
    ],
)
def test_an_interval_neither_drifts_nor_piles_up(planned: str | None, now: str, expected: str) -> None:
    assert next_after(HOURLY, at(planned) if planned else None, at(now)) == at(expected)


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        (Schedule(), "schedule"),  # says nothing
        (Schedule(cron="* * * * *", daily_at="06:00"), "schedule"),  # says two things
        (Schedule(every=timedelta(seconds=59)), "schedule.every"),  # more often than the worker can keep to
        (Schedule(every=timedelta(days=400)), "schedule.every"),
        (Schedule(daily_at="24:00"), "schedule.daily_at"),
        (Schedule(daily_at="6"), "schedule.daily_at"),
        (Schedule(daily_at="06:00", timezone="Mars/Olympus"), "schedule.timezone"),
        (Schedule(daily_at="06:00", timezone="../../etc/passwd"), "schedule.timezone"),
        (Schedule(cron="* * * *"), "schedule.cron"),  # four fields
        (Schedule(cron="* * * * * *"), "schedule.cron"),  # seconds are not for us
        (Schedule(cron="60 * * * *"), "schedule.cron"),
        (Schedule(cron="0 0 30 2 *"), "schedule.cron"),  # a day that never comes
    ],
)
def test_what_can_not_be_kept_to_is_named_by_its_field(schedule: Schedule, field: str) -> None:
    assert [fault.field for fault in find_faults(schedule)] == [field]


@pytest.mark.parametrize(
    "schedule",
    [HOURLY, Schedule(daily_at="6:00", timezone=BERLIN), Schedule(cron="0 6 * * MON-FRI")],
)
def test_what_can_be_kept_to_has_no_faults(schedule: Schedule) -> None:
    assert find_faults(schedule) == []


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("15m", timedelta(minutes=15)),
        (" 2 H ", timedelta(hours=2)),  # as people type
        ("1d", timedelta(days=1)),
        ("90s", timedelta(seconds=90)),
        ("15", None),
        ("1w", None),
        ("-1h", None),
        ("1.5h", None),
        ("", None),
    ],
)
def test_a_length_is_a_number_and_a_unit(text: str, length: timedelta | None) -> None:
    assert parse_length(text) == length
