"""Every outcome that a row can have, by every kind of template."""

from typing import Any

from consentry.flows import RunStatus
from ground.writing import GOOD, Came, Writer

PERSON: dict[str, Any] = {"firstName": "Nora", "lastName": "Quist", "emailAddresses": "nora.quist@example.com"}


def ended(came: Came) -> tuple[RunStatus, object]:
    return came.run.status, came.run.error


async def test_new_people_are_made_once_and_a_second_run_writes_nothing(writer: Writer) -> None:
    rows = [PERSON | {"emailAddresses": f"p{number}@example.com", "lastName": f"Q{number}"} for number in range(30)]
    destination = await writer.make("upsert_person", rows)
    came = await writer.run(destination)
    assert ended(came) == GOOD
    assert set(came.outcomes.values()) == {"created"}
    assert came.run.rows is not None
    assert (came.run.rows.created, came.run.rows.waiting) == (30, 0)
    ids = [row.record_id for row in came.rows.values()]
    assert len(set(ids)) == 30
    assert {record["id"] for record in writer.records()} >= set(ids)
    writer.forget()
    again = await writer.run(destination)
    assert set(again.outcomes.values()) == {"unchanged"}
    assert [row.record_id for row in again.rows.values()] == ids
    assert writer.writes() == 0
