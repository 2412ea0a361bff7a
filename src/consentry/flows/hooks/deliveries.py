"""Takes in what a provider posts to a hook's address. It becomes a hint at most: which records to read again.

Nobody signs these calls, so nothing in them is believed but that something may have changed.
"""

from typing import Any, Final

import msgspec

from consentry.connectors import Hooks
from consentry.errors import Gone, Unreadable
from consentry.flows.hooks import hints, store
from consentry.flows.hooks.model import EVERYTHING, Hook, hash_of
from consentry.flows.room import Room

MOST_RECORDS: Final = hints.MOST
_LARGEST_ID: Final = 2**63 - 1
_LONGEST_ID: Final = 64


async def find_hook(room: Room, token: str) -> Hook:
    """Return the hook whose address this is; raise Gone when nobody wants it, which lets the provider end it."""
    async with room.database.reading() as connection:
        hook = await store.find_by_hash(connection, hash_of(token))
    if hook is None:
        raise Gone("This hook is not wanted any more.", hint="Remove it.")
    return hook


async def take_delivery(room: Room, hook: Hook, body: bytes | None) -> None:
    """Remember which records to read, before the provider is answered; raise Unreadable for what isn't JSON.

    A body of None was too long to be read: then all changes are read, as when it names more records than are kept or
    none that can be made out. Raises Gone when the hook was let go of meanwhile.
    """
    async with room.database.reading() as connection:
        connector = await store.connector_of(connection, hook)
    facts = room.catalogue.get(connector).hooks if connector else None
    records = _read_records(facts, body) if body is not None and facts is not None else ()
    now = room.clock.now()
    async with room.database.transaction() as connection:
        current = await store.find_by_hash(connection, hook.token_hash or "")
        if current is None:
            raise Gone("This hook is not wanted any more.", hint="Remove it.")
        await hints.put(connection, hook.source_id, hook.stream if records else EVERYTHING, records, now)
        await store.note_delivery(connection, hook, now)


def _read_records(facts: Hooks, body: bytes) -> tuple[str, ...]:
    """Return the ids that a delivery names, as JSON; nothing when there are none to be made out, or too many."""
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable("The body can't be read as JSON.") from error
    records = whole.get(facts.records_key) if isinstance(whole, dict) else None
    found = [_read_id(each, facts.id_key) for each in records] if isinstance(records, list) else []
    named = tuple(dict.fromkeys(each for each in found if each is not None))
    return named if len(named) == len(set(found)) and len(named) <= MOST_RECORDS else ()


def _read_id(record: Any, key: str) -> str | None:
    found = record.get(key) if isinstance(record, dict) else record
    if isinstance(found, bool) or not isinstance(found, int | str):
        return None
    fits = (
        0 <= found <= _LARGEST_ID if isinstance(found, int) else 0 < len(found) <= _LONGEST_ID and found.isprintable()
    )
    return msgspec.json.encode(found).decode() if fits else None
