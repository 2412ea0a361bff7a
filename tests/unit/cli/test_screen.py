"""What a command shows: to people, to scripts, and when it fails."""

import io
import json
from datetime import UTC, datetime

import pytest

from consentry import errors
from consentry.cli.screen import Screen, describe, facts, moment, plain, table, whose_move
from consentry.errors import ConsentryError, FieldError, InvalidInput


class Shown:
    """A screen whose two streams can be read."""

    def __init__(self, *, json: bool = False) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.screen = Screen(json=json, out=self.out, err=self.err)


def test_people_get_the_picture_and_scripts_the_document() -> None:
    people, script = Shown(), Shown(json=True)
    for shown in (people, script):
        shown.screen.answer({"at": datetime(2026, 1, 2, 3, 4, tzinfo=UTC)}, plain("a picture"))
    assert people.out.getvalue() == "a picture\n"
    assert json.loads(script.out.getvalue()) == {"at": "2026-01-02T03:04:00Z"}


def test_what_is_said_on_the_way_stays_off_the_answer() -> None:
    for shown in (Shown(), Shown(json=True)):
        shown.screen.say("waiting")
        with shown.screen.waiting("for a while"), shown.screen.progress("counting") as advance:
            advance(1, 2)
        assert shown.out.getvalue() == ""
        assert "waiting\n" in shown.err.getvalue()


def test_a_failure_says_what_happened_whose_move_it_is_and_what_to_do() -> None:
    shown = Shown()
    shown.screen.fail(errors.ClientRejected())
    words = shown.err.getvalue()
    assert "The provider refused the client ID or client secret." in words
    assert "Whose move: whoever runs Consentry." in words
    assert "What to do: Copy the client ID and secret again" in words
    assert shown.out.getvalue() == ""


def test_a_failure_is_one_document_for_scripts() -> None:
    shown = Shown(json=True)
    shown.screen.fail(InvalidInput(FieldError(field="name", message="Enter a name.")))
    assert json.loads(shown.out.getvalue()) == {
        "error": {
            "code": "invalid_input",
            "detail": "Some fields are not valid.",
            "hint": "Mend the fields named in errors, then send again.",
            "whose_move": "yours",
            "errors": [{"field": "name", "message": "Enter a name."}],
        }
    }
    assert shown.err.getvalue() == ""


def test_fields_that_are_wrong_are_named_to_people_too() -> None:
    shown = Shown()
    shown.screen.fail(InvalidInput(FieldError(field="scope", message="Too long.")))
    assert "scope: Too long." in shown.err.getvalue()


@pytest.mark.parametrize(
    ("error", "who"),
    [
        (errors.NotFound(), "yours"),
        (errors.ReauthorizationRequired(), "the owner of the outside account"),
        (errors.KeyMissing(), "whoever runs Consentry"),
        (errors.ProviderDown(), "nobody's; it passes"),
        (errors.ReplyNotUnderstood(), "the provider's"),
        (errors.SealBroken(), "whoever looks after this record"),
    ],
)
def test_every_branch_of_the_tree_has_somebody_to_move(error: ConsentryError, who: str) -> None:
    assert whose_move(error) == who


def test_what_passes_says_when_to_come_again() -> None:
    assert describe(errors.RateLimited(retry_after=30))["retry_after"] == 30


def test_no_name_can_paint_the_terminal_or_speak_markup() -> None:
    shown = Shown()
    hostile = "[red]\x1b[31m\x07\u202eevil[/red]"
    shown.screen.answer(None, table(("Name",), [(hostile,)], nothing=""), facts([("Name", hostile)]))
    shown.screen.say(hostile)
    for words in (shown.out.getvalue(), shown.err.getvalue()):
        assert "\x1b" not in words
        assert "\x07" not in words
        assert "\u202e" not in words
        assert "[red]" in words


def test_an_empty_table_is_a_sentence() -> None:
    shown = Shown()
    shown.screen.answer([], table(("Name",), [], nothing="Nothing yet."))
    assert shown.out.getvalue() == "Nothing yet.\n"


def test_cells_say_moments_and_gaps() -> None:
    shown = Shown()
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    shown.screen.answer(None, table(("At", "None", "Empty", "Zero"), [(at, None, "", 0)], nothing=""))
    assert shown.out.getvalue().splitlines()[1].split() == ["2026-01-02", "03:04", "UTC", "-", "-", "0"]
    assert moment(None) == "-"


def test_nobody_watches_a_script() -> None:
    assert not Shown().screen.is_watched
    assert not Shown(json=True).screen.is_watched
