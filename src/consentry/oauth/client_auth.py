"""Client authentication at token and revocation endpoints (RFC 6749 §2.3.1): one way per application, never both."""

import base64
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote_plus

from consentry.core.secret import Secret


class ClientAuth(StrEnum):
    """How the application proves itself at the token endpoint."""

    POST = "client_secret_post"
    BASIC = "client_secret_basic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """The OAuth application that acts."""

    client_id: str
    client_secret: Secret
    auth: ClientAuth


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRequest:
    """A POST to the token or revocation endpoint, ready to leave."""

    url: str
    form: dict[str, str]
    headers: dict[str, str]

    def __repr__(self) -> str:
        return f"FormRequest(url={self.url!r}, fields={sorted(self.form)})"


def sign(url: str, form: dict[str, str], client: Client) -> FormRequest:
    """Add the client's proof to a request, in the one way that the provider registered."""
    if client.auth is ClientAuth.POST:
        proof = {"client_id": client.client_id, "client_secret": client.client_secret.reveal()}
        return FormRequest(url=url, form=form | proof, headers={})
    # both halves are form-encoded before they are joined, so that a colon in one of them can't move the border
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret.reveal())}"
    header = "Basic " + base64.b64encode(pair.encode()).decode()
    return FormRequest(url=url, form=form, headers={"Authorization": header})
