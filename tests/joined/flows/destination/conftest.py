"""An app without a provider: where rows come from is this machine's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from consentry import app as composition
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.flows import Room
from consentry.settings import Settings


@pytest.fixture
async def app(home: Path, database_url: str, clock: FakeClock) -> AsyncIterator[App]:
    """Open an app on a fresh home."""
    async with composition.open(Settings(home=home, database_url=SecretStr(database_url)), clock=clock) as opened:
        yield opened


@pytest.fixture
def room(app: App) -> Room:
    """Give what the use cases work with."""
    return app.flows
