"""A change in the provider arrives in the dataset: told by a hook, read from the API, written once."""

from datetime import UTC, datetime

from consentry import flows
from consentry.flows import RunStatus
from ground.hooked import Hooked

PARTIES = ["party/created", "party/updated", "party/deleted"]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_a_source_subscribes_to_the_events_of_its_streams(hooked: Hooked) -> None:
    source = await hooked.add()
    assert await hooked.states(source) == dict.fromkeys(PARTIES, "subscribed")
    assert [hook["event"] for hook in hooked.remote] == PARTIES
    addresses = [hook["targetUrl"] for hook in hooked.remote]
    assert len(set(addresses)) == 3
    assert all(len(address.removeprefix(f"{hooked.app.settings.public_url}/hooks/")) == 43 for address in addresses)
    assert await hooked.read_hints() == [], "a new hook begins no run"


async def test_what_was_created_changed_and_deleted_arrives_by_ids_alone(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    first, second = [record.id for record in hooked.crm["parties"].all()[:2]]
    listed = hooked.count("/api/v2/parties")
    hooked.crm["parties"].change(first, {"about": "told"}, at=now())
    hooked.crm["parties"].add({"id": 77_001, "type": "person", "firstName": "Nova", "createdAt": now()})
    hooked.crm["parties"].remove(second, at=now())
    await hooked.told()
    (run,) = await hooked.read_hints()
    assert (run.trigger, run.status, run.counts.new, run.counts.changed, run.counts.deleted) == (
        *("hook", RunStatus.SUCCEEDED, 1, 1, 1),
    )
    changed, new = hooked.row(source, "parties", first), hooked.row(source, "parties", 77_001)
    assert changed is not None
    assert changed["about"] == "told"
    assert new is not None
    assert hooked.row(source, "parties", second) is None
    assert hooked.count("/api/v2/parties") == listed + 1, "one look at the list, before anything is deleted"
    assert await hooked.read_hints() == [], "what was read is forgotten"


async def test_hooks_never_move_the_cursor_so_the_next_run_finds_the_same(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    first, second = [record.id for record in hooked.crm["parties"].all()[:2]]
    hooked.crm["parties"].change(first, {"about": "told"}, at=now())
    await hooked.told()
    await hooked.read_hints()
    hooked.sandbox.world.hooks.stop()
    hooked.crm["parties"].change(second, {"about": "not told"}, at=now())
    run = await hooked.run(source)
    assert (run.counts.new, run.counts.changed) == (0, 1)
    assert (hooked.row(source, "parties", second) or {})["about"] == "not told"


async def test_a_burst_is_read_by_one_run_with_ten_records_a_request(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    ids = [record.id for record in hooked.crm["parties"].all()[:45]]
    for number in ids * 3:
        hooked.crm["parties"].change(number, {"about": f"changed {number}"}, at=now())
    await hooked.told()
    (run,) = await hooked.read_hints()
    assert (run.counts.read, run.counts.changed, run.counts.requests) == (45, 45, 5)


async def test_every_kind_of_record_that_has_events_arrives(hooked: Hooked) -> None:
    source = await hooked.add("All", "parties", "opportunities", "projects", "tasks", "users")
    assert len(hooked.remote) == 19
    await hooked.run(source)
    changed = {}
    tables = {"opportunities": "opportunities", "kases": "projects", "tasks": "tasks", "users": "users"}
    field = {"opportunities": "name", "kases": "name", "tasks": "description", "users": "name"}
    for path in tables:
        changed[path] = hooked.crm[path].all()[0].id
        hooked.crm[path].change(changed[path], {field[path]: "Told"}, at=now())
    task = hooked.crm["tasks"].all()[1].id
    hooked.crm["tasks"].change(task, {"status": "COMPLETED"}, at=now())
    await hooked.told()
    (run,) = await hooked.read_hints()
    assert run.status is RunStatus.SUCCEEDED, run
    for path, table in tables.items():
        assert (hooked.row(source, table, changed[path]) or {})[field[path]] == "Told"
    assert (hooked.row(source, "tasks", task) or {})["status"] == "COMPLETED"


async def test_a_run_that_is_planned_is_not_left_out_for_one_by_a_hook(hooked: Hooked) -> None:
    source = await hooked.add(schedule=flows.Schedule(cron="* * * * *"))
    await hooked.run(source)
    hooked.crm["parties"].change(hooked.crm["parties"].all()[0].id, {"about": "told"}, at=now())
    await hooked.told()
    planned = (await hooked.show(source)).next_run_at
    assert planned is not None
    hooked.clock.advance(planned - hooked.clock.now())
    await flows.queue_hinted(hooked.app.flows)
    await flows.queue_due(hooked.app.flows)
    assert (await hooked.show(source)).next_run_at == planned
    await hooked._work()
    await flows.queue_due(hooked.app.flows)
    (run,) = await hooked._work()
    assert run.trigger == "schedule"


async def test_children_of_what_a_hook_told_of_are_walked_by_the_next_run(hooked: Hooked) -> None:
    source = await hooked.add("Sales", "parties", "party_tracks")
    await hooked.run(source)
    hooked.crm["parties"].change(hooked.crm["parties"].all()[0].id, {"about": "told"}, at=now())
    await hooked.told()
    await hooked.read_hints()
    before = hooked.count("/api/v2/parties/{id}/tracks")
    await hooked.run(source)
    assert hooked.count("/api/v2/parties/{id}/tracks") == before + 1
