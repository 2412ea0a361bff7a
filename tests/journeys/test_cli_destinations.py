"""Destinations on the command line, in real processes: on a home that nobody serves, and through a server."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consentry import app, settings
from consentry.sandbox import RunningSandbox, start
from ground.consenting import connected
from ground.household import PATIENCE_SECONDS, Household, household

HEADING = "E-mail,First name,Surname,Job,Owner\n"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningSandbox]:
    with start() as running:
        yield running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: RunningSandbox) -> Iterator[Household]:
    """Prepare a home with one connected credential, Sales CRM; nobody serves on it."""
    with household(tmp_path_factory.mktemp("house"), provider) as house:

        async def connect() -> None:
            base_urls = {"capsule": provider.url}
            async with app.open(settings.load(home=house.home, base_urls=base_urls)) as opened:
                await connected(opened, provider, name="Sales CRM")

        asyncio.run(connect())
        yield house


def people(provider: RunningSandbox) -> dict[str, dict[str, Any]]:
    found = [record.decode() for record in provider.world.crm()["parties"].all()]
    return {each["address"]: party for party in found for each in party.get("emailAddresses", ())}


def test_from_a_csv_file_to_the_report_with_a_refused_row_mended_and_tried_again(
    house: Household, provider: RunningSandbox, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"{HEADING}nora@cli.example,Nora,Quist,Buyer,ada.marsh\nolaf@cli.example,Olaf,Ring,,Nobody\n")
    added = house.run(
        *("destination", "add", "--name", "Contacts", "--credential", "Sales CRM", "--template", "upsert_person"),
        *("--file", str(file), "--stop-after", "20", "--json"),
    )
    assert added.returncode == 0, added.stdout + added.stderr
    assert "emailAddresses" in added.stderr  # the mapping was suggested, and shown
    made = json.loads(added.stdout)
    mapping = {name: each["column"] for name, each in made["mapping"].items()}
    names = {"emailAddresses": "E-mail", "firstName": "First name", "lastName": "Surname"}
    assert mapping == names | {"jobTitle": "Job", "owner": "Owner"}
    assert (made["stop_after_refusals"], made["rows"]["file"][:7]) == (20, "upload:")

    assert house.run("destination", "test", "Contacts", "--json").returncode == 0
    seen = house.ask("destination", "preview", "contacts")
    assert {name: number for name, number in seen["counts"].items() if number} == {"created": 1, "refused": 1}
    drawn = house.run("destination", "preview", "Contacts")
    assert "nothing has been written" in drawn.stdout
    assert "nora@cli.example" not in people(provider)

    done = house.run("destination", "run", "Contacts", "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "rows: 1 created, 1 refused" in done.stderr
    run = json.loads(done.stdout)
    assert (run["status"], run["rows"]["created"], run["rows"]["refused"]) == ("partly_failed", 1, 1)
    number = str(run["id"])
    (refused,) = house.ask("run", "rows", number, "--outcome", "refused")
    assert refused["errors"][0]["field"] == "owner"
    shown = house.run("run", "show", number)
    assert "Nobody" in shown.stdout
    assert f"consentry run retry {number}" in shown.stdout

    mended = tmp_path / "mended.csv"
    mended.write_text(
        house.run("run", "rows", number, "--outcome", "refused", "--csv").stdout.replace("Nobody", "Ada Marsh", 1)
    )
    again = house.ask("run", "retry", number, "--file", str(mended))
    assert (again["status"], again["rows"]["created"], again["retry_of"]) == ("succeeded", 1, run["id"])
    assert people(provider)["olaf@cli.example"]["owner"]["username"] == "ada.marsh"
    assert house.run("run", "retry", str(again["id"])).returncode == 1  # there is nothing to try again
    listed = house.ask("run", "list", "--destination", "Contacts")
    assert [each["id"] for each in listed] == [again["id"], run["id"]]
    assert "1 created" in house.run("run", "list").stdout

    other = tmp_path / "other.csv"
    other.write_text(f"{HEADING}nora@cli.example,Nora,Quist,Head buyer,\n")
    drawn = house.run("destination", "preview", "Contacts", "--file", str(other))
    assert "jobTitle: Buyer -> Head buyer" in drawn.stdout
    changed = house.ask("destination", "run", "Contacts", "--file", str(other))
    assert (changed["status"], changed["rows"]["changed"]) == ("succeeded", 1)
    assert people(provider)["nora@cli.example"]["jobTitle"] == "Head buyer"
    assert house.ask("destination", "show", "Contacts")["last_run"]["id"] == changed["id"]


def test_one_value_is_mended_on_the_line(house: Household, provider: RunningSandbox, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"mail": "no address", "name": "Prim"}\n')
    house.ask(
        *("destination", "add", "--name", "Lines", "--credential", "Sales CRM", "--template", "upsert_person"),
        *("--file", str(file), "--map", "emailAddresses=mail", "--map", "lastName=name", "--set", "jobTitle=Buyer"),
    )
    failed = house.run("destination", "run", "Lines", "--json")
    assert (failed.returncode, json.loads(failed.stdout)["status"]) == (1, "failed")
    number = str(json.loads(failed.stdout)["id"])
    again = house.ask("run", "retry", number, "--mend", "1:mail=prim@cli.example")
    assert again["status"] == "succeeded"
    assert people(provider)["prim@cli.example"]["jobTitle"] == "Buyer"
    assert house.run("run", "retry", number, "--mend", "7:mail=x").returncode == 2


def test_through_a_server_its_worker_writes_the_rows(
    house: Household, provider: RunningSandbox, tmp_path: Path
) -> None:
    key = house.run("apikey", "create", "--name", "far", "--scope", "admin").stdout.strip()
    server = house.start_server()
    try:
        far = {"CONSENTRY_URL": house.url, "CONSENTRY_API_KEY": key, "CONSENTRY_HOME": str(tmp_path / "home")}
        file = tmp_path / "far.csv"
        file.write_text("email,last name\nfar@cli.example,Away\n")
        made = house.ask(
            *("destination", "add", "--name", "Far", "--credential", "Sales CRM", "--template", "upsert_person"),
            *("--file", str(file), "--every", "2h"),
            **far,
        )
        assert made["schedule"]["every"] == "2h"
        assert house.ask("destination", "show", "far") == house.ask("destination", "show", "Far", **far)
        begun = house.ask("destination", "run", "Far", "--no-wait", **far)
        run = house.ask("run", "watch", str(begun["run_id"]), **far)
        assert (run["status"], run["rows"]["created"]) == ("succeeded", 1)
        assert house.ask("run", "rows", str(run["id"]), **far) == house.ask("run", "rows", str(run["id"]))
        assert house.ask("destination", "pause", "Far", **far)["is_active"] is False
        assert house.ask("destination", "activate", "Far", **far)["is_active"] is True
        assert house.ask("destination", "delete", "Far", "--yes", **far)["deleted"] is True
        assert "far@cli.example" in people(provider)
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--file", "nowhere.csv"), "there is no such file"),
        ((), "no rows"),
        (("--table", "a.b", "--sql", "SELECT 1"), "two of them"),
        (("--sql", "SELECT 1", "--map", "owner"), "a field without a column"),
        (("--sql", "SELECT 1", "--every", "2h", "--after-source", "x"), "two schedules"),
        (("--path", "/a.csv", "--source", "x"), "a source for a file"),
    ],
)
def test_wrong_usage_gives_status_2(house: Household, options: tuple[str, ...], reason: str) -> None:
    words = ("destination", "add", "--name", "Wrong", "--credential", "Sales CRM", "--template", "upsert_person")
    done = house.run(*words, *options)
    assert done.returncode in (1, 2) if "two schedules" in reason else done.returncode == 2, done.stderr
