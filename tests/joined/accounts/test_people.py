import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from consentry import accounts
from consentry.audit import Actor
from consentry.core.secret import Secret
from consentry.errors import Conflict, InvalidInput, NotFound, NotSignedIn, SettingWrong
from consentry.settings import Settings

ACTOR = Actor(name="person:root@example.com", ip="127.0.0.1")
PASSWORD = Secret("correct horse battery")


async def add_first(room: accounts.Room) -> accounts.Person:
    return await accounts.create_first_person(room, name="Ada", email="ada@example.com", password=PASSWORD)


async def test_of_ten_who_try_at_once_one_becomes_the_first_administrator(room: accounts.Room) -> None:
    tries = [
        accounts.create_first_person(room, name="Ada", email=f"ada{number}@example.com", password=PASSWORD)
        for number in range(10)
    ]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, accounts.Person) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 9
    assert await accounts.has_people(room)


async def test_an_email_address_is_taken_whatever_its_case(room: accounts.Room) -> None:
    await add_first(room)
    with pytest.raises(Conflict, match="already"):
        await accounts.create_person(room, ACTOR, name="Eve", email=" ADA@example.com", password=PASSWORD)


async def test_everything_wrong_with_a_new_person_is_said_at_once(room: accounts.Room) -> None:
    with pytest.raises(InvalidInput) as caught:
        await accounts.create_person(room, ACTOR, name="", email="ada", password=Secret("short"))
    assert [wrong.field for wrong in caught.value.errors] == ["name", "email", "password"]
    assert not await accounts.has_people(room)


async def test_settings_make_the_first_administrator_once(room: accounts.Room, home: Path) -> None:
    settings = Settings(home=home, admin_email="root@example.com", admin_password=SecretStr("from the settings"))
    assert await accounts.create_person_of_settings(room, settings) is not None
    assert await accounts.create_person_of_settings(room, settings) is None
    await accounts.sign_in(room, email="root@example.com", password=Secret("from the settings"), ip="127.0.0.1")


async def test_settings_without_an_administrator_make_none(room: accounts.Room, home: Path) -> None:
    assert await accounts.create_person_of_settings(room, Settings(home=home)) is None
    assert not await accounts.has_people(room)


async def test_a_bad_setting_is_named(room: accounts.Room, home: Path) -> None:
    settings = Settings(home=home, admin_email="root@example.com", admin_password=SecretStr("short"))
    with pytest.raises(SettingWrong, match="CONSENTRY_ADMIN_PASSWORD"):
        await accounts.create_person_of_settings(room, settings)


async def test_the_last_administrator_cannot_be_shut_out(room: accounts.Room) -> None:
    ada = await add_first(room)
    with pytest.raises(Conflict, match="last administrator"):
        await accounts.disable_person(room, ACTOR, ada.id)


async def test_two_who_shut_each_other_out_leave_one(room: accounts.Room) -> None:
    ada = await add_first(room)
    eve = await accounts.create_person(room, ACTOR, name="Eve", email="eve@example.com", password=PASSWORD)
    outcomes = await asyncio.gather(
        accounts.disable_person(room, ACTOR, ada.id),
        accounts.disable_person(room, ACTOR, eve.id),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1


async def test_who_is_shut_out_loses_every_session_and_may_come_back(room: accounts.Room) -> None:
    await add_first(room)
    eve = await accounts.create_person(room, ACTOR, name="Eve", email="eve@example.com", password=PASSWORD)
    _, token = await accounts.sign_in(room, email="eve@example.com", password=PASSWORD, ip="127.0.0.1")
    disabled = await accounts.disable_person(room, ACTOR, eve.id)
    assert disabled.disabled_at is not None
    assert await accounts.find_session(room, token.reveal()) is None
    with pytest.raises(NotSignedIn):
        await accounts.sign_in(room, email="eve@example.com", password=PASSWORD, ip="127.0.0.1")
    assert (await accounts.enable_person(room, ACTOR, eve.id)).disabled_at is None
    await accounts.sign_in(room, email="eve@example.com", password=PASSWORD, ip="127.0.0.1")


async def test_people_are_listed_in_pages(room: accounts.Room) -> None:
    await add_first(room)
    for number in range(3):
        await accounts.create_person(room, ACTOR, name="P", email=f"p{number}@example.com", password=PASSWORD)
    first, more = await accounts.list_people(room, page=1, per_page=3)
    last, end = await accounts.list_people(room, page=2, per_page=3)
    assert (len(first), more, len(last), end) == (3, True, 1, False)


async def test_an_unknown_person_is_not_found(room: accounts.Room) -> None:
    with pytest.raises(NotFound):
        await accounts.rename_person(room, ACTOR, 99, "Nobody")


async def test_a_person_can_be_renamed(room: accounts.Room) -> None:
    ada = await add_first(room)
    assert (await accounts.rename_person(room, ACTOR, ada.id, " Ada  King ")).name == "Ada King"
