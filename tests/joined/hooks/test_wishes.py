"""Which hooks a source gets: those of its streams, as far as there is room and right; and what can't be had is said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consentry import flows
from consentry.audit import Action, list_entries
from consentry.connectors import ADDRESS_PATH
from consentry.flows import HookState
from consentry.flows.hooks import store
from consentry.flows.hooks.model import hash_of
from consentry.flows.hooks.rounds import EVERY
from ground.consenting import ADA, add_credential, authorize, connected, register
from ground.databases import Engine
from ground.hooked import Hooked

ALL = ("parties", "opportunities", "projects", "tasks", "users")
HOOKS = "/api/v2/resthooks"


@pytest.fixture
def engine() -> Engine:
    """Use SQLite: what is proved here doesn't depend on the engine."""
    return "sqlite"


def addresses(hooked: Hooked) -> set[str]:
    return {hook["targetUrl"] for hook in hooked.remote}


async def details(hooked: Hooked, action: Action) -> list[tuple[str, str]]:
    async with hooked.app.database.reading() as connection:
        entries, _ = await list_entries(connection, page=1, per_page=100)
    return [(entry.outcome, entry.detail) for entry in entries if entry.action == action]


async def test_no_address_is_stored_and_none_is_read_into_a_dataset(hooked: Hooked) -> None:
    source = await hooked.add("Sales", "parties", "rest_hooks")
    await hooked.run(source)
    tokens = [address.partition(ADDRESS_PATH)[2] for address in addresses(hooked)]
    assert {row["target_url"].partition(ADDRESS_PATH)[2] for row in hooked.rows(source, "rest_hooks")} == {"…"}
    async with hooked.app.database.reading() as connection:
        stored = await store.list_of_credential(connection, hooked.credential.id)
    assert {hook.token_hash for hook in stored} == {hash_of(token) for token in tokens}
    shown = repr(await hooked.show(source))
    assert not any(token in shown or hash_of(token) in shown for token in tokens)


async def test_only_twenty_hooks_fit_and_the_others_are_named(hooked: Hooked) -> None:
    whole = await hooked.add("Whole", *ALL)
    part = await hooked.add("Part", "parties")
    assert len(hooked.remote) == 20
    assert set((await hooked.states(whole)).values()) == {HookState.SUBSCRIBED}
    assert await hooked.states(part) == {
        "party/created": HookState.SUBSCRIBED,
        "party/updated": HookState.NO_ROOM,
        "party/deleted": HookState.NO_ROOM,
    }
    (words,) = {hook.reason for hook in (await hooked.show(part)).events if hook.reason}
    assert words.startswith("Capsule allows 20 hooks in an account, and all are taken")
    await flows.delete(hooked.app.flows, ADA, whole.id)
    await hooked.tend()
    assert set((await hooked.states(part)).values()) == {HookState.SUBSCRIBED}, "room that came free is used"
    assert len(hooked.remote) == 3


async def test_hooks_of_other_applications_take_room_that_no_list_shows(hooked: Hooked) -> None:
    other = await connected(hooked.app, hooked.sandbox, name="Another application")
    await hooked.add("Whole", *ALL, credential_id=other.id)
    part = await hooked.add("Part", "parties", dataset="part")
    assert list((await hooked.states(part)).values()) == [HookState.SUBSCRIBED, HookState.REFUSED, HookState.REFUSED]
    assert "no more than 20 hooks" in (await hooked.show(part)).events[1].reason


async def test_who_is_no_administrator_is_told_and_the_source_goes_on(hooked: Hooked) -> None:
    registered = register(hooked.sandbox, hooked.app.settings.redirect_uri)
    plain = await add_credential(hooked.app, registered, name="Ben's")
    await authorize(hooked.app, plain.id, user="ben.okafor")
    source = await hooked.add("Ben's", credential_id=plain.id)
    assert set((await hooked.states(source)).values()) == {HookState.REFUSED}
    (words,) = {hook.reason for hook in (await hooked.show(source)).events}
    assert "only an administrator's consent can set up hooks" in words
    assert words.endswith("Changes come by the schedule.")
    assert hooked.count(HOOKS, method="POST") == 1, "the first refusal is taken for the others"
    assert (await hooked.run(source)).status == "succeeded"
    assert [outcome for outcome, _ in await details(hooked, Action.HOOK_SUBSCRIBE)] == ["refused"]


async def test_a_grant_for_reading_only_is_told_so(hooked: Hooked) -> None:
    registered = register(hooked.sandbox, hooked.app.settings.redirect_uri)
    reading = await add_credential(hooked.app, registered, name="Reader", scope="read")
    await authorize(hooked.app, reading.id)
    source = await hooked.add("Reader", credential_id=reading.id)
    assert set((await hooked.states(source)).values()) == {HookState.REFUSED}


async def test_a_run_has_the_list_looked_at_too(hooked: Hooked) -> None:
    source = await hooked.add()
    hooked.sandbox.world.hooks.drop(hooked.remote[0]["id"])
    hooked.clock.advance(timedelta(minutes=6))
    await hooked.run(source)
    await hooked.tend()
    assert len(hooked.remote) == 3


async def test_hooks_go_when_they_are_switched_off_and_come_back(hooked: Hooked) -> None:
    source = await hooked.add()
    await flows.change(hooked.app.flows, ADA, source.id, {"hooks": False})
    await hooked.tend()
    assert (hooked.remote, await hooked.states(source)) == ([], {})
    await flows.change(hooked.app.flows, ADA, source.id, {"hooks": True})
    await hooked.tend()
    assert len(hooked.remote) == 3


async def test_a_paused_source_has_none_and_an_active_one_has_them_again(hooked: Hooked) -> None:
    source = await hooked.add()
    await flows.pause(hooked.app.flows, ADA, source.id)
    await hooked.tend()
    assert hooked.remote == []
    await flows.activate(hooked.app.flows, ADA, source.id)
    await hooked.tend()
    assert len(hooked.remote) == 3


async def test_other_streams_have_other_hooks(hooked: Hooked) -> None:
    source = await hooked.add("Sales", "parties", "tasks")
    kept = {hook["targetUrl"] for hook in hooked.remote if hook["event"].startswith("party/")}
    await flows.change(hooked.app.flows, ADA, source.id, {"streams": ("parties", "users")})
    await hooked.tend()
    assert {hook["event"].partition("/")[0] for hook in hooked.remote} == {"party", "user"}
    assert kept <= addresses(hooked)


async def test_a_stray_hook_of_ours_is_removed_and_nobody_else_s(hooked: Hooked) -> None:
    await hooked.add()
    ours = hooked.app.settings.public_url
    for number, address in ((1, f"{ours}/hooks/{'a' * 43}"), (2, f"https://other.example/hooks/{'a' * 43}"), (3, ours)):
        hook = {"id": number, "clientId": 1, "event": "party/created", "targetUrl": address}
        hooked.crm["resthooks"].add(hook)
    hooked.clock.advance(EVERY)
    await hooked.tend()
    assert sorted(each["id"] for each in hooked.remote if each["id"] < 10) == [2, 3]


async def test_another_credential_takes_the_hooks_over(hooked: Hooked) -> None:
    source = await hooked.add()
    other = await connected(hooked.app, hooked.sandbox, name="Another application")
    await flows.change(hooked.app.flows, ADA, source.id, {"credential_id": other.id})
    await hooked.tend()
    assert len(hooked.remote) == 3
    assert set((await hooked.states(source)).values()) == {HookState.SUBSCRIBED}


async def test_hooks_wait_for_consent_and_are_set_up_when_it_comes(hooked: Hooked) -> None:
    source = await hooked.add()
    hooked.sandbox.world.withdraw("ada.marsh")
    hooked.sandbox.world.hooks.drop(hooked.remote[0]["id"])
    hooked.clock.advance(EVERY)
    await hooked.tend()
    assert len(hooked.remote) == 2
    await hooked.tend()
    await authorize(hooked.app, hooked.credential.id)
    await hooked.tend()
    assert len(hooked.remote) == 3
    assert set((await hooked.states(source)).values()) == {HookState.SUBSCRIBED}


async def test_a_provider_elsewhere_can_not_call_this_machine_and_that_is_said(hooked: Hooked) -> None:
    room = hooked.app.flows
    away = replace(room, credentials=replace(room.credentials, public_url="http://127.0.0.1:1"))
    moved = {"capsule": "https://capsule.example.com"}
    elsewhere = replace(away, catalogue=type(away.catalogue).load(moved))
    new = flows.NewSource(name="Sales", credential_id=hooked.credential.id, streams=("parties",), hooks=True)
    source = await flows.create(elsewhere, ADA, new)
    await flows.tend_due(elsewhere)
    shown = await hooked.show(source)
    assert {hook.state for hook in shown.events} == {HookState.UNREACHABLE}
    assert "takes an https address" in shown.events[0].reason
    assert hooked.count(HOOKS) == 0
    await hooked.tend()
    assert len(hooked.remote) == 0, "it waits for its hour"
    hooked.clock.advance(EVERY)
    await hooked.tend()
    assert len(hooked.remote) == 3
