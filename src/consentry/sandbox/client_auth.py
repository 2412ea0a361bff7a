"""Which application calls: client_secret_post, client_secret_basic or no secret at all (RFC 6749 section 2.3)."""

import base64
import binascii
from urllib.parse import unquote_plus

from consentry.sandbox.applications import Application, Applications
from consentry.sandbox.grants import Refused


def authenticate(applications: Applications, header: str | None, form: dict[str, str]) -> Application:
    """Return the application that proved who it is; raises Refused."""
    if header is None:
        return _check(applications, form.get("client_id"), form.get("client_secret"))
    if "client_secret" in form:
        raise Refused("invalid_request", "The client authenticated in two ways at once.")
    client_id, secret = _parse_basic(header)
    if form.get("client_id", client_id) != client_id:
        raise Refused("invalid_request", "client_id differs between header and body.")
    return _check(applications, client_id, secret)


def _parse_basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise Refused("invalid_client", "Only the Basic scheme is understood here.", status=401)
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused("invalid_client", "The Authorization header can't be read.", status=401) from error
    if not colon:
        raise Refused("invalid_client", "The Authorization header has no secret.", status=401)
    return unquote_plus(client_id), unquote_plus(secret)


def _check(applications: Applications, client_id: str | None, secret: str | None) -> Application:
    if not client_id:
        raise Refused("invalid_request", "client_id is missing.")
    application = applications.find(client_id)
    if application is None:
        raise Refused("invalid_client", "The application is unknown.", status=401)
    if application.kind == "installed":
        if secret:
            raise Refused("invalid_client", "An installed application has no client secret.", status=401)
        return application
    if not secret or not application.has_secret(secret):
        raise Refused("invalid_client", "The client secret is wrong.", status=401)
    return application
