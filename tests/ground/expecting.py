"""What the sandbox has, stream by stream, as anybody can read it through its API."""

from collections.abc import Mapping

from consentry import credentials
from consentry.app import App
from consentry.connectors import Answer, Connector, SignedInClient, Stream, read
from consentry.credentials import CredentialId
from consentry.errors import NotFound
from consentry.flows.manual import name_records
from consentry.outbound import Outbound
from ground.consenting import ADA
from ground.flattening import Expected


async def expect(app: App, credential_id: CredentialId, connector: Connector, streams: tuple[Stream, ...]) -> Expected:
    """Return the rows that a dataset of these streams has to have."""
    token = await credentials.token(app.credentials, ADA, credential_id)
    remembering = _Remembering(_Plain(app.outbound, connector.base_url, token.access_token.reveal()))
    expected = Expected()
    for stream in streams:
        expected.tables.setdefault(stream.name, {})
        async for page in read(remembering, connector, stream):
            for record in name_records(stream, page.records):
                expected.add(stream, record)
    return expected


class _Plain:
    """Asks with a token, whatever the budget says."""

    def __init__(self, outbound: Outbound, base_url: str, token: str) -> None:
        self._outbound = outbound
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Ask once."""
        reply = await self._outbound.fetch("GET", self._base_url + path, headers=self._headers)
        if reply.status == 404:
            raise NotFound
        assert reply.status == 200, f"{path}: {reply.status}"
        return Answer(status=reply.status, headers=reply.headers, body=reply.body)


class _Remembering:
    """Asks for each address once: parents are walked by several streams."""

    def __init__(self, client: SignedInClient) -> None:
        self._client = client
        self._answers: dict[str, Answer] = {}

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Answer from memory, or ask."""
        if path not in self._answers:
            self._answers[path] = await self._client.get(path, params)
        return self._answers[path]
