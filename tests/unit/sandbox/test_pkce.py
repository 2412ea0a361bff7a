"""The server's side of RFC 7636."""

import pytest

from consentry.sandbox.pkce import Challenge, parse_challenge, s256

# The pair of RFC 7636, appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_s256_gives_the_challenge_of_the_rfc() -> None:
    assert s256(VERIFIER) == CHALLENGE


@pytest.mark.parametrize(
    ("challenge", "verifier", "accepted"),
    [
        pytest.param(Challenge(value=CHALLENGE, method="S256"), VERIFIER, True, id="the right one"),
        pytest.param(Challenge(value=CHALLENGE, method="S256"), CHALLENGE, False, id="the challenge itself"),
        pytest.param(Challenge(value=VERIFIER, method="plain"), VERIFIER, True, id="plain"),
        pytest.param(Challenge(value=VERIFIER, method="plain"), VERIFIER[:-1] + "x", False, id="plain, one letter off"),
        pytest.param(Challenge(value="short", method="plain"), "short", False, id="too short to be a verifier"),
        pytest.param(Challenge(value=CHALLENGE, method="S256"), "ü" * 43, False, id="letters beyond the grammar"),
    ],
)
def test_only_the_verifier_that_made_the_challenge_is_accepted(
    challenge: Challenge, verifier: str, accepted: bool
) -> None:
    assert challenge.accepts(verifier) is accepted


@pytest.mark.parametrize(
    ("value", "method", "expected"),
    [
        (CHALLENGE, "S256", "S256"),
        (CHALLENGE, "plain", "plain"),
        (CHALLENGE, "", "plain"),
        (CHALLENGE, "s256", None),
        ("a" * 42, "S256", None),
        ("a" * 129, "S256", None),
        ("a" * 42 + "+", "S256", None),
    ],
)
def test_a_challenge_is_parsed_or_refused(value: str, method: str, expected: str | None) -> None:
    challenge = parse_challenge(value, method)
    assert (challenge.method if challenge else None) == expected
