"""The error tree: stable codes, words for people, and whose move it is."""

import inspect
import pickle
import re
from collections.abc import Iterator

import pytest

from consentry import errors
from consentry.errors import ConsentryError, FieldError, InvalidInput, PassingError, TooManyAttempts


def tree(root: type[ConsentryError] = ConsentryError) -> Iterator[type[ConsentryError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


CLASSES = sorted(set(tree()), key=lambda kind: kind.__name__)
FAMILIES = {kind.__name__ for kind in ConsentryError.__subclasses__()}


def test_every_error_class_of_the_module_stands_in_the_one_tree() -> None:
    declared = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
    assert declared == set(CLASSES)


def test_codes_are_given_once_and_are_words() -> None:
    codes = [kind.code for kind in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


def test_every_class_declares_a_code_of_its_own() -> None:
    assert [kind.__name__ for kind in CLASSES if "code" not in vars(kind)] == []


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_docstring_is_one_sentence_for_people(kind: type[ConsentryError]) -> None:
    words = (kind.__doc__ or "").strip().split("\n")[0]
    assert re.fullmatch(r"[A-Z].*\.", words)
    assert "!" not in words


def test_the_drawing_at_the_top_names_every_class() -> None:
    drawn = set(re.findall(r"[A-Z]\w+", errors.__doc__ or ""))
    assert {kind.__name__ for kind in CLASSES} <= drawn


def test_the_message_is_the_docstring_unless_another_is_given() -> None:
    assert str(errors.NotFound()) == "There is nothing here."
    assert str(errors.NotFound("No credential 7.")) == "No credential 7."


def test_a_hint_of_its_own_replaces_the_default_even_when_it_is_empty() -> None:
    assert errors.NotFound().hint == errors.NotFound.default_hint
    assert errors.NotFound(hint="Look again.").hint == "Look again."
    assert errors.NotFound(hint="").hint == ""


def test_what_passes_says_when_to_come_back() -> None:
    passing = [kind for kind in CLASSES if issubclass(kind, PassingError)]
    assert passing
    assert all(kind(retry_after=7.0).retry_after == 7.0 for kind in passing)
    assert TooManyAttempts(retry_after=3.0).retry_after == 3.0


def test_invalid_input_names_its_fields() -> None:
    error = InvalidInput(FieldError(field="name", message="is required"))
    assert [(one.field, one.message) for one in error.errors] == [("name", "is required")]


def test_families_are_the_six_answers_to_whose_move_it_is() -> None:
    assert {"CallerError", "OwnerError", "OperatorError", "PassingError", "ProviderError", "DataError"} == FAMILIES


def test_errors_cross_process_borders_whole() -> None:
    crossed = pickle.loads(pickle.dumps(errors.RateLimited("Wait.", retry_after=9.0)))
    assert (crossed.message, crossed.retry_after) == ("Wait.", 9.0)
