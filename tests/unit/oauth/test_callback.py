"""The authorization response is judged whole before anything in it is believed."""

import pytest

from consentry.errors import AuthorizationFailed, ClientRejected, ConsentRefused, ConsentryError, ProviderDown
from consentry.oauth import callback

ISSUER = "https://p.example.com"


def test_a_code_of_the_expected_issuer_is_accepted() -> None:
    read = callback.read("code=abc&state=xyz&iss=https%3A%2F%2Fp.example.com")
    assert read.state.reveal() == "xyz"
    assert callback.judge(read, issuer=ISSUER, iss_required=True).code.reveal() == "abc"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "nothing at all"),
        ("code=abc", "no state: nobody can say whose code it is"),
        ("code=abc&state=", "an empty state is none"),
        ("code=abc&state=x&state=y", "two states, and each could be meant"),
        ("code=abc&code=def&state=x", "two codes"),
        ("code=abc&state=x&iss=a&iss=b", "two issuers"),
        ("error=a&error=b&state=x", "two errors"),
        ("code=%ff%fe&state=x", "not text"),
        ("&".join(f"p{number}=1" for number in range(60)) + "&state=x", "too many parameters"),
        ("state=x&code=" + "c" * 9000, "far too long"),
    ],
)
def test_what_cannot_be_an_authorization_response_is_refused(query: str, reason: str) -> None:
    with pytest.raises(AuthorizationFailed):
        callback.read(query)


def test_parameters_that_nobody_knows_are_passed_over_however_often_they_come() -> None:
    assert callback.read("state=x&code=c&foo=1&foo=2").code is not None


@pytest.mark.parametrize(
    ("iss", "required", "accepted", "reason"),
    [
        (None, False, True, "the provider isn't known to send it"),
        (None, True, False, "the provider always sends it, so somebody took it away"),
        ("https://p.example.com", True, True, "the very issuer"),
        ("https://p.example.com", False, True, "the very issuer, unasked"),
        ("https://p.example.com/", False, False, "compared as plain strings: a slash makes another"),
        ("https://P.example.com", False, False, "and so does a capital"),
        ("https://evil.example.net", False, False, "the mix-up itself (RFC 9207)"),
    ],
)
def test_the_issuer_is_compared_as_a_plain_string(iss: str | None, required: bool, accepted: bool, reason: str) -> None:
    read = callback.read("code=abc&state=x" + (f"&iss={iss}" if iss else ""))
    if accepted:
        assert callback.judge(read, issuer=ISSUER, iss_required=required).code, reason
    else:
        with pytest.raises(AuthorizationFailed):
            callback.judge(read, issuer=ISSUER, iss_required=required)


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        ("access_denied", ConsentRefused),
        ("unauthorized_client", ClientRejected),
        ("invalid_scope", AuthorizationFailed),
        ("server_error", ProviderDown),
        ("temporarily_unavailable", ProviderDown),
        ("anything_else", AuthorizationFailed),
    ],
)
def test_an_error_is_mapped_to_whose_move_it_is_and_its_free_text_is_never_shown(
    error: str, ours: type[ConsentryError]
) -> None:
    read = callback.read(f"error={error}&error_description=%3Cscript%3Eboo%3C%2Fscript%3E&state=x")
    with pytest.raises(ours) as caught:
        callback.judge(read, issuer=ISSUER, iss_required=False)
    assert "boo" not in f"{caught.value} {caught.value.hint}"


def test_an_error_from_another_issuer_is_not_believed_either() -> None:
    read = callback.read("error=access_denied&state=x&iss=https://evil.example.net")
    with pytest.raises(AuthorizationFailed, match="another provider"):
        callback.judge(read, issuer=ISSUER, iss_required=False)


def test_neither_code_nor_error_is_no_answer() -> None:
    with pytest.raises(AuthorizationFailed, match="no authorization code"):
        callback.judge(callback.read("state=x"), issuer=ISSUER, iss_required=False)


def test_nothing_of_a_callback_prints() -> None:
    assert "the-code" not in repr(callback.read("code=the-code&state=the-state-of-it"))
    assert "the-state-of-it" not in repr(callback.read("code=the-code&state=the-state-of-it"))
