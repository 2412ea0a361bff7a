"""What doctor says of settings, clocks and homes, without asking anybody."""

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from consentry import settings
from consentry.cli.examination import check_clock, check_home, check_hooks, check_redirect, list_settings
from consentry.connectors import Catalogue

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("CONSENTRY_")]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.parametrize(
    ("apart", "state"),
    [(0, "ok"), (4, "ok"), (30, "warn"), (-30, "warn"), (3600, "bad"), (-3600, "bad")],
)
def test_a_clock_is_judged_by_how_far_it_is_off(apart: int, state: str) -> None:
    date = format_datetime(NOW + timedelta(seconds=apart), usegmt=True)
    assert check_clock("clock", date, NOW).state == state


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 99 Foo 2026", "Fri, 02 Jan 2026 03:04:05 -0000"])
def test_a_date_that_says_nothing_is_no_verdict(date: str) -> None:
    assert check_clock("clock", date, NOW).state == "warn"


def test_a_home_is_judged_without_being_made(tmp_path: Path) -> None:
    missing, closed, open_to_all = tmp_path / "a" / "b", tmp_path / "closed", tmp_path / "open"
    closed.mkdir(mode=0o700)
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    file = tmp_path / "file"
    file.touch()
    states = {path.name: check_home(settings.load(home=path)).state for path in (missing, closed, open_to_all, file)}
    assert states == {"b": "warn", "closed": "ok", "open": "warn", "file": "bad"}
    assert not missing.exists()


def test_every_setting_is_listed_with_its_source_and_no_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CONSENTRY_API_KEY", "csy_a_secret_that_nobody_sees")
    environment.setenv("CONSENTRY_DATABASE_URL", "postgresql://me:hunter22@db.example.com/consentry")
    environment.setenv("CONSENTRY_CAPSULE_BASE_URL", "http://127.0.0.1:8401")
    listed = {each.variable: each for each in list_settings(settings.load())}
    assert len(listed) == len(settings.Settings.model_fields)
    assert listed["CONSENTRY_API_KEY"].value == "set, not shown"
    assert listed["CONSENTRY_<CONNECTOR>_BASE_URL"].value == "capsule: http://127.0.0.1:8401"
    assert listed["CONSENTRY_<CONNECTOR>_BASE_URL"].source == "environment"
    assert (listed["CONSENTRY_PORT"].value, listed["CONSENTRY_PORT"].source) == ("8400", "default")
    assert "hunter22" not in repr(listed)
    assert "csy_a_secret" not in repr(listed)


@pytest.mark.parametrize(
    ("public_url", "host", "state"),
    [
        ("https://consentry.example.com", "0.0.0.0", "ok"),
        ("http://127.0.0.1:8400", "127.0.0.1", "ok"),
        ("http://127.0.0.1:8400", "0.0.0.0", "warn"),  # others reach it, but their browsers are sent to themselves
    ],
)
def test_the_redirect_uri_is_told_exactly(public_url: str, host: str, state: str) -> None:
    finding = check_redirect(settings.load(public_url=public_url, host=host))
    assert finding.state == state
    assert finding.detail.endswith(f" {public_url}/oauth/callback")


@pytest.mark.parametrize(
    ("public_url", "base_urls", "state"),
    [
        ("https://consentry.example.com", {}, "ok"),
        ("http://127.0.0.1:8400", {}, "warn"),  # a provider elsewhere would call itself
        ("http://127.0.0.1:8400", {"capsule": "http://127.0.0.1:8401"}, "ok"),  # the sandbox is here too
    ],
)
def test_whether_hooks_can_come_is_told(public_url: str, base_urls: dict[str, str], state: str) -> None:
    connector = Catalogue.load(base_urls).get("capsule")
    assert check_hooks(settings.load(public_url=public_url), connector).state == state
