"""The API on a real port, over a real database and the sandbox; and a client with an administrator's key."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from consentry import accounts
from consentry import app as composition
from consentry.accounts import KeyScope
from consentry.api import create_api
from consentry.app import App
from consentry.sandbox import RunningSandbox
from consentry.settings import Settings
from ground.consenting import ADA
from ground.databases import Engine
from ground.serving import MakeClient, free_port, serve


@pytest.fixture
def engine() -> Engine:
    """Use SQLite: the API speaks no SQL, and what it stands on is proved on both."""
    return "sqlite"


@pytest.fixture
def settings(home: Path, database_url: str, sandbox: RunningSandbox) -> Settings:
    """Point the connector at the sandbox, and the public URL at the port that will be served."""
    return Settings(
        home=home,
        database_url=SecretStr(database_url),
        public_url=f"http://127.0.0.1:{free_port()}",
        base_urls={"capsule": sandbox.url},
    )


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    """Open an app on a fresh home."""
    async with composition.open(settings) as opened:
        yield opened


@pytest.fixture
async def address(app: App) -> AsyncIterator[str]:
    """Serve the API."""
    async with serve(create_api(app), port=int(app.settings.public_url.rpartition(":")[2])) as url:
        yield url


@pytest.fixture
async def client_with(app: App, address: str) -> AsyncIterator[MakeClient]:
    """Make HTTP clients that carry an API key with the scopes that a test names."""
    opened: list[httpx2.AsyncClient] = []

    async def make(*scopes: KeyScope) -> httpx2.AsyncClient:
        _, key = await accounts.create_api_key(app.accounts, ADA, name="test", scopes=scopes)
        headers = {"Authorization": f"Bearer {key.reveal()}"}
        opened.append(httpx2.AsyncClient(base_url=address, headers=headers, timeout=20))
        return opened[-1]

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
async def admin(client_with: MakeClient) -> httpx2.AsyncClient:
    """Give a client with an administrator's key."""
    return await client_with(KeyScope.ADMIN)


@pytest.fixture
async def nobody(address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client without any key."""
    async with httpx2.AsyncClient(base_url=address, timeout=20) as client:
        yield client
