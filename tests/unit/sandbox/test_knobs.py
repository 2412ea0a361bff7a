"""The knobs as one checked value."""

import msgspec
import pytest

from consentry.sandbox.knobs import Knobs, describe


def test_a_change_leaves_the_original_alone() -> None:
    original = Knobs()
    changed = original.changed({"rotation": "keep", "rate_limit": None})
    assert (original.rotation, changed.rotation, changed.rate_limit) == ("rotate", "keep", None)


@pytest.mark.parametrize(
    "changes",
    [{"rotation": "never"}, {"unknown": 1}, {"access_token_seconds": "soon"}, {"code_seconds": 0}, {"rate_limit": -1}],
)
def test_a_wrong_change_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        Knobs().changed(changes)


def test_every_knob_is_explained() -> None:
    notes = describe()
    assert [note.name for note in notes] == list(Knobs.__struct_fields__)
    assert all(len(note.description) > 10 for note in notes)
    assert next(note for note in notes if note.name == "iss").choices == ("absent", "right", "wrong")
