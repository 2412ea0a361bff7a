"""Reads a server's problem documents (RFC 9457) back into the errors that they were."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from consentry import errors
from consentry.errors import CallerError, ConsentryError, FieldError, InvalidInput, PassingError, TooManyAttempts

_PATIENCE: Final = 5.0


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What a problem document of Consentry says."""

    code: str = ""
    detail: str = ""
    hint: str = ""
    errors: list[FieldError] = []


def _tree(root: type[ConsentryError]) -> dict[str, type[ConsentryError]]:
    """Return the errors by their codes; what a room derives for itself never travels."""
    known = {root.code: root}
    for branch in root.__subclasses__():
        if branch.__module__ == errors.__name__:
            known |= _tree(branch)
    return known


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> ConsentryError:
    """Return the error that a server answered with; what isn't a problem document of ours says so."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.MsgspecError:
        problem = Problem()
    if not problem.code:
        return errors.OperatorError(
            f"The server answered {status}, and not in the way of Consentry.",
            hint="Check that CONSENTRY_URL is the address of a Consentry, as its people see it.",
        )
    kind = _tree(ConsentryError).get(problem.code, _kind_of(status))
    return _make(kind, problem, _retry_after(headers))


def _kind_of(status: int) -> type[ConsentryError]:
    return CallerError if 400 <= status < 500 else PassingError if status == 503 else ConsentryError


def _make(kind: type[ConsentryError], problem: Problem, retry_after: float) -> ConsentryError:
    if issubclass(kind, InvalidInput):
        return kind(*problem.errors, message=problem.detail)
    if issubclass(kind, TooManyAttempts):
        return kind(problem.detail, retry_after=retry_after)
    named: dict[str, Any] = {"retry_after": retry_after} if issubclass(kind, PassingError) else {}
    return kind(problem.detail or None, hint=problem.hint or None, **named)


def _retry_after(headers: Mapping[str, str]) -> float:
    value = headers.get("retry-after", "")
    return float(value) if value.isdecimal() else _PATIENCE
