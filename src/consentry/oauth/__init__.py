"""OAuth 2.0 as pure functions over values: one section of an RFC a file, and no way out to the network."""

from consentry.oauth import callback, pkce, revoke, token
from consentry.oauth.callback import Callback, ValidatedCallback
from consentry.oauth.client_auth import Client, ClientAuth, FormRequest
from consentry.oauth.messages import authorization_url
from consentry.oauth.token import GrantRefused, TokenReply

__all__ = [
    "Callback",
    "Client",
    "ClientAuth",
    "FormRequest",
    "GrantRefused",
    "TokenReply",
    "ValidatedCallback",
    "authorization_url",
    "callback",
    "pkce",
    "revoke",
    "token",
]
