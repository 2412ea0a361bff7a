"""Settings: read from the environment, checked at once, and said by the variable's name when they are wrong."""

import os
from pathlib import Path

import pytest

from consentry import settings
from consentry.errors import SettingWrong
from consentry.settings import is_loopback


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Begin with none of our variables set."""
    for name in [name for name in os.environ if name.startswith("CONSENTRY_")]:
        monkeypatch.delenv(name)
    return monkeypatch


Environment = pytest.MonkeyPatch


def test_without_any_variable_the_documented_defaults_hold() -> None:
    found = settings.load()
    assert (found.host, found.port, found.public_url) == ("127.0.0.1", 8400, "http://127.0.0.1:8400")
    assert found.redirect_uri == "http://127.0.0.1:8400/oauth/callback"
    assert found.home.is_absolute()
    assert found.keyset_path == found.home / "keyset.json"
    assert found.database_address == f"sqlite+aiosqlite:///{found.home / 'consentry.db'}"
    assert found.base_urls == {}


def test_another_port_is_in_the_public_url_unless_that_is_set(clean_environment: Environment) -> None:
    clean_environment.setenv("CONSENTRY_PORT", "9000")
    assert settings.load().redirect_uri == "http://127.0.0.1:9000/oauth/callback"
    assert settings.load(port=9001).public_url == "http://127.0.0.1:9001"
    clean_environment.setenv("CONSENTRY_PUBLIC_URL", "https://consentry.example.com")
    assert settings.load().public_url == "https://consentry.example.com"


def test_every_variable_is_read(clean_environment: Environment) -> None:
    given = {
        "HOME": "/srv/consentry",
        "DATABASE_URL": "postgresql://db.example.com/consentry",
        "PUBLIC_URL": "https://consentry.example.com/",
        "HOST": "0.0.0.0",
        "PORT": "9000",
        "KEYSET_FILE": "/etc/consentry/keyset.json",
        "ADMIN_EMAIL": "ada@example.com",
        "URL": "https://other.example.com",
        "CAPSULE_BASE_URL": "http://127.0.0.1:8401",
        "LOG_FORMAT": "json",
    }
    for name, value in given.items():
        clean_environment.setenv(f"CONSENTRY_{name}", value)
    found = settings.load()
    assert found.home == Path("/srv/consentry")
    assert found.database_address == "postgresql://db.example.com/consentry"
    assert found.public_url == "https://consentry.example.com"
    assert (found.host, found.port) == ("0.0.0.0", 9000)
    assert found.keyset_path == Path("/etc/consentry/keyset.json")
    assert found.admin_email == "ada@example.com"
    assert found.url == "https://other.example.com"
    assert found.base_urls == {"capsule": "http://127.0.0.1:8401"}
    assert found.log_format == "json"


def test_an_empty_variable_is_as_good_as_none(clean_environment: Environment) -> None:
    clean_environment.setenv("CONSENTRY_PORT", "")
    clean_environment.setenv("CONSENTRY_CAPSULE_BASE_URL", "")
    found = settings.load()
    assert found.port == 8400
    assert found.base_urls == {}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "many", "not a number"),
        ("PORT", "70000", "no such port"),
        ("PORT", "-1", "no such port"),
        ("PUBLIC_URL", "consentry.example.com", "no scheme"),
        ("PUBLIC_URL", "http://consentry.example.com", "plain http carries tokens past everybody"),
        ("PUBLIC_URL", "https://", "no host"),
        ("PUBLIC_URL", "https://example.com/?x=1", "a query can't be part of a redirect URI's beginning"),
        ("PUBLIC_URL", "https://example.com/#top", "a fragment never reaches a server"),
        ("PUBLIC_URL", "https://ada@example.com", "an address shows everybody the name in it"),
        ("PUBLIC_URL", "ftp://example.com", "not the web"),
        ("URL", "http://example.com", "the API key would travel in the clear"),
        ("CAPSULE_BASE_URL", "http://example.com", "the client secret would travel in the clear"),
        ("LOG_FORMAT", "xml", "not one of the two"),
        ("LOG_LEVEL", "LOUD", "not a level"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_name(
    clean_environment: Environment, name: str, value: str, reason: str
) -> None:
    clean_environment.setenv(f"CONSENTRY_{name}", value)
    with pytest.raises(SettingWrong, match=f"CONSENTRY_{name}") as caught:
        settings.load()
    assert f"CONSENTRY_{name}" in caught.value.hint, reason


@pytest.mark.parametrize("name", ["DATABASE_URL", "KEYSET", "ADMIN_PASSWORD", "API_KEY"])
def test_secrets_do_not_print(clean_environment: Environment, name: str) -> None:
    clean_environment.setenv(f"CONSENTRY_{name}", "sqlite:///never-show-this.db")
    found = settings.load()
    assert "never-show-this" not in f"{found!r} {found!s} {found.model_dump()}"


def test_an_error_does_not_repeat_the_value_it_refuses(clean_environment: Environment) -> None:
    clean_environment.setenv("CONSENTRY_PUBLIC_URL", "https://ada:never-show-this@example.com")
    with pytest.raises(SettingWrong) as caught:
        settings.load()
    assert "never-show-this" not in f"{caught.value!r} {caught.value.hint}"


def test_settings_do_not_change_once_they_are_read() -> None:
    found = settings.load()
    with pytest.raises(Exception, match="frozen"):
        found.port = 1


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("192.168.1.4", False),
        ("localhost.example.com", False),
        ("", False),
        (None, False),
    ],
)
def test_only_names_that_mean_this_machine_are_loopback(host: str | None, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("public_url", "secure"), [("https://example.com/consentry", True), ("http://localhost:1", False)]
)
def test_cookies_are_bound_to_the_host_exactly_when_people_come_over_tls(public_url: str, secure: bool) -> None:
    assert settings.load(public_url=public_url).is_secure is secure


def test_under_a_sub_path_the_redirect_uri_stands_under_it_too() -> None:
    found = settings.load(public_url="https://example.com/tools/consentry/")
    assert found.redirect_uri == "https://example.com/tools/consentry/oauth/callback"
