"""Token revocation (RFC 7009): requests made and answers judged, nothing sent."""

from enum import StrEnum
from typing import Literal

from consentry.core.secret import Secret
from consentry.oauth.client_auth import Client, FormRequest, sign


class Revoked(StrEnum):
    """What an answer of the revocation endpoint means for the token."""

    DONE = "done"
    NO_SUCH_ENDPOINT = "no_such_endpoint"
    CLIENT_REJECTED = "client_rejected"
    REFUSED = "refused"
    LATER = "later"


def revoke_request(
    url: str, client: Client, *, token: Secret, kind: Literal["refresh_token", "access_token"]
) -> FormRequest:
    """Make the request that withdraws a token (RFC 7009 §2.1)."""
    return sign(url, {"token": token.reveal(), "token_type_hint": kind}, client)


def read_answer(status: int) -> Revoked:
    """Judge the answer; 200 also stands for a token that the provider doesn't know (RFC 7009 §2.2)."""
    if 200 <= status < 300:
        return Revoked.DONE
    if status in (404, 405, 410):
        return Revoked.NO_SUCH_ENDPOINT
    if status == 401:
        return Revoked.CLIENT_REJECTED
    if status >= 500 or status in (408, 425, 429):
        return Revoked.LATER
    return Revoked.REFUSED
