"""The Capsule connector reads the sandbox as it would read the real one: every stream, page by page."""

from collections.abc import AsyncIterator, Mapping

import pytest

from consentry.connectors import Answer, Catalogue, Connector, read
from consentry.errors import ScopeMissing
from consentry.outbound import Outbound
from consentry.sandbox import RunningSandbox
from ground.applicant import REDIRECT_URI, Applicant

STREAMS = [stream.name for stream in Catalogue.load().get("capsule").streams]


class Client:
    """A signed-in client over the real outbound one."""

    def __init__(self, outbound: Outbound, base_url: str, access_token: str) -> None:
        self._outbound = outbound
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {access_token}"}
        self.asked: list[str] = []

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        self.asked.append(path)
        reply = await self._outbound.fetch("GET", self._base_url + path, headers=self._headers)
        if reply.status == 403:
            raise ScopeMissing
        assert reply.status == 200, f"{path}: {reply.body!r}"
        return Answer(status=reply.status, headers=reply.headers, body=reply.body)


@pytest.fixture
def connector(sandbox: RunningSandbox) -> Connector:
    return Catalogue.load({"capsule": sandbox.url}).get("capsule")


@pytest.fixture
async def client(sandbox: RunningSandbox) -> AsyncIterator[Client]:
    application = sandbox.world.register(name="Consentry", redirect_uri=REDIRECT_URI)
    async with Applicant(sandbox, application) as applicant:
        tokens = await applicant.tokens()
    outbound = Outbound([sandbox.url])
    yield Client(outbound, sandbox.url, tokens["access_token"])
    await outbound.close()


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_is_read_with_its_keys(client: Client, connector: Connector, name: str) -> None:
    stream = connector.stream(name)
    assert stream is not None
    pages = [page async for page in read(client, connector, stream)]
    records = [record for page in pages for record in page.records]
    keys = [tuple(record[key] for key in stream.primary_key) for record in records]
    assert len(set(keys)) == len(keys)
    assert records or name == "rest_hooks", f"the sandbox has no {name}"


async def test_a_long_list_is_read_to_its_end_with_everything_that_was_asked_for(
    client: Client, connector: Connector
) -> None:
    stream = connector.stream("parties")
    assert stream is not None
    pages = [page async for page in read(client, connector, stream)]
    assert [len(page.records) for page in pages[:-1]] == [100] * (len(pages) - 1)
    assert len(pages) > 1
    assert all("tags" in record and "fields" in record for page in pages for record in page.records)
    assert all("embed=tags,fields" in path or "embed=tags%2Cfields" in path for path in client.asked)


async def test_the_account_is_found(client: Client, connector: Connector) -> None:
    account = await connector.find_account(client)
    assert (account.subdomain, account.user is not None) == ("acme", True)
