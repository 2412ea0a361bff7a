"""What the log hides, by shape, by key and by value."""

import base64

import pytest

from consentry.core.log import SECRET_KEYS, redact, redact_value
from consentry.core.secret import HIDDEN, Secret

TOKEN = "k9J2-never-seen-by-Secret_4"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"authorization: basic {base64.b64encode(TOKEN.encode()).decode()}",
        f"GET /oauth/callback?code={TOKEN}&iss=x",
        f"POST body grant_type=refresh_token&refresh_token={TOKEN}",
        f'{{"access_token": "{TOKEN}", "token_type": "bearer"}}',
        f"{{'client_secret': '{TOKEN}'}}",
        f"code_verifier={TOKEN}",
        f"state={TOKEN}",
        f"password={TOKEN}",
        f"https://example.com/connect/{TOKEN}",
        f"key csy_{TOKEN} was used",
        f"postgresql://consentry:{TOKEN}@db.example.com/consentry",
    ],
)
def test_what_looks_like_a_secret_is_hidden_even_when_nobody_has_seen_it_before(text: str) -> None:
    hidden = redact(text)
    assert TOKEN not in hidden
    assert base64.b64encode(TOKEN.encode()).decode() not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "text",
    ["credential 5 was refreshed", "GET /api/v2/users?page=2 answered 200", "postgresql://db.example.com/consentry"],
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("key", sorted(SECRET_KEYS))
def test_a_secret_key_hides_its_value_whatever_it_is(key: str) -> None:
    assert redact_value(key, TOKEN) == HIDDEN
    assert redact_value(key.upper().replace("_", "-"), {"any": TOKEN}) == HIDDEN


def test_values_deep_inside_are_hidden_too() -> None:
    event = {"headers": [{"Authorization": TOKEN}, {"accept": "json"}], "more": ({"refresh_token": TOKEN},)}
    shown = redact_value("request", event)
    assert TOKEN not in repr(shown)
    assert "json" in repr(shown)


def test_objects_are_shown_by_repr_and_their_secrets_hidden() -> None:
    Secret(TOKEN + "-object")

    class Careless:
        def __repr__(self) -> str:
            return f"Careless({TOKEN}-object)"

    assert redact_value("thing", Careless()) == f"Careless({HIDDEN})"


def test_a_secret_is_hidden_under_any_key() -> None:
    assert redact_value("thing", Secret(TOKEN)) == HIDDEN


@pytest.mark.parametrize("value", [1, 2.5, True, None])
def test_numbers_and_nothing_stay_what_they_are(value: object) -> None:
    assert redact_value("count", value) is value
