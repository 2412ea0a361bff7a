"""What may be posted to a hook's address, and how little it can do."""

import json
from datetime import timedelta
from typing import Any

import httpx2

from consentry import flows
from consentry.flows import Source, store
from consentry.flows.hooks import hints
from consentry.flows.hooks.model import EVERYTHING
from ground.consenting import ADA
from ground.hooked import Hooked

DAY = timedelta(days=1)
JSON = {"Content-Type": "application/json"}


async def post(hooked: Hooked, address: str, body: object, **more: Any) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(timeout=30) as http:
        return await http.post(address, content=content, headers=JSON | more)


def address_of(hooked: Hooked, event: str = "party/updated") -> str:
    address: str = next(hook["targetUrl"] for hook in hooked.remote if hook["event"] == event)
    return address


def told(*ids: object) -> dict[str, Any]:
    return {"event": "party/updated", "payload": [{"id": each, "about": "forged"} for each in ids]}


async def waiting(hooked: Hooked, source: Source) -> list[tuple[str, str]]:
    async with hooked.app.database.reading() as connection:
        return [(hint.stream, hint.record) for hint in await hints.take(connection, source.id)]


def deliveries(hooked: Hooked, outcome: str) -> float:
    labels = {"outcome": outcome}
    return hooked.app.measures.registry.get_sample_value("consentry_hook_deliveries_total", labels) or 0.0


async def test_a_forged_delivery_changes_nothing_but_costs_one_read(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    before = hooked.rows(source, "parties")
    record_id = before[0]["id"]
    answer = await post(hooked, address_of(hooked, "party/deleted"), told(record_id))
    assert (answer.status_code, answer.content) == (204, b"")
    (run,) = await hooked.read_hints()
    assert (run.counts.requests, run.counts.new, run.counts.changed, run.counts.deleted) == (1, 0, 0, 0)
    assert hooked.rows(source, "parties") == before
    await post(hooked, address_of(hooked, "party/created"), told(99_999_999))
    (run,) = await hooked.read_hints()
    assert (run.counts.requests, run.counts.new, run.counts.deleted) == (1, 0, 0)
    assert hooked.rows(source, "parties") == before
    shown = {hook.event: hook for hook in (await hooked.show(source)).events}
    assert [shown[event].deliveries for event in ("party/created", "party/updated", "party/deleted")] == [1, 0, 1]


async def test_a_flood_is_bounded_and_ends_in_one_reading_of_all_changes(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    address = address_of(hooked)
    for start in range(1, 6_000, 950):
        answer = await post(hooked, address, told(*range(start, start + 950)))
        assert answer.status_code == 204
        assert len(await waiting(hooked, source)) <= hints.MOST
    assert await waiting(hooked, source) == [(EVERYTHING, "")]
    first = hooked.crm["parties"].all()[0].id
    hooked.crm["parties"].listener = None
    hooked.crm["parties"].change(first, {"about": "changed"}, at="2099-01-01T00:00:00Z")
    (run,) = await hooked.read_hints()
    assert run.counts.requests < 5
    assert (hooked.row(source, "parties", first) or {})["about"] == "changed"
    assert await waiting(hooked, source) == []


async def test_what_is_told_again_while_it_is_read_is_read_again(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    first = hooked.rows(source, "parties")[0]["id"]
    await post(hooked, address_of(hooked), told(first))
    hooked.clock.advance(timedelta(seconds=5))
    await flows.queue_hinted(hooked.app.flows)
    (claimed,) = await flows.claim(hooked.app.flows, 1)
    async with hooked.app.database.reading() as connection:
        taken = await hints.take(connection, source.id)
    await post(hooked, address_of(hooked), told(first))  # after the reading, before the end
    await flows.finish(hooked.app.flows, claimed, flows.RunStatus.SUCCEEDED, None, taken)
    assert await waiting(hooked, source) == [("parties", str(first))]
    (run,) = await hooked.read_hints()
    assert run.counts.read == 1


async def test_hints_wait_while_a_run_is_under_way(hooked: Hooked) -> None:
    source = await hooked.add()
    await flows.begin_run(hooked.app.flows, ADA, source.id)
    await post(hooked, address_of(hooked), told(hooked.crm["parties"].all()[0].id))
    hooked.clock.advance(timedelta(seconds=5))
    assert await flows.queue_hinted(hooked.app.flows) == 1
    (by_hand,) = await hooked._work()
    (by_hook,) = await hooked.read_hints()
    assert (by_hand.trigger, by_hook.trigger) == ("hand", "hook")


async def test_a_run_that_fails_forgets_nothing_and_is_tried_again_less_and_less_often(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    first = hooked.crm["parties"].all()[0].id
    await post(hooked, address_of(hooked), told(first))
    hooked.sandbox.world.fail("api", 403, calls=1, path="/api/v2/parties")
    (run,) = await hooked.read_hints()
    assert run.status == "failed"
    assert await waiting(hooked, source) == [("parties", str(first))]
    assert await hooked.read_hints() == [], "not at once"
    hooked.clock.advance(timedelta(minutes=1))
    (again,) = await hooked.read_hints()
    assert again.status == "succeeded"
    assert await waiting(hooked, source) == []


async def test_runs_by_hooks_don_t_pile_up(hooked: Hooked) -> None:
    source = await hooked.add()
    async with hooked.app.database.transaction() as connection:
        for number in range(hints.KEPT_RUNS + 3):
            old: dict[str, Any] = {"kind": "source", "flow_id": source.id, "flow_name": "Sales", "trigger": "hook"}
            old |= {"status": "succeeded", "cancel_asked": False, "queued_at": hooked.clock.now() - DAY}
            run_id = await store.add_run(connection, old | {"finished_at": hooked.clock.now() - DAY})
            assert run_id > number
    await hooked.run(source)
    await post(hooked, address_of(hooked), told(hooked.crm["parties"].all()[0].id))
    await hooked.read_hints()
    kept, more = await flows.list_runs(hooked.app.flows, flow_id=source.id, per_page=100)
    assert more
    assert len(kept) == hints.KEPT_RUNS
    (oldest,), more = await flows.list_runs(hooked.app.flows, flow_id=source.id, per_page=100, page=2)
    assert (oldest.trigger, more) == ("hook", False), "all but so many by hooks are gone, and no other"
