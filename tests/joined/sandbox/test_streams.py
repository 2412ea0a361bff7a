"""Every stream of the connector read from the sandbox, over real HTTP."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from consentry.connectors import Catalogue, Field, Stream, read
from consentry.sandbox import STANDS_IN_FOR, RunningSandbox, start
from ground.applicant import REDIRECT_URI, Applicant
from ground.declared import complaints
from ground.sandbox_reader import SandboxReader

CAPSULE = Catalogue.load().get(STANDS_IN_FOR)


@pytest.fixture(scope="module")
def filled() -> Iterator[RunningSandbox]:
    """Start one sandbox for all, with a hook in it: an account has none before somebody sets it up."""
    with start() as running:
        hook = {"id": 1, "user": None, "clientId": 77, "event": "party/updated", "targetUrl": "https://hooks.example/1"}
        running.world.crm()["resthooks"].add(hook)
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
