"""One sandbox for the tests of a file, and a desk that writes into it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from consentry import sandbox as sandbox_room
from consentry.connectors import Catalogue, Known
from consentry.sandbox import RunningSandbox
from ground.applicant import REDIRECT_URI, Applicant
from ground.sandbox_writer import Desk, SandboxWriter, read_known


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    """Start one sandbox for all: every test makes records of its own."""
    with sandbox_room.start() as started:
        yield started


@pytest.fixture
async def applicant(running: RunningSandbox) -> AsyncIterator[Applicant]:
    application = running.world.register(name="Consentry", redirect_uri=REDIRECT_URI)
    async with Applicant(running, application) as made:
        yield made


@pytest.fixture(scope="module")
def read_before() -> dict[str, Known]:
    """Keep what was read before the first row: the settings of the account, which no test changes."""
    return {}


@pytest.fixture
async def desk(running: RunningSandbox, applicant: Applicant, read_before: dict[str, Known]) -> Desk:
    tokens = await applicant.tokens()
    connector = Catalogue.load({"capsule": running.url}).get("capsule")
    client = SandboxWriter(applicant, tokens["access_token"])
    if running.url not in read_before:
        read_before[running.url] = await read_known(connector, client)
    return Desk(connector, client, read_before[running.url])
