"""The authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3): the address that the browser is sent to."""

from urllib.parse import quote, urlencode

from consentry.core.secret import Secret
from consentry.oauth import pkce


def authorization_url(
    endpoint: str, *, client_id: str, redirect_uri: str, scope: str, state: Secret, verifier: Secret
) -> str:
    """Return the authorization request; the code verifier itself never leaves, only its challenge."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state.reveal(),
        "code_challenge": pkce.challenge(verifier),
        "code_challenge_method": pkce.METHOD,
    }
    return endpoint + "?" + urlencode(query, quote_via=quote)
