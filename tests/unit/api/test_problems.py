import json

import pytest

from consentry import errors
from consentry.api.problems import STATUSES, method_not_allowed, no_such_address, problem_of, status_of, unexpected
from consentry.credentials import InUse, Use


def every_class(root: type[errors.ConsentryError]) -> list[type[errors.ConsentryError]]:
    return [root, *(found for child in root.__subclasses__() for found in every_class(child))]


def example(kind: type[errors.ConsentryError]) -> errors.ConsentryError:
    if issubclass(kind, errors.InvalidInput):
        return kind(errors.FieldError(field="name", message="Enter a name."))
    if issubclass(kind, errors.TooManyAttempts):
        return kind(retry_after=0.2)
    if issubclass(kind, InUse):
        return kind((Use(kind="source", id=1, name="Nightly"),))
    return kind()


@pytest.mark.parametrize("kind", every_class(errors.ConsentryError), ids=lambda kind: kind.__name__)
def test_every_error_has_one_shape(kind: type[errors.ConsentryError]) -> None:
    problem = problem_of(example(kind))
    document = json.loads(problem.body())
    assert document.keys() >= {"type", "title", "status", "code", "detail", "hint"}
    assert document["code"] == kind.code
    assert 400 <= document["status"] <= 599


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.Unreadable, 400),
        (errors.InvalidInput, 422),
        (errors.NotSignedIn, 401),
        (errors.NotAllowed, 403),
        (errors.ScopeMissing, 403),
        (errors.NotFound, 404),
        (errors.Conflict, 409),
        (errors.AuthorizationRequired, 409),
        (errors.ReauthorizationRequired, 409),
        (errors.Gone, 410),
        (errors.TooLarge, 413),
        (errors.TooManyAttempts, 429),
        (errors.RateLimited, 429),
        (errors.KeyMissing, 500),
        (errors.ProviderDown, 502),
        (errors.RefreshFailing, 503),
        (errors.StorageBusy, 503),
        (errors.NoAnswer, 504),
    ],
)
def test_the_table_says_what_the_design_says(kind: type[errors.ConsentryError], status: int) -> None:
    assert status_of(example(kind)) == status


def test_the_table_names_no_class_in_vain() -> None:
    assert set(STATUSES) <= set(every_class(errors.ConsentryError))


def test_whoever_must_wait_is_told_whole_seconds() -> None:
    assert problem_of(errors.TooManyAttempts(retry_after=0.2)).headers["Retry-After"] == "1"
    assert problem_of(errors.RateLimited(retry_after=12.1)).headers["Retry-After"] == "13"


def test_who_is_not_signed_in_is_told_how() -> None:
    assert problem_of(errors.NotSignedIn()).headers["WWW-Authenticate"].startswith("Bearer")


def test_users_of_a_credential_stand_in_the_problem() -> None:
    document = json.loads(problem_of(InUse((Use(kind="destination", id=3, name="Back"),))).body())
    assert document["used_by"] == {"sources": [], "destinations": [{"id": 3, "name": "Back"}]}


def test_problems_that_are_no_errors_have_the_same_shape() -> None:
    for problem in (method_not_allowed({"POST", "GET"}), no_such_address(), unexpected()):
        assert json.loads(problem.body()).keys() >= {"type", "title", "status", "code", "detail", "hint"}
    assert method_not_allowed({"POST", "GET"}).headers["Allow"] == "GET, POST"
