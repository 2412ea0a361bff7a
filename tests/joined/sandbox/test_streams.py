"""Every stream of the connector read from the sandbox, over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from consentry.connectors import Catalogue, Field, Stream, read
from consentry.sandbox import STANDS_IN_FOR, RunningSandbox, start
from ground.applicant import REDIRECT_URI, Applicant
from ground.declared import complaints, silent
from ground.sandbox_reader import SandboxReader

SILENT: Final = {
    "enrichment": "nobody has seen a value yet",
    "missingImportantFields": "comes only when it is asked for",
    "organisation.firstName": "an organisation has none",
    "organisation.lastName": "an organisation has none",
    "employees: name": "a person has none",
    "users: party.name": "a person has none",
    "opportunity_field_definitions: captureRule": "only fields of people and organisations have one",
    "project_field_definitions: captureRule": "only fields of people and organisations have one",
    "opportunity_field_definitions: options": "none of them is a list",
}
"""Fields without a value in the sandbox, with the reason."""
HOOK: Final = {
    "id": 1,
    "user": {
        "id": 1,
        "username": "ada.marsh",
        "name": "Ada Marsh",
        "deleted": False,
        "pictureURL": "https://a.example",
    },
    "clientId": 77,
    "description": "Tells of changed people",
    "event": "party/updated",
    "targetUrl": "https://hooks.example/1",
    "embed": "tags,fields",
    "batched": True,
    "createdAt": "2025-01-01T00:00:00Z",
    "updatedAt": "2025-01-01T00:00:00Z",
}
CAPSULE = Catalogue.load().get(STANDS_IN_FOR)


@pytest.fixture(scope="module")
def filled() -> Iterator[RunningSandbox]:
    """Start one sandbox for all, with a hook in it: an account has none before somebody sets it up."""
    with start() as running:
        running.world.crm()["resthooks"].add(HOOK)
        running.world.turn(rate_limit=None)
        yield running


@pytest.fixture
async def reader(filled: RunningSandbox) -> AsyncIterator[SandboxReader]:
    application = filled.world.register(name="Consentry", redirect_uri=REDIRECT_URI)
    async with Applicant(filled, application) as applicant:
        yield SandboxReader(applicant, (await applicant.tokens(scope="read"))["access_token"])


@pytest.mark.parametrize("stream", CAPSULE.streams, ids=lambda stream: stream.name)
async def test_every_record_holds_what_its_stream_declares_and_nothing_else(
    filled: RunningSandbox, reader: SandboxReader, stream: Stream
) -> None:
    connector = Catalogue.load({CAPSULE.name: filled.url}).get(CAPSULE.name)
    records = [record async for page in read(reader, connector, stream) for record in page.records]
    assert records, "a stream without a record shows nothing"
    keys = {tuple(record[name] for name in stream.primary_key) for record in records}
    assert len(keys) == len(records)
    assert {complaint for record in records for complaint in complaints(stream.fields, record)} == set()
    without = [name for name in silent(stream.fields, records) if not {name, f"{stream.name}: {name}"} & set(SILENT)]
    assert without == []


async def test_the_stream_that_the_how_to_page_adds_is_read_at_once(
    filled: RunningSandbox, reader: SandboxReader
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "add-a-stream.md").read_text()
    declaration = dedent(page.split("```python\n")[1].split("```")[0])
    stream = eval(declaration.strip(), {"Stream": Stream, "Field": Field})
    connector = Catalogue.load({CAPSULE.name: filled.url}).get(CAPSULE.name)
    records = [record async for page in read(reader, connector, stream) for record in page.records]
    assert [record["displayName"] for record in records][:2] == ["Note", "Meeting"]
    assert {complaint for record in records for complaint in complaints(stream.fields, record)} == set()
