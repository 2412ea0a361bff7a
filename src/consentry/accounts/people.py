"""People: the first one, further ones, their passwords, and shutting them out."""

from consentry.accounts import store
from consentry.accounts.model import (
    Person,
    SessionId,
    canonical_email,
    check_email,
    check_name,
    check_password,
)
from consentry.accounts.room import Room
from consentry.audit import CONSENTRY, Action, Actor, Outcome
from consentry.core.log import get_logger
from consentry.core.secret import Secret
from consentry.errors import Conflict, InvalidInput, NotFound, SettingWrong
from consentry.settings import Settings
from consentry.storage import announce

SUBJECT = "person"

log = get_logger("accounts.people")


async def has_people(room: Room) -> bool:
    """Tell whether anybody can sign in here yet."""
    async with room.database.reading() as connection:
        return await store.count_people(connection) > 0


async def create_first_person(room: Room, *, name: str, email: str, password: Secret, ip: str = "") -> Person:
    """Add the first administrator; raise Conflict when there is one, also when two try at once."""
    actor = Actor(name=f"person:{canonical_email(email)}", ip=ip)
    return await _create(room, actor, name=name, email=email, password=password, only_first=True)


async def create_person(room: Room, actor: Actor, *, name: str, email: str, password: Secret) -> Person:
    """Add an administrator; raise InvalidInput, or Conflict when the e-mail address is taken."""
    return await _create(room, actor, name=name, email=email, password=password, only_first=False)


async def create_person_of_settings(room: Room, settings: Settings) -> Person | None:
    """Add the administrator that the settings name, unless there are people already; safe to repeat."""
    if settings.admin_email is None or settings.admin_password is None or await has_people(room):
        return None
    password = Secret(settings.admin_password.get_secret_value())
    try:
        name = settings.admin_email.partition("@")[0]
        return await _create(room, CONSENTRY, name=name, email=settings.admin_email, password=password, only_first=True)
    except InvalidInput as error:
        wrong = error.errors[0]
        variable = "CONSENTRY_ADMIN_PASSWORD" if wrong.field == "password" else "CONSENTRY_ADMIN_EMAIL"
        raise SettingWrong(
            f"{variable}: {wrong.message}", hint=f"Set {variable} to a value that fits, then start again."
        ) from error
    except Conflict:
        log.info("another process has added the first administrator")
        return None


async def _create(room: Room, actor: Actor, *, name: str, email: str, password: Secret, only_first: bool) -> Person:
    wrong = [*check_name(name), *check_email(email), *check_password(password.reveal())]
    if wrong:
        raise InvalidInput(*wrong)
    password_hash = await room.passwords.hash(password)
    async with room.database.transaction() as connection:
        if only_first:
            await store.hold_people(connection)
            if await store.count_people(connection) > 0:
                raise Conflict(
                    "There is an administrator already.", hint="Sign in, or ask an administrator to add you."
                )
        person = await store.add_person(
            connection,
            email=canonical_email(email),
            name=" ".join(name.split()),
            password_hash=password_hash,
            now=room.clock.now(),
        )
        await room.trail.record(connection, actor, Action.PERSON_CREATE, Outcome.DONE, detail=person.email)
        await announce(connection, SUBJECT)
    return person


async def list_people(room: Room, *, page: int = 1, per_page: int = 50) -> tuple[list[Person], bool]:
    """Return one page of people, and whether there are more."""
    async with room.database.reading() as connection:
        found = await store.list_people(connection, offset=(page - 1) * per_page, limit=per_page + 1)
    return found[:per_page], len(found) > per_page


async def get_person(room: Room, person_id: int) -> Person:
    """Return a person by id; raise NotFound."""
    async with room.database.reading() as connection:
        return _found(await store.find_person(connection, person_id))


def _found(person: Person | None) -> Person:
    if person is None:
        raise NotFound("There is no person with this id.")
    return person


async def find_person_by_email(room: Room, email: str) -> Person | None:
    """Return the person with this e-mail address."""
    async with room.database.reading() as connection:
        found = await store.find_person_by_email(connection, canonical_email(email))
    return None if found is None else found[0]


async def rename_person(room: Room, actor: Actor, person_id: int, name: str) -> Person:
    """Change the name that others read; raise NotFound or InvalidInput."""
    wrong = check_name(name)
    if wrong:
        raise InvalidInput(*wrong)
    person = await get_person(room, person_id)
    async with room.database.transaction() as connection:
        await store.update_person(connection, person.id, name=" ".join(name.split()))
        await room.trail.record(connection, actor, Action.PERSON_EDIT, Outcome.DONE, detail=f"name of {person.email}")
        await announce(connection, SUBJECT)
    return await get_person(room, person_id)


async def set_password(
    room: Room, actor: Actor, person_id: int, password: Secret, *, keep_session: SessionId | None = None
) -> None:
    """Give a person another password, and end their sessions but for one; raise NotFound or InvalidInput."""
    wrong = check_password(password.reveal())
    if wrong:
        raise InvalidInput(*wrong)
    person = await get_person(room, person_id)
    password_hash = await room.passwords.hash(password)
    async with room.database.transaction() as connection:
        await store.update_person(connection, person.id, password_hash=password_hash)
        await store.forget_sessions_of(connection, person.id, but=keep_session)
        detail = f"password of {person.email}"
        await room.trail.record(connection, actor, Action.PERSON_EDIT, Outcome.DONE, detail=detail)
        await announce(connection, "session")


async def disable_person(room: Room, actor: Actor, person_id: int) -> Person:
    """Shut a person out at once; raise NotFound, or Conflict for the last one who could sign in."""
    async with room.database.transaction() as connection:
        await store.hold_people(connection)
        person = _found(await store.find_person(connection, person_id))
        if person.disabled_at is None:
            if await store.count_people(connection, enabled_only=True) < 2:
                raise Conflict(
                    "This is the last administrator who can sign in.", hint="Add or enable another one first."
                )
            await store.update_person(connection, person.id, disabled_at=room.clock.now())
            await store.forget_sessions_of(connection, person.id)
            detail = f"disabled {person.email}"
            await room.trail.record(connection, actor, Action.PERSON_EDIT, Outcome.DONE, detail=detail)
            await announce(connection, "session")
    return await get_person(room, person_id)


async def enable_person(room: Room, actor: Actor, person_id: int) -> Person:
    """Let a person in again; raise NotFound."""
    async with room.database.transaction() as connection:
        await store.hold_people(connection)
        person = _found(await store.find_person(connection, person_id))
        if person.disabled_at is not None:
            await store.update_person(connection, person.id, disabled_at=None)
            detail = f"enabled {person.email}"
            await room.trail.record(connection, actor, Action.PERSON_EDIT, Outcome.DONE, detail=detail)
            await announce(connection, SUBJECT)
    return await get_person(room, person_id)
