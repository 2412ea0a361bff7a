"""Every error of the API as a problem document (RFC 9457): one table from error class to status."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

import msgspec
from starlette.responses import Response

from consentry import errors
from consentry.credentials import InUse, Use
from consentry.errors import ConsentryError, FieldError, InvalidInput, NotFound

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final[dict[type[ConsentryError], int]] = {
    errors.CallerError: 400,
    errors.Unreadable: 400,
    errors.NotSignedIn: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.InvalidInput: 422,
    errors.TooManyAttempts: 429,
    errors.OwnerError: 409,
    errors.ScopeMissing: 403,
    errors.ClientRejected: 409,
    errors.RedirectNotRegistered: 409,
    errors.OperatorError: 500,
    errors.PassingError: 503,
    errors.RateLimited: 429,
    errors.ProviderDown: 502,
    errors.NoAnswer: 504,
    errors.ProviderError: 502,
    errors.DataError: 409,
    ConsentryError: 500,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as it is answered."""

    status: int
    code: str
    detail: str
    hint: str
    errors: Sequence[FieldError] = ()
    more: Mapping[str, object] = field(default_factory=dict)  # members that this kind of problem has beside the others
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the document."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "hint": self.hint,
        }
        if self.errors:
            document["errors"] = [{"field": wrong.field, "message": wrong.message} for wrong in self.errors]
        return msgspec.json.encode(document | dict(self.more))

    def with_headers(self, more: Mapping[str, str]) -> "Problem":
        """Return the problem with further headers."""
        return replace(self, headers={**self.headers, **more})

    def response(self) -> Response:
        """Return the answer for a face."""
        return Response(self.body(), self.status, self.headers, media_type=MEDIA_TYPE)


def status_of(error: ConsentryError) -> int:
    """Return the status of an error: that of its class, or of the nearest class above it."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def problem_of(error: ConsentryError) -> Problem:
    """Return the problem document for one of our errors."""
    status = status_of(error)
    return Problem(
        status=status,
        code=error.code,
        detail=error.message,
        hint=error.hint,
        errors=error.errors if isinstance(error, InvalidInput) else (),
        more={"used_by": group_uses(error.uses)} if isinstance(error, InUse) else {},
        headers=_headers(status, getattr(error, "retry_after", None)),
    )


def group_uses(uses: Iterable[Use]) -> dict[str, list[dict[str, object]]]:
    """Return who uses a credential, as answers show it."""
    grouped: dict[str, list[dict[str, object]]] = {"sources": [], "destinations": []}
    for use in uses:
        grouped[f"{use.kind}s"].append({"id": use.id, "name": use.name})
    return grouped


def _headers(status: int, retry_after: float | None) -> dict[str, str]:
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="consentry"'
    if retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after)))
    return headers


def method_not_allowed(methods: Iterable[str]) -> Problem:
    """Return the problem for a method that the address doesn't know."""
    allowed = ", ".join(sorted(methods))
    return Problem(
        status=405,
        code="method_not_allowed",
        detail="This address can't be used with this method.",
        hint=f"Use {allowed}.",
        headers={"Allow": allowed},
    )


def no_such_address() -> Problem:
    """Return the problem for an address that doesn't exist."""
    return problem_of(NotFound("There is no such address here."))


def unsupported_media_type() -> Problem:
    """Return the problem for a body that isn't JSON."""
    return Problem(
        status=415,
        code="unsupported_media_type",
        detail="The body of this request must be JSON.",
        hint="Send it with the header Content-Type: application/json.",
    )


def form_refused() -> Problem:
    """Return the problem for a form where the file itself is wanted."""
    return Problem(
        status=415,
        code="unsupported_media_type",
        detail="The body of this request must be the file itself, not a form.",
        hint="Send the file's bytes as they are, as curl does with --data-binary @file or -T file.",
    )


def not_ready(reason: str) -> Problem:
    """Return the problem for a process that requests should not be sent to yet."""
    return Problem(
        status=503,
        code="not_ready",
        detail=reason,
        hint="Wait a moment; if it stays so, whoever runs this Consentry finds the reason in its log.",
        headers={"Retry-After": "5"},
    )


def unexpected() -> Problem:
    """Return the last resort: the reason is in the log, never in the answer."""
    return Problem(
        status=500,
        code="internal_error",
        detail="Something went wrong inside Consentry.",
        hint="Try again; if it stays so, whoever runs this Consentry finds the reason in its log by the request id.",
    )
