"""An error that a server answered with is the same error here."""

from collections.abc import Iterator
from importlib import import_module

import pytest

from consentry import errors
from consentry.api.problems import problem_of
from consentry.desk.problem import error_of
from consentry.errors import ConsentryError, FieldError, InvalidInput


def tree(root: type[ConsentryError]) -> Iterator[type[ConsentryError]]:
    yield root
    for branch in root.__subclasses__():
        if branch.__module__ == "consentry.errors":
            yield from tree(branch)


def make(kind: type[ConsentryError]) -> ConsentryError:
    if issubclass(kind, InvalidInput):
        return kind(FieldError(field="name", message="Enter a name."))
    if issubclass(kind, errors.TooManyAttempts):
        return kind(retry_after=7)
    if issubclass(kind, errors.PassingError):
        return kind("It rains.", hint="Wait.", retry_after=7)
    return kind("It rains.", hint="Take an umbrella.")


@pytest.mark.parametrize("kind", list(tree(ConsentryError)))
def test_every_error_survives_the_way(kind: type[ConsentryError]) -> None:
    sent = make(kind)
    problem = problem_of(sent)
    headers = {name.lower(): value for name, value in problem.headers.items()}
    arrived = error_of(problem.status, headers, problem.body())
    assert type(arrived) is kind
    assert (arrived.message, arrived.hint) == (sent.message, sent.hint)
    if isinstance(sent, InvalidInput):
        assert isinstance(arrived, InvalidInput)
        assert list(arrived.errors) == list(sent.errors)
    if isinstance(sent, errors.PassingError) and "retry-after" in headers:
        assert isinstance(arrived, errors.PassingError)
        assert arrived.retry_after == 7


def test_an_error_that_a_room_derives_for_itself_stands_for_nobody_else() -> None:
    import_module("consentry.metering")
    arrived = error_of(503, {}, problem_of(errors.ProviderDown("It rains.")).body())
    assert type(arrived) is errors.ProviderDown


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"code": 3}', b'{"code": ""}', b"\xff"])
def test_what_no_consentry_sent_is_said(body: bytes) -> None:
    error = error_of(502, {}, body)
    assert type(error) is errors.OperatorError
    assert "502" in error.message
    assert "CONSENTRY_URL" in error.hint


@pytest.mark.parametrize(
    ("status", "kind"), [(418, errors.CallerError), (503, errors.PassingError), (500, ConsentryError)]
)
def test_a_code_of_a_later_release_is_judged_by_its_status(status: int, kind: type[ConsentryError]) -> None:
    error = error_of(status, {"retry-after": "3"}, b'{"code": "brand_new", "detail": "New.", "hint": "Look."}')
    assert type(error) is kind
    assert (error.message, error.hint) == ("New.", "Look.")
