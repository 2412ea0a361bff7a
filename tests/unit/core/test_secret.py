"""A secret shows itself only to who asks by name."""

import copy
import json
import pickle
import traceback

import pytest

from consentry.core.secret import HIDDEN, Secret, hide_remembered

VALUE = "s3cr3t-value-of-a-test"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r}".format, lambda secret: f"{[secret]}"])
def test_no_way_of_printing_shows_it(show: object) -> None:
    assert callable(show)
    shown = show(Secret(VALUE))
    assert VALUE not in shown
    assert HIDDEN in shown


def test_reveal_shows_it() -> None:
    assert Secret(VALUE).reveal() == VALUE


def test_it_is_equal_to_a_secret_of_the_same_text_and_to_nothing_else() -> None:
    assert Secret(VALUE) == Secret(VALUE)
    assert hash(Secret(VALUE)) == hash(Secret(VALUE))
    assert Secret(VALUE) != Secret(VALUE + "x")
    assert Secret(VALUE) != VALUE


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("x")


@pytest.mark.parametrize(
    ("value", "hint", "reason"),
    [
        ("x" * 12 + "abcd", "abcd", "long enough: four characters tell nothing of the other twelve"),
        ("x" * 11 + "abcd", "", "one shorter: too little would stay hidden"),
        ("", "", "nothing to recognise"),
    ],
)
def test_the_hint_is_short_and_only_of_long_secrets(value: str, hint: str, reason: str) -> None:
    assert Secret(value).hint() == hint, reason


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_never_copied_out_of_its_process(copying: object) -> None:
    assert callable(copying)
    with pytest.raises(TypeError, match="never"):
        copying(Secret(VALUE))


def test_json_refuses_it() -> None:
    with pytest.raises(TypeError):
        json.dumps({"secret": Secret(VALUE)})


def test_a_traceback_with_it_as_argument_shows_nothing() -> None:
    with pytest.raises(ValueError, match="no good") as caught:
        raise ValueError("no good", Secret(VALUE))
    assert VALUE not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "value",
    ["plain-word_123456", "with spaces and / signs", "ünïcode-sécret", "dotted.jwt.value-123", "a+b/c==/long-enough"],
)
def test_text_that_holds_a_known_secret_is_hidden(value: str) -> None:
    Secret(value)
    assert hide_remembered(f"before {value} after, ({value})") == f"before {HIDDEN} after, ({HIDDEN})"


def test_words_shorter_than_a_secret_stay_readable() -> None:
    Secret("short")
    assert hide_remembered("a short word") == "a short word"
