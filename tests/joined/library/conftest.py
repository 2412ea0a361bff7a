"""A home with a connected credential in it, as a program with the library finds it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import consentry
from consentry import app, settings
from consentry.credentials import Credential
from consentry.sandbox import RunningSandbox
from ground.consenting import connected


@pytest.fixture
def at_home(home: Path, sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the environment of this process at the home and the sandbox."""
    monkeypatch.setenv("CONSENTRY_HOME", str(home))
    monkeypatch.setenv("CONSENTRY_CAPSULE_BASE_URL", sandbox.url)
    return home


@pytest.fixture
def sales(at_home: Path, sandbox: RunningSandbox) -> Credential:
    """Add the credential Sales CRM, and give consent for it."""

    async def add() -> Credential:
        async with app.open(settings.load()) as opened:
            return await connected(opened, sandbox, name="Sales CRM")

    return asyncio.run(add())


@pytest.fixture
def hub(sales: Credential) -> Iterator[consentry.Hub]:
    """Open the home."""
    with consentry.open() as hub:
        yield hub
