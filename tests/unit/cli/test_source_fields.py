"""What the options of source add become, and that a password never stands in an argument."""

import io

import pytest
import typer

from consentry.cli.source_fields import PASSWORD_VARIABLE, manual_of, schedule_of, warehouse_of


def test_a_schedule_is_one_of_three() -> None:
    assert schedule_of("", "", "", "UTC") is None
    assert schedule_of("15m", "", "", "UTC") == {"every": "15m"}
    assert schedule_of("", "06:00", "", "Europe/Berlin") == {"daily_at": "06:00", "timezone": "Europe/Berlin"}
    assert schedule_of("", "", "0 6 * * 1-5", "UTC") == {"cron": "0 6 * * 1-5", "timezone": "UTC"}
    with pytest.raises(typer.BadParameter, match="Choose one"):
        schedule_of("15m", "06:00", "", "UTC")


def test_a_manual_read_has_a_path_and_parameters() -> None:
    assert manual_of("", [], "") is None
    assert manual_of("api/v2/users", ["embed=party", "q=a=b"], "users") == {
        "path": "api/v2/users",
        "parameters": {"embed": "party", "q": "a=b"},
        "records_path": "users",
    }
    with pytest.raises(typer.BadParameter, match="NAME=VALUE"):
        manual_of("api/v2/users", ["embed"], "")
    with pytest.raises(typer.BadParameter, match="manual-path"):
        manual_of("", ["embed=party"], "")


def test_a_warehouses_password_joins_its_address_from_outside_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    plain = "postgresql://me@db.example.com:5433/crm"
    assert warehouse_of("postgres", "", plain, password_from_stdin=False) == {"type": "postgres", "url": plain}
    monkeypatch.setenv(PASSWORD_VARIABLE, "p@ss/word")
    joined = {"type": "postgres", "url": "postgresql://me:p%40ss%2Fword@db.example.com:5433/crm"}
    assert warehouse_of("postgres", "", plain, password_from_stdin=False) == joined
    monkeypatch.delenv(PASSWORD_VARIABLE)
    monkeypatch.setattr("sys.stdin", io.StringIO("p@ss/word\n"))
    assert warehouse_of("postgres", "", plain, password_from_stdin=True) == joined


@pytest.mark.parametrize("url", ["postgresql://me:secret@db.example.com/crm", "postgresql://db.example.com/crm"])
def test_an_address_that_shows_a_password_or_has_nobody_for_one_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "hidden")
    with pytest.raises(typer.BadParameter) as refused:
        warehouse_of("postgres", "", url, password_from_stdin=False)
    assert "secret@" not in str(refused.value)
