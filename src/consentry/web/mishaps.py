"""Errors as people see them: one page for all of them, and the same words for the page's script."""

from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response

from consentry.core.log import get_logger
from consentry.errors import (
    AuthorizationFailed,
    CallerError,
    Conflict,
    ConsentryError,
    FieldError,
    Gone,
    InvalidInput,
    NotAllowed,
    NotFound,
    NotSignedIn,
    OperatorError,
    OwnerError,
    PassingError,
    ProviderError,
    TooLarge,
    TooManyAttempts,
)
from consentry.web.frame import Page
from consentry.web.visit import Visit

log = get_logger("web")

_STATUS: Final[tuple[tuple[type[ConsentryError], int], ...]] = (  # the first that fits
    (NotFound, 404),
    (Gone, 410),
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (Conflict, 409),
    (InvalidInput, 422),
    (TooLarge, 413),
    (TooManyAttempts, 429),
    (AuthorizationFailed, 400),
    (CallerError, 400),
    (OwnerError, 409),
    (OperatorError, 502),
    (PassingError, 503),
    (ProviderError, 502),
)
_TITLES: Final = {
    400: "This can't be read",
    401: "Sign in first",
    403: "This isn't allowed",
    404: "There is nothing here",
    405: "This can't be done here",
    409: "This can't be done as it is",
    410: "This link no longer works",
    413: "This is too large",
    422: "Some fields need another look",
    429: "Too many attempts",
    502: "The provider didn't play along",
    503: "Not just now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """A way out of an error page."""

    path: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MishapPage(Page):
    """What happened, whose move it is, and where one can go."""

    template: ClassVar[str] = "error.html"
    status: int
    heading: str
    detail: str
    hint: str
    onward: Onward

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.heading


def status_of(error: ConsentryError) -> int:
    """Return the HTTP status that fits an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def errors_of(error: ConsentryError | None) -> tuple[FieldError, ...]:
    """Return what an error says of single fields."""
    return error.errors if isinstance(error, InvalidInput) else ()


def words_of(error: ConsentryError | None) -> tuple[str, str]:
    """Return message and hint of what went wrong beyond single fields; both empty where nothing did."""
    return (error.message, error.hint) if error and not errors_of(error) else ("", "")


def answer_mishap(visit: Visit, error: ConsentryError) -> Response:
    """Answer with what went wrong, as a page or for the page's script."""
    status = status_of(error)
    if visit.wants_json:
        fields = [{"field": fault.field, "message": fault.message} for fault in errors_of(error)]
        answer = visit.say({"code": error.code, "message": error.message, "hint": error.hint, "errors": fields}, status)
    else:
        answer = visit.show(_page(visit, status, error.message, error.hint), status)
    if isinstance(error, TooManyAttempts | PassingError):
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return answer


def answer_status(visit: Visit, status: int) -> Response:
    """Answer with the page of a bare status, such as 404 for an address that leads nowhere."""
    details = {
        404: ("No page has this address.", "Check it, or start from the beginning."),
        405: ("This address can't be used in that way.", "Start from the beginning."),
        500: ("Something went wrong in Consentry. It is in the log.", "Try again; nothing you entered was lost twice."),
    }
    detail, hint = details.get(status, ("The request could not be answered.", "Try again."))
    return visit.show(_page(visit, status, detail, hint), status)


def _page(visit: Visit, status: int, detail: str, hint: str) -> MishapPage:
    onward = Onward(path="/", word="Go to the start")
    if status == 401:
        onward = Onward(path="/signin", word="Sign in")
    heading = _TITLES.get(status, "Something went wrong")
    return MishapPage(status=status, heading=heading, detail=detail, hint=hint, onward=onward)
