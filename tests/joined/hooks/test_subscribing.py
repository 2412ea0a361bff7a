"""Hooks are set up, found again, renewed and removed, whatever happens in between; and what can't be had is said."""

import asyncio
from datetime import timedelta
from typing import Any

from consentry import app as composition
from consentry import credentials, flows
from consentry.app import App
from consentry.audit import Action, list_entries
from consentry.flows import HookState
from consentry.flows.hooks import store
from consentry.flows.hooks.rounds import EVERY
from ground.consenting import ADA, begin, come_back, give_consent
from ground.hooked import Hooked

ALL = ("parties", "opportunities", "projects", "tasks", "users")
HOOKS = "/api/v2/resthooks"


def addresses(hooked: Hooked) -> set[str]:
    return {hook["targetUrl"] for hook in hooked.remote}


async def details(hooked: Hooked, action: Action) -> list[tuple[str, str]]:
    async with hooked.app.database.reading() as connection:
        entries, _ = await list_entries(connection, page=1, per_page=100)
    return [(entry.outcome, entry.detail) for entry in entries if entry.action == action]


async def test_what_the_provider_dropped_is_found_renewed_and_made_up_for(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    before = addresses(hooked)
    hooked.sandbox.world.hooks.drop(hooked.remote[1]["id"])
    record = hooked.crm["parties"].all()[0]
    hooked.crm["parties"].change(record.id, {"about": "missed"}, at="2099-01-01T00:00:00Z")
    await hooked.tend()
    assert len(hooked.remote) == 2, "the list is looked at every hour"
    hooked.clock.advance(EVERY)
    await hooked.tend()
    assert len(addresses(hooked)) == 3
    assert len(addresses(hooked) - before) == 1, "a renewed hook has an address of its own"
    (run,) = await hooked.read_hints()
    assert (run.trigger, run.counts.changed) == ("hook", 1)
    assert (hooked.row(source, "parties", record.id) or {})["about"] == "missed"


async def test_nobody_listens_for_so_long_that_the_provider_gives_up(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    async with hooked.app.database.transaction() as connection:  # as after a restored backup: no address is known
        await store.change(connection, list((await hooked.show(source)).events), token_hash=None)
    hooked.crm["parties"].change(hooked.crm["parties"].all()[0].id, {"about": "x"}, at="2099-01-01T00:00:00Z")
    await hooked.eventually(lambda: len(hooked.remote) == 2)  # 410: the provider ends it at once
    hooked.clock.advance(EVERY)
    await hooked.tend()
    assert len(hooked.remote) == 3, "the two that nobody knew of are removed"
    assert set((await hooked.states(source)).values()) == {HookState.SUBSCRIBED}


async def test_hooks_go_with_their_source(hooked: Hooked) -> None:
    source = await hooked.add()
    await flows.delete(hooked.app.flows, ADA, source.id)
    assert len(hooked.remote) == 3
    await hooked.tend()
    assert hooked.remote == []
    assert (await details(hooked, Action.HOOK_REMOVE))[0][1].endswith("party/created, party/updated, party/deleted")
    asked = hooked.count(HOOKS)
    hooked.clock.advance(EVERY * 2)
    await hooked.tend()
    assert hooked.count(HOOKS) == asked, "without hooks nobody asks any more"


async def test_removing_is_tried_until_it_is_done_also_after_a_restart(hooked: Hooked, app: App) -> None:
    source = await hooked.add()
    hooked.sandbox.world.fail("api", 503, calls=1, path=f"{HOOKS}/")
    await flows.delete(hooked.app.flows, ADA, source.id)
    await hooked.tend()
    assert len(hooked.remote) == 3
    hooked.clock.advance(timedelta(minutes=5))
    async with composition.open(app.settings, clock=hooked.clock) as restarted:
        await flows.tend_due(restarted.flows)
    assert hooked.remote == []


async def test_hooks_that_were_set_up_but_never_heard_of_again_are_taken_up(hooked: Hooked) -> None:
    hooked.sandbox.world.fail("api", 503, calls=1, path=HOOKS)
    source = await hooked.add()
    assert set((await hooked.states(source)).values()) == {HookState.WAITING}
    hooked.clock.advance(timedelta(minutes=1))
    await hooked.tend()
    await flows.change(hooked.app.flows, ADA, source.id, {"hooks": False})
    await hooked.tend()
    await flows.change(hooked.app.flows, ADA, source.id, {"hooks": True})
    _drop_the_answer_to_the_second(hooked)
    await hooked.tend()
    assert len(hooked.remote) == 2, "the second was set up, and its answer was lost"
    hooked.clock.advance(timedelta(minutes=1))
    await hooked.tend()
    assert [hook["event"] for hook in hooked.remote] == ["party/created", "party/updated", "party/deleted"]
    assert set((await hooked.states(source)).values()) == {HookState.SUBSCRIBED}


def _drop_the_answer_to_the_second(hooked: Hooked) -> None:
    """Order the fault as soon as the first hook is there."""
    world = hooked.sandbox.world

    def hear(*_: Any) -> None:
        hooked.crm["resthooks"].listener = None
        world.drop("api", calls=1, path=HOOKS, processed=True)

    hooked.crm["resthooks"].listener = hear


async def test_another_account_gets_hooks_anew(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    begun = await begin(hooked.app, hooked.credential.id)
    await come_back(hooked.app, begun, await give_consent(begun.authorize_url, user="dana.petrov"))
    await credentials.confirm_account(hooked.app.credentials, ADA, hooked.credential.id, accept=True)
    await hooked.tend()
    theirs = hooked.sandbox.world.crm("globex")["resthooks"].all()
    assert [hook.decode()["event"] for hook in theirs] == ["party/created", "party/updated", "party/deleted"]
    hooked.crm["parties"].change(hooked.crm["parties"].all()[0].id, {"about": "x"}, at="2099-01-01T00:00:00Z")
    await hooked.eventually(lambda: len(hooked.remote) == 2)  # the old account is told 410, and ends it


async def test_two_nodes_set_up_each_hook_once(hooked: Hooked, app: App) -> None:
    new = flows.NewSource(name="Sales", credential_id=hooked.credential.id, streams=("parties",), hooks=True)
    await flows.create(app.flows, ADA, new)
    async with composition.open(app.settings, clock=hooked.clock) as other:
        await asyncio.gather(flows.tend_due(app.flows), flows.tend_due(other.flows))
    assert len(hooked.remote) == 3
    assert hooked.count(HOOKS, method="POST") == 3
