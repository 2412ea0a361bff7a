"""The register of applications."""

import pytest

from consentry.core.ids import SeededRandomness
from consentry.sandbox.applications import ApplicationRefused, Applications, check_redirect_uri


def test_a_web_application_has_a_secret_and_an_installed_one_has_none() -> None:
    applications = Applications(SeededRandomness(1))
    web = applications.register(name=" Web ", redirect_uri="http://127.0.0.1:8400/oauth/callback")
    desk = applications.register(name="Desk", redirect_uri="com.example.desk:/done", kind="installed")
    assert (web.name, web.client_secret is None, desk.client_secret) == ("Web", False, None)
    assert applications.all() == (web, desk)
    assert (web.client_secret or "?") not in repr(web)


def test_secrets_are_added_and_removed_one_by_one() -> None:
    applications = Applications(SeededRandomness(1))
    first = applications.register(name="Web", redirect_uri="https://a.example/")
    secret = applications.add_secret(first.client_id)
    both = applications.find(first.client_id)
    assert both is not None
    assert both.has_secret(secret)
    assert both.has_secret(first.client_secret or "")
    assert both.client_secret == secret
    assert applications.remove_secret(first.client_id, first.client_secret or "")
    assert not applications.remove_secret(first.client_id, first.client_secret or "")
    with pytest.raises(KeyError):
        applications.add_secret("nobody")


@pytest.mark.parametrize(
    ("redirect_uri", "kind"),
    [
        ("https://a.example/cb?x=1", "web"),
        ("http://localhost:8400/oauth/callback", "web"),
        ("http://[::1]:8400/cb", "web"),
        ("com.example.desk:/done", "installed"),
    ],
)
def test_addresses_that_may_be_registered(redirect_uri: str, kind: str) -> None:
    check_redirect_uri(redirect_uri, "installed" if kind == "installed" else "web")


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "",
        "/relative",
        "com.example.desk:/done",
        "https://",
        "https://user@a.example/",
        "https://a.example/#",
        "https://a.example:port/",
        "https://a.example/\n",
    ],
)
def test_addresses_that_may_not(redirect_uri: str) -> None:
    with pytest.raises(ApplicationRefused):
        check_redirect_uri(redirect_uri, "web")


def test_a_name_is_needed() -> None:
    with pytest.raises(ApplicationRefused, match="name"):
        Applications(SeededRandomness(1)).register(name="  ", redirect_uri="https://a.example/")
