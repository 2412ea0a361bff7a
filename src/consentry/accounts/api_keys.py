"""API keys: create, list, revoke, and tell who a key is.

To rotate one without a gap, create the next, hand it out, and revoke the old one: any number may stand at a time.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from consentry.accounts import store
from consentry.accounts.key_ring import SUBJECT
from consentry.accounts.model import KEY_PREFIX, ApiKey, Caller, KeyScope, caller_of_key, check_name, fingerprint
from consentry.accounts.room import Room
from consentry.audit import Action, Actor, Outcome
from consentry.core.secret import Secret
from consentry.errors import FieldError, InvalidInput, NotFound, NotSignedIn
from consentry.storage import announce


async def create_api_key(
    room: Room, actor: Actor, *, name: str, scopes: Iterable[KeyScope], expires_at: datetime | None = None
) -> tuple[ApiKey, Secret]:
    """Make an API key, and return it with the key itself, which is shown this once; raise InvalidInput."""
    chosen, now = frozenset(scopes), room.clock.now()
    wrong = check_name(name)
    if not chosen:
        wrong.append(FieldError(field="scopes", message="Choose at least one scope."))
    if expires_at is not None and expires_at <= now:
        wrong.append(FieldError(field="expires_at", message="Choose a moment in the future."))
    if wrong:
        raise InvalidInput(*wrong)
    key = Secret(KEY_PREFIX + room.randomness.token())
    async with room.database.transaction() as connection:
        api_key = await store.add_api_key(
            connection,
            fingerprint(key.reveal()),
            name=" ".join(name.split()),
            prefix=key.reveal()[: len(KEY_PREFIX) + 4],
            scopes=" ".join(sorted(chosen)),
            created_by=actor.name,
            created_at=now,
            expires_at=expires_at,
        )
        detail = f"{api_key.name}#{api_key.id}: {' '.join(sorted(chosen))}"
        await room.trail.record(connection, actor, Action.API_KEY_CREATE, Outcome.DONE, detail=detail)
        await announce(connection, SUBJECT)
    return api_key, key


async def authenticate(room: Room, key: str, ip: str) -> Caller:
    """Return the caller that a key stands for; raise NotSignedIn, or TooManyAttempts after many wrong ones."""
    api_key = await room.keys.find(key)
    if api_key is None:
        room.key_throttle.note_failure(ip)
        raise NotSignedIn("This API key is not known here, or was revoked.", hint="Use an API key that still stands.")
    if not api_key.is_valid(room.clock.now()):
        raise NotSignedIn("This API key has expired.", hint="Create another one in the settings.")
    room.keys.note_use(api_key)
    return caller_of_key(api_key, ip)


async def list_api_keys(room: Room, *, page: int = 1, per_page: int = 50) -> tuple[list[ApiKey], bool]:
    """Return one page of API keys, the newest first, and whether there are more."""
    async with room.database.reading() as connection:
        found = await store.list_api_keys(connection, offset=(page - 1) * per_page, limit=per_page + 1)
    return found[:per_page], len(found) > per_page


async def get_api_key(room: Room, api_key_id: int) -> ApiKey:
    """Return an API key by id; raise NotFound."""
    async with room.database.reading() as connection:
        found = await store.find_api_key(connection, api_key_id)
    if found is None:
        raise NotFound("There is no API key with this id.")
    return found


async def revoke_api_key(room: Room, actor: Actor, api_key_id: int) -> ApiKey:
    """Revoke an API key at once and everywhere; revoking it twice is the same as once. Raises NotFound."""
    api_key, now = await get_api_key(room, api_key_id), room.clock.now()
    async with room.database.transaction() as connection:
        if await store.revoke_api_key(connection, api_key.id, now):
            detail = f"{api_key.name}#{api_key.id}"
            await room.trail.record(connection, actor, Action.API_KEY_REVOKE, Outcome.DONE, detail=detail)
            await announce(connection, SUBJECT)
            return replace(api_key, revoked_at=now)
    return await get_api_key(room, api_key_id)
