from dataclasses import replace
from datetime import timedelta

import pytest

from consentry.errors import FieldError
from consentry.flows.model import Schedule
from consentry.web.schedules import (
    TypedSchedule,
    read_length,
    read_schedule,
    schedule_words,
    typed_schedule,
    zones,
)

SCHEDULES = [
    None,
    Schedule(every=timedelta(minutes=15)),
    Schedule(every=timedelta(days=2)),
    Schedule(daily_at="06:00", timezone="Europe/Berlin"),
    Schedule(cron="0 6 * * 1-5", timezone="America/New_York"),
]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_survives_its_form(schedule: Schedule | None) -> None:
    errors: list[FieldError] = []
    assert read_schedule(typed_schedule(schedule), errors) == schedule
    assert errors == []


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (SCHEDULES[0], "By hand"),
        (SCHEDULES[1], "Every 15 minutes"),
        (SCHEDULES[2], "Every 2 days"),
        (SCHEDULES[3], "Daily at 06:00, Europe/Berlin"),
        (SCHEDULES[4], "Cron 0 6 * * 1-5, America/New_York"),
    ],
)
def test_a_schedule_is_said_in_words(schedule: Schedule | None, words: str) -> None:
    assert schedule_words(schedule) == words


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (TypedSchedule(kind="every", every="0"), "every"),
        (TypedSchedule(kind="every", every="1.5"), "every"),
        (TypedSchedule(kind="every", every="9999", unit="days"), "every"),
        (TypedSchedule(kind="every", unit="moons"), "every"),
        (TypedSchedule(kind="daily", daily_at=" "), "daily_at"),
        (TypedSchedule(kind="cron", cron=""), "cron"),
    ],
)
def test_what_no_schedule_can_be_is_said_at_its_field(typed: TypedSchedule, field: str) -> None:
    errors: list[FieldError] = []
    read_schedule(typed, errors)
    assert [error.field for error in errors] == [field]


def test_what_isnt_chosen_is_not_read() -> None:
    errors: list[FieldError] = []
    assert read_schedule(replace(TypedSchedule(), every="nonsense", cron="nonsense"), errors) is None
    assert errors == []


def test_a_length_needs_plain_figures() -> None:
    assert read_length(" 90 ", "minutes") == timedelta(minutes=90)
    assert read_length("\u0663", "hours") is None  # a figure of another script


def test_time_zones_are_offered_by_area_and_city() -> None:
    assert zones()[0] == "UTC"
    assert "Europe/Berlin" in zones()
