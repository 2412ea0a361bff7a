from datetime import UTC, datetime, timedelta

from consentry.web.life import MOST_MARKS, Event, draw_life

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return NOW + hours * HOUR


def test_a_living_grant_stands_between_its_issue_and_its_end() -> None:
    life = draw_life(issued_at=at(-6), expires_at=at(2), refresh_at=at(1), events=[], now=NOW)
    assert [(mark.kind, mark.x) for mark in life.marks] == [("issued", 0.0), ("next", 87.5), ("expires", 100.0)]
    assert (life.now_x, life.is_alive) == (75.0, True)
    assert (life.beginning, life.end) == ("issued 6 hours ago", "expires in 2 hours")
    assert life.summary == "Issued 6 hours ago, refreshed never, the access token expires in 2 hours."


def test_refreshes_stand_in_their_order_and_failures_are_another_kind() -> None:
    events = [Event(at=at(-1), succeeded=False), Event(at=at(-3), succeeded=True), Event(at=at(-2), succeeded=True)]
    life = draw_life(issued_at=at(-4), expires_at=at(4), refresh_at=None, events=events, now=NOW)
    assert [mark.kind for mark in life.marks] == ["issued", "refreshed", "refreshed", "failed", "expires"]
    assert [mark.x for mark in life.marks] == sorted(mark.x for mark in life.marks)
    assert "refreshed twice, 1 refresh failed" in life.summary


def test_what_happened_to_an_earlier_grant_is_not_drawn() -> None:
    events = [Event(at=at(-9), succeeded=True)]
    life = draw_life(issued_at=at(-4), expires_at=at(4), refresh_at=None, events=events, now=NOW)
    assert [mark.kind for mark in life.marks] == ["issued", "expires"]


def test_an_expired_token_ends_before_now() -> None:
    life = draw_life(issued_at=at(-8), expires_at=at(-4), refresh_at=at(-3), events=[], now=NOW)
    assert [(mark.kind, mark.x) for mark in life.marks] == [("issued", 0.0), ("expired", 50.0)]
    assert (life.now_x, life.is_alive, life.end) == (100.0, False, "now")


def test_a_long_life_is_drawn_from_its_latest_events_on() -> None:
    events = [Event(at=at(-number), succeeded=True) for number in range(1, 200)]
    life = draw_life(issued_at=at(-500), expires_at=at(1), refresh_at=None, events=events, now=NOW)
    assert len(life.marks) == MOST_MARKS + 1
    assert life.marks[0].x == 0.0
    assert life.beginning.startswith("refreshes since")
    assert "refreshed 199 times" in life.summary


def test_a_grant_that_cannot_be_refreshed_any_more_says_so() -> None:
    life = draw_life(issued_at=at(-1), expires_at=at(1), refresh_at=None, events=[], now=NOW, is_ending=True)
    assert (life.is_alive, life.is_ending) == (True, True)
    assert life.summary.endswith("It can't be refreshed any more.")


def test_a_grant_of_this_very_moment_can_be_drawn() -> None:
    life = draw_life(issued_at=NOW, expires_at=NOW, refresh_at=None, events=[], now=NOW)
    assert all(0.0 <= mark.x <= 100.0 for mark in life.marks)
    assert len(life.kinds) == 2
