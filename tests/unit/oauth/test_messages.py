"""The authorization request: what it says, what it never says, and that it says it in one way only."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from consentry.core.ids import SeededRandomness, SystemRandomness
from consentry.core.secret import Secret
from consentry.oauth import authorization_url, pkce

VERIFIER = Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")


def ask(**changes: str) -> dict[str, str]:
    given = {"client_id": "client", "redirect_uri": "https://c.example.com/oauth/callback", "scope": "read write"}
    url = authorization_url(
        "https://p.example.com/oauth/authorize", **{**given, **changes}, state=Secret("the-state"), verifier=VERIFIER
    )
    assert url.startswith("https://p.example.com/oauth/authorize?")
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def test_it_asks_for_a_code_with_pkce_and_nothing_weaker() -> None:
    assert ask() == {
        "response_type": "code",
        "client_id": "client",
        "redirect_uri": "https://c.example.com/oauth/callback",
        "scope": "read write",
        "state": "the-state",
        "code_challenge": pkce.challenge(VERIFIER),
        "code_challenge_method": "S256",
    }


def test_the_verifier_never_leaves() -> None:
    assert VERIFIER.reveal() not in str(ask())


@pytest.mark.parametrize("odd", ["a&state=forged", "a b+c", "ü#?", "a%26b"])
def test_no_value_can_become_a_parameter_of_its_own(odd: str) -> None:
    asked = ask(client_id=odd, scope=odd)
    assert (asked["client_id"], asked["scope"], asked["state"]) == (odd, odd, "the-state")


def test_the_challenge_is_the_one_of_the_rfc() -> None:
    assert pkce.challenge(VERIFIER) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B


def test_a_verifier_has_the_length_and_the_signs_that_the_rfc_wants() -> None:
    verifier = pkce.make_verifier(SystemRandomness()).reveal()
    assert 43 <= len(verifier) <= 128
    assert set(verifier) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def test_each_verifier_is_another_one_and_its_challenge_its_hash() -> None:
    source = SeededRandomness()
    first, second = pkce.make_verifier(source), pkce.make_verifier(source)
    assert first != second
    digest = hashlib.sha256(first.reveal().encode()).digest()
    assert base64.urlsafe_b64decode(pkce.challenge(first) + "=") == digest
