"""What each operation can answer besides success, for the OpenAPI document."""

from typing import Any, Final

from consentry.api.problems import MEDIA_TYPE

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "An error (RFC 9457): what happened, and in the hint whose move it is.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "hint"],
    "properties": {
        "type": {"type": "string", "description": "Always about:blank; the code tells errors apart."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; the reference of error codes explains each."},
        "detail": {"type": "string", "description": "What happened, for people."},
        "hint": {"type": "string", "description": "Whose move it is, and what to do."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

_SEEN: Final[dict[int, tuple[str, str, str]]] = {
    400: ("The request can't be parsed.", "unreadable", "The body can't be read as JSON."),
    401: ("There is no valid API key or session.", "not_signed_in", "This API key is not known here, or was revoked."),
    403: ("The API key lacks the scope that is needed.", "not_allowed", "This API key lacks the scope admin."),
    404: ("There is nothing here.", "not_found", "There is no credential with this id."),
    405: (
        "The address doesn't know this method.",
        "method_not_allowed",
        "This address can't be used so.",
    ),
    409: ("It contradicts what is there already.", "conflict", "There is a credential with this name already."),
    410: ("The link was used already or has expired.", "gone", "This link was used already or has expired."),
    413: ("The body is too large.", "too_large", "The body is larger than 1048576 bytes."),
    415: ("The body isn't JSON.", "unsupported_media_type", "The body of this request must be JSON."),
    422: ("Some fields are not valid.", "invalid_input", "Some fields are not valid."),
    429: ("Too much in a short time.", "too_many_attempts", "Too many requests with an unknown API key."),
    500: ("Something went wrong inside.", "internal_error", "Something went wrong inside Consentry."),
    502: ("The provider can't be reached or broke the protocol.", "provider_down", "The provider can't be reached."),
    503: ("It passes; try again later.", "storage_busy", "The database can't answer right now."),
    504: ("The provider didn't answer.", "no_answer", "The provider didn't answer in time."),
}
_HEADERS: Final[dict[int, tuple[str, str]]] = {
    401: ("WWW-Authenticate", "The scheme to use."),
    405: ("Allow", "The methods that the address knows."),
    429: ("Retry-After", "Seconds to wait."),
    503: ("Retry-After", "Seconds to wait."),
}
ALWAYS: Final = (400, 401, 403, 405, 413, 415, 422, 429, 500, 503)


def answer(status: int) -> dict[str, Any]:
    """Return the documentation of one error status."""
    description, code, detail = _SEEN[status]
    example: dict[str, Any] = {
        "type": "about:blank",
        "title": description.rstrip("."),
        "status": status,
        "code": code,
        "detail": detail,
        "hint": "Says whose move it is.",
    }
    if status == 422:
        example["errors"] = [{"field": "name", "message": "Credential Name is required."}]
    documented: dict[str, Any] = {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
    if status in _HEADERS:
        name, meaning = _HEADERS[status]
        documented["headers"] = {name: {"description": meaning, "schema": {"type": "string"}}}
    return documented


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of every error that an operation can answer: the usual ones and these."""
    return {status: answer(status) for status in sorted({*ALWAYS, *statuses})}
