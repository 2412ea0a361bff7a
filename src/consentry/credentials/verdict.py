"""What a failed refresh means for a credential: a pure judgement of the error, before anything is written."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from consentry.credentials.model import Status
from consentry.errors import (
    ConsentryError,
    NoAnswer,
    OperatorError,
    ReplyNotUnderstood,
    SealBroken,
)
from consentry.oauth import GrantRefused

LOST_ANSWER: Final = (
    "The answer to an earlier refresh was lost on its way, and the provider no longer accepts the token it replaced."
)


class LostAnswer(GrantRefused):
    """The answer to a refresh was lost, and the provider no longer accepts the token it replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The status that follows, why, and how patiently the next try is put off."""

    status: Status
    code: str
    reason: str
    is_lost: bool  # whether the refresh token may have been spent without an answer
    longest_pause: timedelta | None  # None: there is no next try before somebody acts


def judge(error: ConsentryError, *, answer_was_lost: bool) -> Verdict:
    """Return what a failed refresh means; an error that isn't listed passes by itself."""
    match error:
        case GrantRefused():
            if answer_was_lost or isinstance(error, LostAnswer):
                return _verdict(Status.REAUTHORIZATION_REQUIRED, "answer_lost", LOST_ANSWER, None)
            return _verdict(Status.REAUTHORIZATION_REQUIRED, error.code, error.message, None)
        case SealBroken():
            reason = "A stored secret of this credential can't be opened any more."
            return _verdict(Status.REAUTHORIZATION_REQUIRED, error.code, reason, None)
        case OperatorError():
            return _verdict(Status.REFRESH_FAILING, error.code, error.message, timedelta(hours=1))
        case NoAnswer() | ReplyNotUnderstood():
            pause = timedelta(minutes=15)
            return _verdict(Status.REFRESH_FAILING, error.code, error.message, pause, is_lost=True)
        case _:
            return _verdict(Status.REFRESH_FAILING, error.code, error.message, timedelta(minutes=15))


def _verdict(
    status: Status, code: str, reason: str, longest_pause: timedelta | None, *, is_lost: bool = False
) -> Verdict:
    return Verdict(status=status, code=code, reason=reason, longest_pause=longest_pause, is_lost=is_lost)
