import re
from typing import get_args

from consentry.web.drawing import STATIC
from consentry.web.sayings import State, sayings_for

SCRIPT = (STATIC / "consent.js").read_text()


def test_every_state_of_the_consent_has_words() -> None:
    assert [saying.name for saying in sayings_for("Capsule")] == list(get_args(State))


def test_the_script_says_nothing_that_has_no_words() -> None:
    said = set(re.findall(r'\bsay\("(\w+)"', SCRIPT)) | set(re.findall(r'\? "(\w+)" : "(\w+)"', SCRIPT)[0])
    assert said == set(get_args(State))


def test_every_button_does_something_that_the_script_knows() -> None:
    does = {button.does for saying in sayings_for("Capsule") for button in saying.buttons}
    assert does == set(re.findall(r'what === "(\w+)"', SCRIPT))


def test_the_provider_is_called_by_its_name() -> None:
    assert sayings_for("Capsule")[0].words == "Opening Capsule."
    assert not any("{" in saying.words for saying in sayings_for("Capsule"))
