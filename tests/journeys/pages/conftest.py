"""One Consentry, one provider and one browser for all journeys of a module; a person with fresh cookies for each."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from consentry import sandbox as sandbox_room
from consentry.sandbox import RunningSandbox
from ground.browser import open_browser
from ground.processes import Running, running
from ground.visitor import Visitor, visiting


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningSandbox]:
    """Run a small Capsule."""
    with sandbox_room.start() as started:
        yield started


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: RunningSandbox) -> Iterator[Running]:
    """Run a whole Consentry in a process of its own."""
    home = tmp_path_factory.mktemp("pages") / "home"
    home.mkdir(mode=0o700)
    with running(home, capsule_base_url=provider.url) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """Open a real, headless Chromium."""
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def ada(chromium: Browser, house: Running, provider: RunningSandbox) -> AsyncIterator[Visitor]:
    """Sign Ada in with a fresh browser profile."""
    async with visiting(chromium, house, provider) as visitor:
        yield visitor
