"""Fixtures for journeys: a whole Consentry in a process of its own, and a real browser."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from consentry.sandbox import RunningSandbox
from ground.browser import open_browser
from ground.processes import Running, running


@pytest.fixture
def server(home: Path, sandbox: RunningSandbox) -> Iterator[Running]:
    """Run a whole Consentry in a process of its own, with a sandbox in place of the provider."""
    with running(home, capsule_base_url=sandbox.url) as process:
        yield process


@pytest.fixture
def node(home: Path, sandbox: RunningSandbox, database_url: str) -> Iterator[Running]:
    """Run a whole Consentry as `server` does, once on each engine."""
    with running(home, capsule_base_url=sandbox.url, database_url=database_url) as process:
        yield process


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Open a real, headless Chromium."""
    async with open_browser() as browser:
        yield browser
