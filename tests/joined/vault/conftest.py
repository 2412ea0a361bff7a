"""A vault on a real database, with its keyset in the home."""

from pathlib import Path

import pytest

from consentry import settings
from consentry.settings import Settings
from consentry.storage import Database
from consentry.vault import Vault, open_keyring


@pytest.fixture
def here(home: Path) -> Settings:
    """Give the settings of a home whose keyset is in its file."""
    return settings.load(home=home)


@pytest.fixture
async def vault(here: Settings, database: Database) -> Vault:
    """Open the vault of a fresh home."""
    return await open_keyring(here, database)
