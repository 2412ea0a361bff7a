"""The token endpoint: requests made in one way, replies judged before they are believed."""

import json
from datetime import timedelta
from typing import Any

import pytest

from consentry.core.secret import Secret
from consentry.errors import ClientRejected, ConsentryError, ProviderDown, ReplyNotUnderstood
from consentry.oauth import Client, ClientAuth, GrantRefused, token
from consentry.oauth.token import LONGEST_LIFETIME

JSON = "application/json; charset=utf-8"
CLIENT = Client(client_id="client", client_secret=Secret("a client's secret"), auth=ClientAuth.POST)
URL = "https://p.example.com/oauth/token"
GOOD: dict[str, Any] = {"access_token": "at", "refresh_token": "rt", "token_type": "bearer", "expires_in": 604799}


def reply(**changes: object) -> token.TokenReply:
    members = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    return token.read_reply(200, JSON, json.dumps(members).encode())


def test_an_exchange_repeats_the_redirect_uri_and_proves_the_verifier() -> None:
    request = token.exchange_request(
        URL, CLIENT, code=Secret("c"), redirect_uri="https://c.example.com/cb", verifier=Secret("v")
    )
    assert request.url == URL
    assert {name: request.form[name] for name in ("grant_type", "code", "redirect_uri", "code_verifier")} == {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": "https://c.example.com/cb",
        "code_verifier": "v",
    }


def test_a_refresh_asks_for_nothing_but_what_was_granted() -> None:
    request = token.refresh_request(URL, CLIENT, refresh_token=Secret("rt"))
    assert set(request.form) == {"grant_type", "refresh_token", "client_id", "client_secret"}
    assert request.form["grant_type"] == "refresh_token"


def test_a_request_does_not_print_what_it_carries() -> None:
    assert "a client's secret" not in repr(token.refresh_request(URL, CLIENT, refresh_token=Secret("the-rt")))
    assert "the-rt" not in repr(token.refresh_request(URL, CLIENT, refresh_token=Secret("the-rt")))


def test_a_good_reply_is_read_whole() -> None:
    read = reply(scope="read  write", subdomain="acme")
    assert read.access_token.reveal() == "at"
    assert read.refresh_token is not None
    assert read.refresh_token.reveal() == "rt"
    assert (read.scope, read.lifetime, read.extra) == ("read write", timedelta(seconds=604799), {"subdomain": "acme"})


@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER"])
def test_the_token_type_is_compared_without_case(kind: str) -> None:
    assert reply(token_type=kind).access_token


def test_without_a_refresh_token_there_is_none() -> None:
    assert reply(refresh_token=...).refresh_token is None


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": ...},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "line\r\nbreak"},
        {"access_token": "ünicode"},
        {"access_token": "x" * 20_000},
        {"token_type": ...},
        {"token_type": "mac"},
        {"token_type": ["bearer"]},
    ],
    ids=str,
)
def test_a_reply_that_cannot_be_believed_is_not_understood(changes: dict[str, object]) -> None:
    with pytest.raises(ReplyNotUnderstood):
        reply(**changes)


@pytest.mark.parametrize(
    ("sent", "lifetime", "odd"),
    [
        (3600, timedelta(hours=1), False),
        ("3600", timedelta(hours=1), False),
        (3600.5, timedelta(seconds=3600.5), False),
        (..., None, False),
        (None, None, False),
        (0, None, True),
        (-5, None, True),
        ("soon", None, True),
        (True, None, True),
        ([1], None, True),
        (1e300, LONGEST_LIFETIME, False),
        (10**18, LONGEST_LIFETIME, False),
    ],
)
def test_an_absurd_lifetime_is_cut_or_not_believed(sent: object, lifetime: timedelta | None, odd: bool) -> None:
    read = reply(expires_in=sent)
    assert (read.lifetime, read.lifetime_is_odd) == (lifetime, odd)


@pytest.mark.parametrize(
    ("status", "body", "ours"),
    [
        (400, b'{"error": "invalid_grant"}', GrantRefused),
        (401, b'{"error": "invalid_client"}', ClientRejected),
        (400, b'{"error": "unauthorized_client"}', ClientRejected),
        (400, b'{"error": "invalid_request"}', ClientRejected),
        (400, b'{"error": "temporarily_unavailable"}', ProviderDown),
        (400, b'{"error": "of_its_own"}', GrantRefused),
        (200, b'{"error": "invalid_grant"}', GrantRefused),
        (400, b'{"message": "no"}', GrantRefused),
        (400, b"", GrantRefused),
        (400, b"<html>blocked by a firewall</html>", ReplyNotUnderstood),
        (403, b"<html>blocked by a firewall</html>", ReplyNotUnderstood),
        (200, b"<html>sign in to this network</html>", ReplyNotUnderstood),
        (200, b'{"access_token": "at", "token_ty', ReplyNotUnderstood),
        (200, b"", ReplyNotUnderstood),
        (200, b"[]", ReplyNotUnderstood),
        (200, b"[" * 100_000, ReplyNotUnderstood),
        (302, b"", ReplyNotUnderstood),
        (429, b'{"error": "rate limit reached"}', ProviderDown),
        (500, b'{"error": "invalid_grant"}', ProviderDown),
        (503, b"<html>maintenance</html>", ProviderDown),
    ],
)
def test_a_refusal_says_whose_move_it_is(status: int, body: bytes, ours: type[ConsentryError]) -> None:
    with pytest.raises(ConsentryError) as caught:
        token.read_reply(status, JSON if body[:1] in b"{[" else "text/html", body)
    assert type(caught.value) is ours


def test_the_providers_free_text_is_never_repeated() -> None:
    body = b'{"error": "invalid_grant", "error_description": "token abc123 of ada@example.com"}'
    with pytest.raises(GrantRefused) as caught:
        token.read_reply(400, JSON, body)
    assert "abc123" not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(("sent", "kept"), [('read "write"', "read"), ("a\\b read", "read"), ("", None), (7, None)])
def test_a_scope_that_no_scope_can_be_is_left_out(sent: object, kept: str | None) -> None:
    assert reply(scope=sent).scope == kept


def test_nothing_of_a_reply_prints() -> None:
    assert "the-access-token" not in repr(reply(access_token="the-access-token"))
