from datetime import UTC, datetime

import pytest

from consentry.audit import Action, Entry, Outcome
from consentry.web.trail import ACTIONS, actor_words, entry_view

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def entry(action: Action | str, outcome: Outcome | str) -> Entry:
    return Entry(
        id=1, at=NOW, actor="person:ada@example.com", action=action, outcome=outcome, credential_id=5, detail="", ip=""
    )


def test_every_action_has_words() -> None:
    assert set(ACTIONS) == {action.value for action in Action}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("person:ada@example.com", "ada@example.com"),
        ("key:nightly#3", "API key nightly"),
        ("key:odd#name#12", "API key odd#name"),
        ("link of person:ada@example.com", "connect link of ada@example.com"),
        ("link of key:ci#4", "connect link of API key ci"),
        ("consentry", "Consentry"),
        ("somebody", "somebody"),
        ("", ""),
    ],
)
def test_an_actor_is_called_what_people_call_it(name: str, words: str) -> None:
    assert actor_words(name) == words


def test_an_entry_is_told_in_words() -> None:
    view = entry_view(entry(Action.TOKEN_REFRESH, Outcome.FAILED), NOW)
    assert (view.words, view.outcome.words, view.outcome.shape, view.is_done) == (
        "Access token refreshed",
        "Failed",
        "bad",
        False,
    )


def test_an_entry_that_somebody_else_put_there_is_shown_as_it_is() -> None:
    view = entry_view(entry("made.up", "odd"), NOW)
    assert (view.words, view.outcome.words) == ("made.up", "odd")
