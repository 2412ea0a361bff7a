"""Sign-in and sessions: begin, find, prove, end."""

import contextlib
from datetime import datetime, timedelta
from typing import Final

from consentry.accounts import store
from consentry.accounts.model import (
    SESSION_IDLE,
    SESSION_LIFE,
    Person,
    Session,
    caller_of_session,
    canonical_email,
    check_password,
    fingerprint,
)
from consentry.accounts.people import set_password
from consentry.accounts.room import Room
from consentry.accounts.throttle import BY_EMAIL, BY_IP, FORGOTTEN_AFTER, Subject, give_turn_back, take_turn
from consentry.audit import Action, Actor, Outcome
from consentry.core.secret import Secret
from consentry.errors import FieldError, InvalidInput, NotSignedIn, StorageBusy

_SEEN_WRITTEN_EVERY: Final = timedelta(minutes=1)


async def sign_in(room: Room, *, email: str, password: Secret, ip: str) -> tuple[Session, Secret]:
    """Begin a session, and return it with the token for the browser's cookie.

    Raises NotSignedIn, which doesn't tell whether the e-mail address is known, and TooManyAttempts.
    """
    email = canonical_email(email)
    subjects = _subjects(email, ip)
    async with room.database.transaction() as connection:
        await take_turn(connection, subjects, room.clock.now())
    async with room.database.reading() as connection:
        found = await store.find_person_by_email(connection, email)
    person, stored = found or (None, None)
    if person is not None and person.disabled_at is not None:
        stored = None
    right = await room.passwords.is_right(stored, password)
    if person is None or stored is None or not right:
        await _note_refusal(room, person, ip, "wrong e-mail address or password")
        raise NotSignedIn(
            "The e-mail address or the password is wrong.", hint="Check both; passwords mind upper and lower case."
        )
    rehashed = await room.passwords.hash(password) if room.passwords.is_outdated(stored) else None
    return await _begin(room, person, stored=stored, rehashed=rehashed, ip=ip)


async def _begin(room: Room, person: Person, *, stored: str, rehashed: str | None, ip: str) -> tuple[Session, Secret]:
    token, now = Secret(room.randomness.token()), room.clock.now()
    async with room.database.transaction() as connection:
        await store.hold_people(connection)
        found = await store.find_person_by_email(connection, person.email)
        if found is None or found[0].disabled_at is not None or found[1] != stored:
            raise NotSignedIn("The account was changed while you were signing in.", hint="Sign in again.")
        await give_turn_back(connection, _subjects(person.email, ip))
        await store.update_person(connection, person.id, signed_in_at=now, password_hash=rehashed or stored)
        session = await store.add_session(
            connection,
            person,
            token_hash=fingerprint(token.reveal()),
            csrf_token=room.randomness.token(),
            now=now,
        )
        actor = caller_of_session(session, ip).actor
        await room.trail.record(connection, actor, Action.SIGN_IN, Outcome.DONE)
    return session, token


async def find_session(room: Room, token: str) -> Session | None:
    """Return the session of a cookie's token, or None when there is none or it has ended."""
    now = room.clock.now()
    async with room.database.reading() as connection:
        session = await store.find_session(connection, fingerprint(token))
    if session is None or not session.is_alive(now) or session.person.disabled_at is not None:
        return None
    if now - session.seen_at >= _SEEN_WRITTEN_EVERY:
        await _note_seen(room, session, now)
    return session


async def _note_seen(room: Room, session: Session, now: datetime) -> None:
    with contextlib.suppress(StorageBusy):  # a page that only shows things must not fail for this
        async with room.database.transaction() as connection:
            await store.update_session(connection, session.id, seen_at=now)


async def sign_out(room: Room, session: Session, ip: str) -> None:
    """End a session; ending it twice is the same as once."""
    async with room.database.transaction() as connection:
        if await store.forget_session(connection, session.id):
            actor = caller_of_session(session, ip).actor
            await room.trail.record(connection, actor, Action.SIGN_OUT, Outcome.DONE)


async def prove(room: Room, session: Session, password: Secret, ip: str) -> None:
    """Note that the person of a session has given their password again; raise InvalidInput or TooManyAttempts."""
    await _check_own_password(room, session, password, ip, field="password")
    async with room.database.transaction() as connection:
        await store.update_session(connection, session.id, proved_at=room.clock.now())


async def change_password(room: Room, session: Session, *, current: Secret, new: Secret, ip: str) -> None:
    """Change the password of who is signed in, and end their other sessions; raise InvalidInput or TooManyAttempts."""
    wrong = check_password(new.reveal(), "new_password")
    if wrong:
        raise InvalidInput(*wrong)
    await _check_own_password(room, session, current, ip, field="current_password")
    actor = caller_of_session(session, ip).actor
    await set_password(room, actor, session.person.id, new, keep_session=session.id)


async def _check_own_password(room: Room, session: Session, password: Secret, ip: str, *, field: str) -> None:
    subjects = _subjects(session.person.email, ip)
    async with room.database.transaction() as connection:
        await take_turn(connection, subjects, room.clock.now())
    async with room.database.reading() as connection:
        found = await store.find_person_by_email(connection, session.person.email)
    if not await room.passwords.is_right(found[1] if found else None, password):
        await _note_refusal(room, session.person, ip, "wrong password in a signed-in session")
        raise InvalidInput(FieldError(field=field, message="This is not your password."))
    async with room.database.transaction() as connection:
        await give_turn_back(connection, subjects)


async def forget_ended(room: Room) -> None:
    """Delete sessions and failures that no longer matter."""
    now = room.clock.now()
    async with room.database.transaction() as connection:
        await store.forget_dead_sessions(connection, seen_before=now - SESSION_IDLE, made_before=now - SESSION_LIFE)
        await store.forget_old_attempts(connection, now - FORGOTTEN_AFTER)


EVERY_MINUTE: Final = (forget_ended,)
"""What the worker does for this room."""


async def _note_refusal(room: Room, person: Person | None, ip: str, reason: str) -> None:
    # Of an unknown address nothing is kept: people type passwords into the wrong field.
    actor = Actor(name="person:unknown" if person is None else f"person:{person.email}", ip=ip)
    async with room.database.transaction() as connection:
        await room.trail.record(connection, actor, Action.SIGN_IN, Outcome.REFUSED, detail=reason)


def _subjects(email: str, ip: str) -> tuple[Subject, ...]:
    """Return whose failures a sign-in counts towards; e-mail addresses are kept as fingerprints only."""
    by_email = Subject(name=f"email:{fingerprint(email)}", patience=BY_EMAIL)
    return (by_email, Subject(name=f"ip:{ip}", patience=BY_IP))
