"""The state of a credential in words, with the shape and colour that go with them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, assert_never

from consentry.connectors import Account
from consentry.credentials import Credential, Status
from consentry.web.moments import clock, day, relative

Shape = Literal["ok", "same", "waiting", "warn", "bad"]

_WHY_AGAIN: Final = {
    "invalid_grant": "access was withdrawn in {provider}",
    "answer_lost": "an answer of {provider} was lost on its way",
    "no_refresh_token": "the access token has expired and {provider} gave no refresh token",
    "seal_broken": "its stored secrets can't be opened",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWords:
    """What a page says of a credential's state."""

    shape: Shape
    words: str
    detail: str = ""  # the reason in full, where the words leave something out


def account_name(account: Account | None) -> str:
    """Return how people call an account at the provider, or nothing when the provider doesn't say."""
    return (account.subdomain or account.name or account.user or "") if account else ""


def status_words(credential: Credential, provider: str, now: datetime) -> StatusWords:
    """Say how a credential is, and whose move it is."""
    match credential.status:
        case Status.AUTHORIZED:
            return _authorized(credential)
        case Status.AUTHORIZATION_REQUIRED:
            return StatusWords(shape="waiting", words="Waiting for consent", detail=credential.status_reason)
        case Status.REFRESH_FAILING:
            return _failing(credential, now)
        case Status.REAUTHORIZATION_REQUIRED:
            why = _WHY_AGAIN.get(credential.status_code, "").format(provider=provider)
            words = f"Authorize again: {why}" if why else "Authorize again"
            return StatusWords(shape="bad", words=words, detail=credential.status_reason)
        case _:
            assert_never(credential.status)


def _authorized(credential: Credential) -> StatusWords:
    name = account_name(credential.grant.account if credential.grant else None)
    words = f"Connected to {name}" if name else "Connected"
    if credential.pending_grant is not None:
        other = account_name(credential.pending_grant.account) or "another account"
        return StatusWords(shape="warn", words=f"{words}; consent came from {other}", detail="Decide which to keep.")
    if credential.pending_change:
        return StatusWords(shape="warn", words=f"{words}; a change waits for consent", detail="Authorize again.")
    return StatusWords(shape="ok", words=words)


def _failing(credential: Credential, now: datetime) -> StatusWords:
    since = credential.status_since
    when = clock(since) if day(since) == day(now) else f"{day(since)}, {clock(since)}"
    words = f"Refresh failing since {when}"
    if credential.refresh_at is not None:
        soon = credential.refresh_at <= now
        words += ", next try " + ("in a moment" if soon else relative(credential.refresh_at, now))
    return StatusWords(shape="warn", words=words, detail=credential.status_reason)
