"""The authorization response (RFC 6749 §4.1.2, RFC 9207): read and judged, nothing sent.

Only a ValidatedCallback can be exchanged, and only ``judge`` makes one.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from consentry.core.secret import Secret
from consentry.errors import AuthorizationFailed, ClientRejected, ConsentRefused, ConsentryError, ProviderDown

_LONGEST_QUERY: Final = 8_000
_KNOWN: Final = ("code", "state", "error", "iss", "scope")


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """The parameters of a callback, each at most once; still believed in nothing."""

    state: Secret
    code: Secret | None
    error: str | None
    iss: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatedCallback:
    """A code that came from the expected issuer for the expected authorization."""

    code: Secret


def read(query: str) -> Callback:
    """Read the callback's query string; raise AuthorizationFailed when it can't be an authorization response."""
    if len(query) > _LONGEST_QUERY:
        raise AuthorizationFailed("The provider sent an answer that is far too long.")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50, errors="strict")
    except ValueError:
        raise AuthorizationFailed("The provider sent an answer that can't be read.") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found and name in _KNOWN:
            raise AuthorizationFailed("The provider's answer names a parameter twice, so none of it is believed.")
        found[name] = value
    state = found.get("state", "")
    if not state:
        raise AuthorizationFailed("This address was opened without an authorization that belongs to it.")
    code = found.get("code") or None
    return Callback(
        state=Secret(state),
        code=Secret(code) if code else None,
        error=found.get("error") or None,
        iss=found.get("iss") or None,
    )


def judge(callback: Callback, *, issuer: str, iss_required: bool) -> ValidatedCallback:
    """Accept a code of the expected issuer, or raise what the answer means.

    The issuer is compared as a plain string (RFC 9207 §2.4), also for an error, before anything in it is believed.
    """
    if callback.iss is None and iss_required:
        raise AuthorizationFailed("The provider's answer doesn't say who issued it.")
    if callback.iss is not None and callback.iss != issuer:
        raise AuthorizationFailed("The answer came from another provider than the one that was asked.")
    if callback.error is not None:
        raise _meaning(callback.error)
    if callback.code is None:
        raise AuthorizationFailed("The provider's answer has no authorization code.")
    return ValidatedCallback(code=callback.code)


def _meaning(error: str) -> ConsentryError:
    """Map an error code of RFC 6749 §4.1.2.1 to ours; its free text is never shown."""
    match error:
        case "access_denied":
            return ConsentRefused("Consent was refused at the provider.")
        case "unauthorized_client" | "invalid_client":
            return ClientRejected("The provider doesn't let this application ask for consent.")
        case "invalid_scope":
            return AuthorizationFailed(
                "The provider doesn't know this access scope.", hint="Mend the access scope of the credential."
            )
        case "server_error" | "temporarily_unavailable":
            return ProviderDown("The provider had a fault while it asked for consent.")
        case _:
            return AuthorizationFailed("The provider ended the authorization with an error.")
