"""An application proves itself in the one way that is registered, never in both and never in the address."""

import base64
from typing import Literal
from urllib.parse import unquote_plus

import pytest

from consentry.core.secret import Secret
from consentry.oauth import Client, ClientAuth, FormRequest, revoke
from consentry.oauth.client_auth import sign
from consentry.oauth.revoke import Revoked

URL = "https://p.example.com/oauth/token"


def signed(auth: ClientAuth, client_id: str = "client", secret: str = "secret") -> FormRequest:
    return sign(URL, {"a": "b"}, Client(client_id=client_id, client_secret=Secret(secret), auth=auth))


def test_by_post_the_proof_stands_in_the_body_alone() -> None:
    request = signed(ClientAuth.POST)
    assert request.form == {"a": "b", "client_id": "client", "client_secret": "secret"}
    assert request.headers == {}
    assert request.url == URL


def test_by_basic_the_proof_stands_in_the_header_alone() -> None:
    request = signed(ClientAuth.BASIC)
    assert request.form == {"a": "b"}
    assert request.url == URL
    assert base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"client:secret"


@pytest.mark.parametrize(("client_id", "secret"), [("a:b", "c"), ("a", "b:c"), ("ä ö", "% +/="), ("", "x")])
def test_both_halves_are_encoded_so_that_a_colon_cannot_move_the_border(client_id: str, secret: str) -> None:
    header = signed(ClientAuth.BASIC, client_id, secret).headers["Authorization"]
    first, second = base64.b64decode(header.removeprefix("Basic ")).decode().split(":")
    assert (unquote_plus(first), unquote_plus(second)) == (client_id, secret)


@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
def test_a_revocation_names_token_and_kind(kind: Literal["refresh_token", "access_token"]) -> None:
    client = Client(client_id="client", client_secret=Secret("secret"), auth=ClientAuth.POST)
    request = revoke.revoke_request(URL, client, token=Secret("the-token"), kind=kind)
    assert (request.form["token"], request.form["token_type_hint"]) == ("the-token", kind)
    assert "the-token" not in request.url


@pytest.mark.parametrize(
    ("status", "meaning", "reason"),
    [
        (200, Revoked.DONE, "also for a token that the provider doesn't know (RFC 7009 §2.2)"),
        (204, Revoked.DONE, "as good as 200"),
        (404, Revoked.NO_SUCH_ENDPOINT, "the next published address is tried"),
        (405, Revoked.NO_SUCH_ENDPOINT, "something else lives there"),
        (401, Revoked.CLIENT_REJECTED, "the application itself isn't known any more"),
        (400, Revoked.REFUSED, "the provider won't"),
        (429, Revoked.LATER, "it passes"),
        (503, Revoked.LATER, "it passes (RFC 7009 §2.2.1)"),
    ],
)
def test_an_answer_says_whether_to_try_again(status: int, meaning: Revoked, reason: str) -> None:
    assert revoke.read_answer(status) is meaning, reason
