from datetime import UTC, datetime, timedelta

import pytest

from consentry.accounts.model import (
    Caller,
    KeyScope,
    Person,
    PersonId,
    Session,
    SessionId,
    check_email,
    check_name,
    check_password,
    with_included,
)
from consentry.errors import NotAllowed

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def session(*, created: timedelta, seen: timedelta, proved: timedelta) -> Session:
    person = Person(
        id=PersonId(1), email="ada@example.com", name="Ada", created_at=NOW, signed_in_at=NOW, disabled_at=None
    )
    return Session(
        id=SessionId(1),
        person=person,
        csrf_token="csrf",
        created_at=NOW - created,
        seen_at=NOW - seen,
        proved_at=NOW - proved,
    )


@pytest.mark.parametrize(
    ("given", "has"),
    [
        ({"read"}, {"read"}),
        ({"use"}, {"use", "read"}),
        ({"token"}, {"token", "read"}),
        ({"use", "token"}, {"use", "token", "read"}),
        ({"admin"}, {"admin", "use", "token", "read"}),
        (set(), set()),
    ],
)
def test_a_scope_brings_those_it_includes_and_no_other(given: set[str], has: set[str]) -> None:
    assert with_included(KeyScope(scope) for scope in given) == {KeyScope(scope) for scope in has}


def test_a_caller_without_the_scope_is_told_which_one_is_missing() -> None:
    caller = Caller(name="key:nightly#1", scopes=frozenset({KeyScope.READ}), ip="127.0.0.1")
    caller.require(KeyScope.READ)
    with pytest.raises(NotAllowed, match="scope token"):
        caller.require(KeyScope.TOKEN)


@pytest.mark.parametrize(
    ("created", "seen", "alive", "reason"),
    [
        (timedelta(0), timedelta(0), True, "it has just begun"),
        (timedelta(days=29), timedelta(hours=11, minutes=59), True, "it is in use"),
        (timedelta(days=1), timedelta(hours=12), False, "nobody has used it for twelve hours"),
        (timedelta(days=30), timedelta(0), False, "thirty days are the most, however busy it is"),
    ],
)
def test_a_session_ends_when_idle_and_when_old(created: timedelta, seen: timedelta, alive: bool, reason: str) -> None:
    assert session(created=created, seen=seen, proved=timedelta(0)).is_alive(NOW) is alive, reason


def test_a_proof_of_the_password_lasts_a_quarter_of_an_hour() -> None:
    assert session(created=timedelta(0), seen=timedelta(0), proved=timedelta(minutes=14)).is_proved(NOW)
    assert not session(created=timedelta(0), seen=timedelta(0), proved=timedelta(minutes=15)).is_proved(NOW)


@pytest.mark.parametrize("name", ["", "   ", "a" * 101, "two\nlines", "nul\0", "lone \ud800"])
def test_names_that_cannot_be_read_are_refused(name: str) -> None:
    assert [wrong.field for wrong in check_name(name)] == ["name"]


@pytest.mark.parametrize("name", ["Ada", "Zoë 🌍 李", "a" * 100])
def test_names_in_any_script_are_taken(name: str) -> None:
    assert check_name(name) == []


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.com", "a b@example.com", "a@b@c", "a" * 250 + "@b.de"])
def test_what_is_no_email_address_is_refused(email: str) -> None:
    assert [wrong.field for wrong in check_email(email)] == ["email"]


def test_an_email_address_may_have_outer_space_and_capitals() -> None:
    assert check_email(" Ada@Example.COM ") == []


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025, "long enough \ud800"])
def test_passwords_that_are_short_or_absurd_are_refused(password: str) -> None:
    assert [wrong.field for wrong in check_password(password)] == ["password"]
