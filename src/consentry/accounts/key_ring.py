"""The API keys in memory: all of them, so that a key which isn't here is known not to exist.

They are read again as soon as any process changes one. When a key was last used is written behind, once a minute.
"""

import asyncio
import hmac
from datetime import datetime, timedelta
from typing import Final

from consentry.accounts import store
from consentry.accounts.model import ApiKey, ApiKeyId, fingerprint
from consentry.core.clock import Clock
from consentry.core.log import get_logger
from consentry.errors import PassingError
from consentry.storage import Changes, Database

SUBJECT: Final = "api_key"
USE_WRITTEN_EVERY: Final = timedelta(minutes=1)

log = get_logger("accounts.key_ring")


class KeyRing:
    """Finds an API key in microseconds."""

    def __init__(self, database: Database, changes: Changes, clock: Clock) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock
        self._keys: dict[str, tuple[str, ApiKey]] | None = None
        self._age = 0  # counts what was forgotten, so that a slow reading isn't kept
        self._used: dict[ApiKeyId, datetime] = {}
        self._writing: set[asyncio.Task[None]] = set()
        changes.subscribe(self._forget)

    def _forget(self, subject: str | None) -> None:
        if subject is None or subject == SUBJECT:
            self._age += 1
            self._keys = None

    async def find(self, key: str) -> ApiKey | None:
        """Return the API key that this text is, valid or not."""
        self._changes.poll()
        keys = self._keys
        if keys is None:
            keys = await self._read()
        wanted = fingerprint(key)
        stored, found = keys.get(wanted, ("", None))
        return found if hmac.compare_digest(stored, wanted) else None

    async def _read(self) -> dict[str, tuple[str, ApiKey]]:
        age = self._age
        async with self._database.reading() as connection:
            keys = {stored: (stored, api_key) for stored, api_key in await store.read_api_keys(connection)}
        self._changes.poll()
        if age == self._age:
            self._keys = keys
        return keys

    def note_use(self, api_key: ApiKey) -> None:
        """Remember that the key was used; it is written down at most once a minute."""
        now = self._clock.now()
        last = self._used.get(api_key.id)
        if last is not None and now - last < USE_WRITTEN_EVERY:
            return
        self._used[api_key.id] = now
        task = asyncio.get_running_loop().create_task(self._write_use(api_key.id, now))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write_use(self, api_key_id: ApiKeyId, moment: datetime) -> None:
        try:
            async with self._database.transaction() as connection:
                await store.set_api_key_used(connection, api_key_id, moment)
        except PassingError as error:
            log.warning("the last use of an API key was not written down", reason=error.message)

    async def close(self) -> None:
        """Wait for what is being written."""
        await asyncio.gather(*self._writing)
