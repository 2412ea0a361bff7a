"""Which events a change in the sandbox is."""

from typing import Any

import pytest

from consentry.sandbox.hooks import EVENTS, events_of
from consentry.sandbox.records import What, encode


def test_there_are_the_events_of_the_documentation() -> None:
    assert len(EVENTS) == 19
    assert "task/deleted" not in EVENTS


@pytest.mark.parametrize(
    ("entity", "what", "before", "after", "events"),
    [
        ("party", "created", None, {}, ["party/created"]),
        ("party", "updated", {}, {"about": "x"}, ["party/updated"]),
        ("party", "deleted", None, {}, ["party/deleted"]),
        ("task", "deleted", None, {}, []),  # there is no such event
        ("task", "updated", {"status": "OPEN"}, {"status": "COMPLETED"}, ["task/updated", "task/completed"]),
        ("task", "updated", {"status": "COMPLETED"}, {"status": "COMPLETED"}, ["task/updated"]),
        ("kase", "updated", {"stage": {"id": 1}}, {"stage": {"id": 2}}, ["kase/updated", "kase/moved"]),
        ("kase", "updated", {"closedOn": None}, {"closedOn": "2026-01-01"}, ["kase/updated", "kase/closed"]),
        (
            *("opportunity", "updated", {"milestone": {"id": 1}}, {"milestone": {"id": 2}, "closedOn": "2026-01-01"}),
            ["opportunity/updated", "opportunity/moved", "opportunity/closed"],
        ),
    ],
)
def test_a_change_is_these_events(
    entity: str, what: What, before: dict[str, Any] | None, after: dict[str, Any], events: list[str]
) -> None:
    then = None if before is None else encode({"id": 1, **before})
    assert list(events_of(entity, what, encode({"id": 1, **after}), then)) == events
