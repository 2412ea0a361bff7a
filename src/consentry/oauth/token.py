"""The token endpoint (RFC 6749 §4.1.3, §5, §6): requests made and replies judged, nothing sent.

A refused refresh says whose move it is by its class: GrantRefused is the owner's, ClientRejected the operator's,
ProviderDown nobody's. Whatever can't be believed is ReplyNotUnderstood, and then the token may have been spent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeGuard

import msgspec

from consentry.core.secret import Secret
from consentry.errors import ClientRejected, ConsentryError, OwnerError, ProviderDown, ReplyNotUnderstood
from consentry.oauth.client_auth import Client, FormRequest, sign

LONGEST_LIFETIME: Final = timedelta(days=366)
"""No access token is believed to live longer; absurd numbers are cut to this."""
_LONGEST_TOKEN: Final = 16_384


class GrantRefused(OwnerError):
    """The provider no longer accepts this grant."""

    code = "invalid_grant"
    default_hint = "Authorize the credential again."


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenReply:
    """What the provider issued, as far as it can be believed."""

    access_token: Secret
    refresh_token: Secret | None
    scope: str | None  # None: as asked (RFC 6749 §5.1)
    lifetime: timedelta | None  # None: the reply doesn't say it
    lifetime_is_odd: bool  # a number came that can't be meant
    extra: Mapping[str, object]  # the other members, for the connector to look into


def exchange_request(url: str, client: Client, *, code: Secret, redirect_uri: str, verifier: Secret) -> FormRequest:
    """Make the request that exchanges a code (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
    form = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": redirect_uri,
        "code_verifier": verifier.reveal(),
    }
    return sign(url, form, client)


def refresh_request(url: str, client: Client, *, refresh_token: Secret) -> FormRequest:
    """Make the request that refreshes a grant (RFC 6749 §6); without a scope it keeps what was granted."""
    return sign(url, {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}, client)


def read_reply(status: int, content_type: str, body: bytes) -> TokenReply:
    """Judge a token endpoint's answer; raise GrantRefused, ClientRejected, ProviderDown or ReplyNotUnderstood."""
    members = _members(body) if "json" in content_type.lower() or body.lstrip()[:1] == b"{" else None
    if status == 200:
        return _read_success(members)
    raise _read_refusal(status, body, members)


def _members(body: bytes) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _read_success(members: dict[str, Any] | None) -> TokenReply:
    if members is None:
        raise ReplyNotUnderstood("The provider answered the token request with something that isn't JSON.")
    if members.get("error"):
        raise _refusal_by_code(str(members["error"]))
    access_token = members.get("access_token")
    if not _is_token(access_token):
        raise ReplyNotUnderstood("The provider's token reply has no access token.")
    if str(members.get("token_type", "")).lower() != "bearer":
        raise ReplyNotUnderstood("The provider's token reply isn't for a bearer token.")
    refresh_token = members.get("refresh_token")
    lifetime, odd = _lifetime(members.get("expires_in"))
    known = ("access_token", "refresh_token", "id_token", "token_type", "expires_in", "scope")
    return TokenReply(
        access_token=Secret(access_token),
        refresh_token=Secret(refresh_token) if _is_token(refresh_token) else None,
        scope=_scope(members.get("scope")),
        lifetime=lifetime,
        lifetime_is_odd=odd,
        extra={name: value for name, value in members.items() if name not in known},
    )


def _is_token(value: object) -> TypeGuard[str]:
    """Tell whether a value can go into a header: visible ASCII (RFC 6749 §A.12) of a sane length."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TOKEN and all("!" <= sign <= "~" for sign in value)


def _scope(value: object) -> str | None:
    """Read the scope that was granted, without what no scope can be (RFC 6749 §A.4)."""
    words = value.split() if isinstance(value, str) else []
    return " ".join(word for word in words if all("!" <= sign <= "~" and sign not in '"\\' for sign in word)) or None


def _lifetime(value: object) -> tuple[timedelta | None, bool]:
    """Read expires_in; return the lifetime, and whether what came can't be meant."""
    if value is None:
        return None, False
    try:
        seconds = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if math.isnan(seconds) or seconds <= 0:
        return None, True
    return timedelta(seconds=min(seconds, LONGEST_LIFETIME.total_seconds())), False


def _read_refusal(status: int, body: bytes, members: dict[str, Any] | None) -> ConsentryError:
    if status >= 500 or status in (408, 425, 429):
        return ProviderDown(f"The provider's token endpoint has a fault (HTTP {status}).")
    error = (members or {}).get("error")
    if isinstance(error, str) and error:
        return _refusal_by_code(error)
    # Not every provider names its errors: a plain 400 or 401 counts as a refused grant, an HTML page never does.
    if status in (400, 401) and (members is not None or not body.strip()):
        return GrantRefused(f"The provider refused the grant without saying why (HTTP {status}).")
    return ReplyNotUnderstood(f"The provider's token endpoint sent an answer that can't be understood (HTTP {status}).")


def _refusal_by_code(error: str) -> ConsentryError:
    """Map an error code of RFC 6749 §5.2 to whose move it is; its free text is never shown."""
    match error:
        case "invalid_grant":
            return GrantRefused(
                "The provider no longer accepts this grant: it was withdrawn, has expired, or was used."
            )
        case "invalid_client" | "unauthorized_client":
            return ClientRejected("The provider refused the client ID or client secret.")
        case "temporarily_unavailable" | "server_error" | "slow_down":
            return ProviderDown("The provider's token endpoint has a fault for now.")
        case "invalid_request" | "unsupported_grant_type" | "invalid_scope":
            return ClientRejected("The provider refused the form of the token request.")
        case _:
            return GrantRefused("The provider refused the grant with an error of its own.")
