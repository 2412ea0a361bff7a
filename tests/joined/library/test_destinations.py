"""Destinations in the library on a home that nobody serves: rows given as values or as a file, and tried again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import consentry
from consentry import errors
from consentry.credentials import Credential
from consentry.desk import DestinationView
from consentry.given_rows import MOST_WITH_CALL
from consentry.sandbox import RunningSandbox

MAPPING = {"emailAddresses": {"column": "email"}, "lastName": {"column": "last"}, "owner": {"column": "owner"}}


@pytest.fixture
def destination(hub: consentry.Hub, sales: Credential) -> consentry.Destination:
    """Add a destination without rows of its own."""
    fields = {
        "name": "Contacts",
        "credential_id": sales.id,
        "template": "upsert_person",
        "rows": {"inline": []},
        "mapping": MAPPING,
    }

    async def add() -> DestinationView:
        return await hub.inner.desk.destinations.create_destination(fields)

    return hub.destination(hub.background.run(add()).id)


def people(sandbox: RunningSandbox) -> dict[str, dict[str, Any]]:
    found = [record.decode() for record in sandbox.world.crm()["parties"].all()]
    return {each["address"]: party for party in found for each in party.get("emailAddresses", ())}


def test_rows_are_previewed_written_mended_and_tried_again(
    hub: consentry.Hub, destination: consentry.Destination, sandbox: RunningSandbox
) -> None:
    assert destination.last_run is None
    rows: list[dict[str, Any]] = [
        {"email": "nora@example.com", "last": "Quist", "owner": None},
        {"email": "olaf@example.com", "last": "Ring", "owner": "Nobody Known"},
    ]
    seen = destination.preview(rows, limit=1)
    assert (seen.counts.created, seen.counts.refused, len(seen.rows)) == (1, 1, 1)
    assert "nora@example.com" not in people(sandbox)
    run = destination.run(rows)
    assert (run.status, run.succeeded, run.counts.created, run.counts.refused) == ("partly_failed", False, 1, 1)
    (refused,) = run.rows(outcome="refused")
    assert (refused.row, [each.field for each in refused.errors]) == (2, ["owner"])
    again = run.retry({2: refused.values | {"owner": "ada.marsh"}})
    assert (again.succeeded, [row.outcome for row in again.rows()], again.error) == (True, ["created"], None)
    assert {"nora@example.com", "olaf@example.com"} <= people(sandbox).keys()
    last = hub.destination(" contacts ").last_run
    assert last is not None
    assert last.view == again.view
    with pytest.raises(errors.Conflict):
        again.retry()


def test_many_rows_of_a_generator_and_a_file_go_as_an_upload(
    destination: consentry.Destination, tmp_path: Path
) -> None:
    def many() -> Iterator[dict[str, Any]]:
        for number in range(MOST_WITH_CALL + 1):
            yield {"email": "no address", "last": f"Q{number}", "owner": None}

    run = destination.run(many())
    assert (run.status, run.counts.refused) == ("failed", MOST_WITH_CALL + 1)
    assert [row.row for row in run.rows()] == list(range(1, MOST_WITH_CALL + 2))
    file = tmp_path / "people.csv"
    file.write_text("email;last;owner\nno address;Quist;\n")
    for given in (file, str(file)):
        seen = destination.preview(given)
        assert (seen.total, seen.counts.refused) == (1, 1)


@pytest.mark.parametrize("rows", [["no row"], [{"a": 1}, 2], "nowhere.csv"])
def test_what_are_no_rows_is_said_before_anything_runs(destination: consentry.Destination, rows: Any) -> None:
    with pytest.raises(errors.InvalidInput):
        destination.run(rows)
    assert destination.last_run is None


async def test_the_same_works_with_await(destination: consentry.Destination) -> None:
    async with consentry.aio.open() as hub:
        mine = await hub.destination("Contacts")
        run = await mine.run([{"email": "no address", "last": "Quist", "owner": None}])
        assert [row.values["last"] async for row in run.rows(outcome="refused")] == ["Quist"]
        assert (await mine.preview([])).total == 0
        with pytest.raises(errors.NotFound):
            await hub.destination("Nothing")
