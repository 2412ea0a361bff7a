"""The only SQL of this room: people, sessions, API keys and attempts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.accounts.model import ApiKey, ApiKeyId, KeyScope, Person, PersonId, Session, SessionId
from consentry.errors import Conflict
from consentry.storage.tables import api_keys, attempts, people, sessions

_PERSON = (
    people.c.id.label("person_id"),
    people.c.email,
    people.c.name,
    people.c.created_at.label("person_created_at"),
    people.c.signed_in_at,
    people.c.disabled_at,
)


def _person(row: Row[*tuple[Any, ...]]) -> Person:
    return Person(
        id=PersonId(row.person_id),
        email=row.email,
        name=row.name,
        created_at=row.person_created_at,
        signed_in_at=row.signed_in_at,
        disabled_at=row.disabled_at,
    )


# --- people


async def hold_people(connection: AsyncConnection) -> None:
    """Let no other node add or change people until this transaction ends; on SQLite that is so already."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE"))


async def count_people(connection: AsyncConnection, *, enabled_only: bool = False) -> int:
    """Return how many people there are."""
    query = select(func.count()).select_from(people)
    if enabled_only:
        query = query.where(people.c.disabled_at.is_(None))
    return int((await connection.execute(query)).scalar_one())


async def add_person(
    connection: AsyncConnection, *, email: str, name: str, password_hash: str, now: datetime
) -> Person:
    """Insert a person; raise Conflict when the e-mail address is taken."""
    values = {"email": email, "name": name, "password_hash": password_hash, "created_at": now}
    try:
        row = (await connection.execute(insert(people).values(values).returning(*_PERSON))).one()
    except IntegrityError as error:
        raise Conflict(f"There is a person with the e-mail address {email} already.") from error
    return _person(row)


async def list_people(connection: AsyncConnection, *, offset: int, limit: int) -> list[Person]:
    """Return people in the order in which they were added."""
    query = select(*_PERSON).order_by(people.c.id).offset(offset).limit(limit)
    return [_person(row) for row in await connection.execute(query)]


async def find_person(connection: AsyncConnection, person_id: int) -> Person | None:
    """Return a person by id."""
    row = (await connection.execute(select(*_PERSON).where(people.c.id == person_id))).one_or_none()
    return None if row is None else _person(row)


async def find_person_by_email(connection: AsyncConnection, email: str) -> tuple[Person, str] | None:
    """Return a person and the hash of their password, by the canonical e-mail address."""
    query = select(*_PERSON, people.c.password_hash).where(people.c.email == email)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (_person(row), row.password_hash)


async def update_person(connection: AsyncConnection, person_id: PersonId, **values: object) -> None:
    """Change columns of a person."""
    await connection.execute(update(people).where(people.c.id == person_id).values(**values))


# --- sessions


async def add_session(
    connection: AsyncConnection, person: Person, *, token_hash: str, csrf_token: str, now: datetime
) -> Session:
    """Insert a session that begins now."""
    values = {
        "token_hash": token_hash,
        "person_id": person.id,
        "csrf_token": csrf_token,
        "created_at": now,
        "seen_at": now,
        "proved_at": now,
    }
    row = (await connection.execute(insert(sessions).values(values).returning(sessions.c.id))).one()
    return Session(
        id=SessionId(row.id), person=person, csrf_token=csrf_token, created_at=now, seen_at=now, proved_at=now
    )


async def find_session(connection: AsyncConnection, token_hash: str) -> Session | None:
    """Return the session of a token, with its person."""
    own = [column for column in sessions.c if column.name not in ("person_id", "token_hash")]
    query = select(*own, *_PERSON).join(people, people.c.id == sessions.c.person_id)
    row = (await connection.execute(query.where(sessions.c.token_hash == token_hash))).one_or_none()
    if row is None:
        return None
    return Session(
        id=SessionId(row.id),
        person=_person(row),
        csrf_token=row.csrf_token,
        created_at=row.created_at,
        seen_at=row.seen_at,
        proved_at=row.proved_at,
    )


async def update_session(connection: AsyncConnection, session_id: SessionId, **values: object) -> None:
    """Change columns of a session."""
    await connection.execute(update(sessions).where(sessions.c.id == session_id).values(**values))


async def forget_session(connection: AsyncConnection, session_id: SessionId) -> bool:
    """Delete a session, and tell whether it was there."""
    return (await connection.execute(delete(sessions).where(sessions.c.id == session_id))).rowcount > 0


async def forget_sessions_of(connection: AsyncConnection, person_id: PersonId, *, but: SessionId | None = None) -> None:
    """Delete a person's sessions, all or all but one."""
    query = delete(sessions).where(sessions.c.person_id == person_id)
    await connection.execute(query if but is None else query.where(sessions.c.id != but))


async def forget_dead_sessions(connection: AsyncConnection, *, seen_before: datetime, made_before: datetime) -> None:
    """Delete the sessions that nobody can use any more."""
    dead = or_(sessions.c.seen_at <= seen_before, sessions.c.created_at <= made_before)
    await connection.execute(delete(sessions).where(dead))


# --- API keys


def _api_key(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row.id),
        name=row.name,
        prefix=row.prefix,
        scopes=frozenset(KeyScope(scope) for scope in row.scopes.split()),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        used_at=row.used_at,
    )


async def add_api_key(connection: AsyncConnection, key_hash: str, **values: object) -> ApiKey:
    """Insert an API key."""
    query = insert(api_keys).values(key_hash=key_hash, **values).returning(api_keys)
    return _api_key((await connection.execute(query)).one())


async def read_api_keys(connection: AsyncConnection) -> Sequence[tuple[str, ApiKey]]:
    """Return every key that isn't revoked, with its hash."""
    rows = await connection.execute(select(api_keys).where(api_keys.c.revoked_at.is_(None)))
    return [(row.key_hash, _api_key(row)) for row in rows]


async def list_api_keys(connection: AsyncConnection, *, offset: int, limit: int) -> list[ApiKey]:
    """Return API keys, the newest first, revoked ones too."""
    query = select(api_keys).order_by(api_keys.c.id.desc()).offset(offset).limit(limit)
    return [_api_key(row) for row in await connection.execute(query)]


async def find_api_key(connection: AsyncConnection, api_key_id: int) -> ApiKey | None:
    """Return an API key by id."""
    row = (await connection.execute(select(api_keys).where(api_keys.c.id == api_key_id))).one_or_none()
    return None if row is None else _api_key(row)


async def revoke_api_key(connection: AsyncConnection, api_key_id: ApiKeyId, now: datetime) -> bool:
    """Revoke an API key, and tell whether this call did it."""
    query = update(api_keys).where(api_keys.c.id == api_key_id, api_keys.c.revoked_at.is_(None))
    return (await connection.execute(query.values(revoked_at=now))).rowcount > 0


async def set_api_key_used(connection: AsyncConnection, api_key_id: ApiKeyId, now: datetime) -> None:
    """Write down that a key was used; the latest moment stays, whoever writes last."""
    earlier = or_(api_keys.c.used_at.is_(None), api_keys.c.used_at < now)
    await connection.execute(update(api_keys).where(api_keys.c.id == api_key_id, earlier).values(used_at=now))


# --- attempts


async def hold_attempts(
    connection: AsyncConnection, subject: str, now: datetime, forgotten_after: timedelta
) -> tuple[int, datetime | None]:
    """Lock the row of a subject, and return its failures and until when it is blocked."""
    fresh = {"subject": subject, "failures": 0, "since": now}
    if connection.dialect.name == "postgresql":
        await connection.execute(postgresql.insert(attempts).values(fresh).on_conflict_do_nothing())
    else:
        await connection.execute(sqlite.insert(attempts).values(fresh).on_conflict_do_nothing())
    query = select(attempts).where(attempts.c.subject == subject).with_for_update()
    row = (await connection.execute(query)).one()
    return (0, None) if now - row.since > forgotten_after else (row.failures, row.blocked_until)


async def set_attempts(
    connection: AsyncConnection, subject: str, failures: int, now: datetime, blocked_until: datetime | None
) -> None:
    """Write the failures of a subject; ``since`` is the moment of the latest."""
    values = {"failures": failures, "since": now, "blocked_until": blocked_until}
    await connection.execute(update(attempts).where(attempts.c.subject == subject).values(values))


async def forget_attempts(connection: AsyncConnection, subject: str, *, one_only: bool) -> None:
    """Forget the failures of a subject, all or the latest."""
    row = attempts.c.subject == subject
    if one_only:
        one_less = {"failures": attempts.c.failures - 1, "blocked_until": None}
        await connection.execute(update(attempts).where(row, attempts.c.failures > 0).values(one_less))
    else:
        await connection.execute(delete(attempts).where(row))


async def forget_old_attempts(connection: AsyncConnection, before: datetime) -> None:
    """Delete what no longer slows anybody down."""
    await connection.execute(delete(attempts).where(attempts.c.since < before))
