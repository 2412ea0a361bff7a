import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from consentry import accounts
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.errors import InvalidInput, NotSignedIn, TooManyAttempts
from consentry.storage.tables import attempts, people, sessions

PASSWORD = Secret("correct horse battery")
WRONG = Secret("wrong horse battery")
IP = "192.0.2.1"


@pytest.fixture
async def ada(room: accounts.Room) -> accounts.Person:
    return await accounts.create_first_person(room, name="Ada", email="ada@example.com", password=PASSWORD)


async def sign_in(room: accounts.Room, password: Secret = PASSWORD, ip: str = IP) -> tuple[accounts.Session, Secret]:
    return await accounts.sign_in(room, email="Ada@example.com", password=password, ip=ip)


@pytest.mark.usefixtures("ada")
async def test_signing_in_begins_a_session_that_its_token_finds(room: accounts.Room) -> None:
    session, token = await sign_in(room)
    found = await accounts.find_session(room, token.reveal())
    assert found is not None
    assert (found.id, found.person.email, found.csrf_token) == (session.id, "ada@example.com", session.csrf_token)
    assert await accounts.find_session(room, "no such token") is None


@pytest.mark.usefixtures("ada")
async def test_neither_token_nor_password_stands_in_the_database(room: accounts.Room) -> None:
    _, token = await sign_in(room)
    async with room.database.reading() as connection:
        stored = [*(await connection.execute(select(sessions))), *(await connection.execute(select(people)))]
    assert token.reveal() not in str(stored)
    assert PASSWORD.reveal() not in str(stored)


async def test_a_wrong_password_and_an_unknown_address_are_told_alike(
    room: accounts.Room, ada: accounts.Person
) -> None:
    with pytest.raises(NotSignedIn) as wrong:
        await sign_in(room, WRONG)
    with pytest.raises(NotSignedIn) as unknown:
        await accounts.sign_in(room, email="eve@example.com", password=PASSWORD, ip=IP)
    assert (wrong.value.message, wrong.value.hint) == (unknown.value.message, unknown.value.hint)
    assert ada.email not in wrong.value.message


@pytest.mark.usefixtures("ada")
async def test_after_a_few_failures_even_the_right_password_waits(room: accounts.Room, clock: FakeClock) -> None:
    for _ in range(6):
        with pytest.raises(NotSignedIn):
            await sign_in(room, WRONG)
    with pytest.raises(TooManyAttempts, match="possible in") as caught:
        await sign_in(room)
    clock.advance(timedelta(seconds=caught.value.retry_after))
    await sign_in(room)
    async with room.database.reading() as connection:
        left = (await connection.execute(select(attempts).where(attempts.c.subject.startswith("email:")))).all()
    assert left == []


@pytest.mark.usefixtures("ada")
async def test_fifty_at_once_don_t_slip_through_together(room: accounts.Room) -> None:
    tries = [sign_in(room, WRONG, ip=f"192.0.2.{number}") for number in range(50)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, NotSignedIn) for result in results) == 6
    assert sum(isinstance(result, TooManyAttempts) for result in results) == 44


@pytest.mark.usefixtures("ada")
async def test_one_network_address_cannot_try_many_people(room: accounts.Room) -> None:
    async def guess() -> None:
        for number in range(30):
            with pytest.raises(NotSignedIn):
                await accounts.sign_in(room, email=f"p{number}@example.com", password=WRONG, ip=IP)

    with pytest.raises(TooManyAttempts):
        await guess()
    await sign_in(room, ip="198.51.100.7")


@pytest.mark.usefixtures("ada")
async def test_failures_keep_no_email_address(room: accounts.Room) -> None:
    with pytest.raises(NotSignedIn):
        await accounts.sign_in(room, email="typed.my.password.here", password=WRONG, ip=IP)
    async with room.database.reading() as connection:
        kept = str((await connection.execute(select(attempts))).all())
        trail = str((await connection.exec_driver_sql("SELECT * FROM audit")).all())
    assert "typed.my.password.here" not in kept + trail


@pytest.mark.usefixtures("ada")
async def test_a_session_that_is_used_lives_on_and_an_idle_one_ends(room: accounts.Room, clock: FakeClock) -> None:
    _, token = await sign_in(room)
    for _ in range(3):
        clock.advance(timedelta(hours=11))
        assert await accounts.find_session(room, token.reveal()) is not None
    clock.advance(timedelta(hours=12))
    assert await accounts.find_session(room, token.reveal()) is None
    await accounts.forget_ended(room)
    async with room.database.reading() as connection:
        assert (await connection.execute(select(sessions))).all() == []
        assert (await connection.execute(select(attempts))).all() == []


@pytest.mark.usefixtures("ada")
async def test_signing_out_ends_the_session(room: accounts.Room) -> None:
    session, token = await sign_in(room)
    await accounts.sign_out(room, session, IP)
    await accounts.sign_out(room, session, IP)
    assert await accounts.find_session(room, token.reveal()) is None


@pytest.mark.usefixtures("ada")
async def test_giving_the_password_again_proves_the_session(room: accounts.Room, clock: FakeClock) -> None:
    _, token = await sign_in(room)
    clock.advance(timedelta(minutes=20))
    session = await accounts.find_session(room, token.reveal())
    assert session is not None
    assert not session.is_proved(clock.now())
    with pytest.raises(InvalidInput, match="not valid"):
        await accounts.prove(room, session, WRONG, IP)
    await accounts.prove(room, session, PASSWORD, IP)
    proved = await accounts.find_session(room, token.reveal())
    assert proved is not None
    assert proved.is_proved(clock.now())


@pytest.mark.usefixtures("ada")
async def test_a_changed_password_ends_the_other_sessions(room: accounts.Room) -> None:
    session, token = await sign_in(room)
    _, other = await sign_in(room)
    new = Secret("another horse battery")
    with pytest.raises(InvalidInput):
        await accounts.change_password(room, session, current=WRONG, new=new, ip=IP)
    await accounts.change_password(room, session, current=PASSWORD, new=new, ip=IP)
    assert await accounts.find_session(room, token.reveal()) is not None
    assert await accounts.find_session(room, other.reveal()) is None
    with pytest.raises(NotSignedIn):
        await sign_in(room)
    await sign_in(room, new)


@pytest.mark.usefixtures("ada")
async def test_guessing_in_a_stolen_session_is_slowed_down_too(room: accounts.Room) -> None:
    session, _ = await sign_in(room)

    async def guess() -> None:
        for _ in range(10):
            with pytest.raises(InvalidInput):
                await accounts.prove(room, session, WRONG, IP)

    with pytest.raises(TooManyAttempts):
        await guess()
