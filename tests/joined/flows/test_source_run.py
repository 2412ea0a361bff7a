"""Runs of a source against the sandbox: what a good day brings, and what each kind of bad luck comes to."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Credential
from consentry.errors import LeaseTaken, WarehouseBusy, WarehouseRefused
from consentry.flows.model import ManualRead, RunStatus, StreamRun, StreamStatus
from consentry.flows.warehouse.contract import Dataset
from consentry.sandbox import RunningSandbox
from consentry.sandbox.faults import Fail
from consentry.sandbox.records import stamp
from ground.consenting import authorize
from ground.databases import Engine
from ground.running_sources import Runner, opener
from ground.sources import Onlooker, a_source
from ground.tampering import Tamper, cut_short, with_body, with_next, with_records

FEW = ("parties", "tasks", "teams", "users", "lost_reasons")


@pytest.fixture
def engine() -> Engine:
    """Where Consentry keeps its own things makes no difference here."""
    return "sqlite"


@pytest.fixture
def runner(app: App, credential: Credential, moving_clock: FakeClock) -> Runner:
    return Runner(app=app, credential=credential, clock=moving_clock)


def when(stream: str, deed: Callable[[Onlooker], object]) -> Callable[[Onlooker, StreamRun], None]:
    """Return what does something once, as soon as a stream has read its first records."""
    done: list[bool] = []

    def on_report(watch: Onlooker, told: StreamRun) -> None:
        if told.name == stream and told.counts.read and not done:
            done.append(True)
            deed(watch)

    return on_report


async def test_all_streams_are_read_and_then_nothing_is_new(runner: Runner) -> None:
    source = a_source()
    first = await runner.run(source)
    assert (first.status, first.failed) == (RunStatus.SUCCEEDED, {})
    assert all(each.status is StreamStatus.SUCCEEDED for each in first.watch.reports.values())
    assert first.counts["parties"].new == first.counts["parties"].read == 260
    assert first.counts["parties"].bytes > 100_000
    second = await runner.run(source)
    assert second.status is RunStatus.SUCCEEDED
    assert [(each.new, each.changed, each.deleted) for each in second.counts.values()] == [(0, 0, 0)] * len(
        second.counts
    )
    assert second.requests <= len(second.counts)


async def test_changes_and_deletions_and_restrictions_are_found(runner: Runner, sandbox: RunningSandbox) -> None:
    source = a_source(streams=("parties", "tasks", "teams"))
    await runner.run(source)
    crm, at = sandbox.world.crm(), stamp(sandbox.world.clock.now())
    changed, deleted, restricted = (record.id for record in crm["parties"].all()[50:53])
    crm["parties"].change(changed, {"about": "changed"}, at=at)
    crm["parties"].remove(deleted, at=at)
    crm["parties"].remove(restricted, at=at, restricted=True)
    crm["teams"].remove(crm["teams"].all()[0].id, at=at)
    crm["tasks"].remove(crm["tasks"].all()[7].id, at=at)
    second = await runner.run(source)
    parties = second.counts["parties"]
    assert (parties.new, parties.changed, parties.deleted) == (0, 1, 2)
    assert second.counts["teams"].deleted == 1
    rows = {row["id"]: row for row in runner.rows(source, "parties")}
    assert rows[changed]["about"] == "changed"
    assert not {deleted, restricted} & rows.keys()
    assert second.counts["tasks"].deleted == 0, "a long list is read once a day"
    runner.clock.advance(timedelta(days=1))
    assert (await runner.run(source)).counts["tasks"].deleted == 1


async def test_a_token_that_ends_in_the_middle_is_renewed(runner: Runner, sandbox: RunningSandbox) -> None:
    expire = when("parties", lambda _: sandbox.world.expire_access_tokens())
    ended = await runner.run(a_source(streams=FEW), on_report=expire)
    assert (ended.status, ended.counts["parties"].read) == (RunStatus.SUCCEEDED, 260)


async def test_a_grant_that_is_withdrawn_in_the_middle_ends_the_run_and_the_next_goes_on(
    runner: Runner, sandbox: RunningSandbox
) -> None:
    source = a_source(streams=FEW)
    ended = await runner.run(source, on_report=when("tasks", lambda _: sandbox.world.withdraw("ada.marsh")))
    assert ended.status is RunStatus.FAILED
    assert ended.trouble is not None
    assert (ended.trouble.code, ended.failed) == (
        "reauthorization_required",
        {"tasks": "reauthorization_required"},
    )
    assert "uthorize" in ended.trouble.hint
    assert ended.watch.reports["parties"].status is StreamStatus.SUCCEEDED
    assert ended.watch.reports["lost_reasons"].status is StreamStatus.CANCELLED
    await authorize(runner.app, runner.credential.id)
    again = await runner.run(source)
    assert again.status is RunStatus.SUCCEEDED
    assert again.counts["parties"].new == 0
    assert len(runner.rows(source, "tasks")) == len(sandbox.world.crm()["tasks"])


@pytest.mark.parametrize(
    ("status", "code"), [(403, "scope_missing"), (404, "not_found"), (400, "reply_not_understood")]
)
async def test_a_stream_that_is_refused_fails_alone(
    runner: Runner, sandbox: RunningSandbox, status: int, code: str
) -> None:
    sandbox.world.faults.order(Fail(target="api", status=status, path="/api/v2/tasks"))
    ended = await runner.run(a_source(streams=FEW))
    assert (ended.status, ended.failed) == (RunStatus.PARTLY_FAILED, {"tasks": code})
    assert (await runner.run(a_source(streams=FEW))).status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_what_passes_is_waited_out(runner: Runner, sandbox: RunningSandbox, status: int) -> None:
    sandbox.world.faults.order(Fail(target="api", status=status, path="/api/v2/tasks", calls=2))
    ended = await runner.run(a_source(streams=FEW))
    assert ended.status is RunStatus.SUCCEEDED
    assert ended.watch.waits


async def test_a_line_that_breaks_is_tried_again(runner: Runner, sandbox: RunningSandbox) -> None:
    sandbox.world.drop("api", path="/api/v2/tasks", calls=2)
    assert (await runner.run(a_source(streams=FEW))).status is RunStatus.SUCCEEDED


async def test_a_provider_that_stays_down_costs_the_stream_not_the_run(runner: Runner, sandbox: RunningSandbox) -> None:
    sandbox.world.fail("api", 503, path="/api/v2/tasks", calls=500)
    ended = await runner.run(a_source(streams=FEW))
    assert (ended.status, ended.failed) == (RunStatus.PARTLY_FAILED, {"tasks": "provider_down"})


ODD_ANSWERS: dict[str, Tamper] = {
    "half of it": cut_short,
    "a page for people": with_body(b"<html><body>Back soon</body></html>"),
    "nothing": with_body(b""),
    "another list": with_body(b'{"people": []}'),
    "no list": with_body(b'{"tasks": {"id": 1}}'),
    "a page that leads to itself": with_next(lambda path: path),
    "pages without end": with_next(lambda path: f"/api/v2/tasks?page={len(path)}&again={path.count('x')}"),
    "a page elsewhere": with_next(lambda _: "https://elsewhere.example/api/v2/tasks?page=2"),
    "a page outside the scheme": with_next(lambda path: f"ftp://127.0.0.1{path}"),
}


@pytest.mark.parametrize("odd", ODD_ANSWERS)
async def test_an_answer_that_breaks_the_contract_fails_its_stream(
    runner: Runner, sandbox: RunningSandbox, odd: str
) -> None:
    runner.tampers["/api/v2/tasks"] = ODD_ANSWERS[odd]
    ended = await runner.run(a_source(streams=FEW))
    assert (ended.status, ended.failed) == (RunStatus.PARTLY_FAILED, {"tasks": "reply_not_understood"})
    runner.tampers.clear()
    again = await runner.run(a_source(streams=FEW))
    assert again.status is RunStatus.SUCCEEDED
    assert len(runner.rows(a_source(streams=FEW), "tasks")) == len(sandbox.world.crm()["tasks"])


async def test_repeated_and_unsorted_records_come_once(runner: Runner, sandbox: RunningSandbox) -> None:
    runner.tampers["/api/v2/tasks"] = with_records("tasks", lambda found: [*reversed(found), *found[:30]])
    ended = await runner.run(a_source(streams=("tasks",)))
    assert ended.status is RunStatus.SUCCEEDED
    assert ended.counts["tasks"].new == len(sandbox.world.crm()["tasks"])
    assert len(runner.rows(a_source(streams=("tasks",)), "tasks")) == len(sandbox.world.crm()["tasks"])


async def test_records_without_an_id_are_refused_and_told_and_the_others_kept(
    runner: Runner, sandbox: RunningSandbox
) -> None:
    def spoil(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{key: value for key, value in found[0].items() if key != "id"}, found[1] | {"id": None}, *found[2:]]

    runner.tampers["/api/v2/tasks?"] = with_records("tasks", spoil)
    ended = await runner.run(a_source(streams=("tasks", "teams")))
    assert ended.status is RunStatus.PARTLY_FAILED
    told = ended.watch.reports["tasks"].error
    assert told is not None
    assert told.message.startswith("4 records came without id")
    assert len(runner.rows(a_source(streams=("tasks", "teams")), "tasks")) == len(sandbox.world.crm()["tasks"]) - 4


async def test_a_cancelled_run_stops_and_the_next_one_goes_on(runner: Runner, sandbox: RunningSandbox) -> None:
    source = a_source(streams=("parties", "teams"))

    def cancel(watch: Onlooker) -> None:
        watch.cancelled = True

    ended = await runner.run(source, on_report=when("parties", cancel))
    assert (ended.status, ended.trouble) == (RunStatus.CANCELLED, None)
    assert {each.status for each in ended.watch.reports.values()} == {StreamStatus.CANCELLED}
    assert (await runner.run(source)).status is RunStatus.SUCCEEDED
    assert len(runner.rows(source, "parties")) == len(sandbox.world.crm()["parties"])


async def test_a_run_that_was_overtaken_changes_nothing(runner: Runner) -> None:
    source = a_source(streams=("teams", "users"))
    await runner.run(source)
    before = runner.rows(source, "teams")
    runner.tampers["/api/v2/teams"] = with_records("teams", lambda found: found[:1])
    with pytest.raises(LeaseTaken):
        await runner.run(source, fence=0)
    assert runner.rows(source, "teams") == before


async def test_a_run_that_is_torn_off_is_taken_up_where_it_was(runner: Runner, sandbox: RunningSandbox) -> None:
    source = a_source(streams=("parties",))
    task: list[asyncio.Task[object]] = []

    def tear(watch: Onlooker, told: StreamRun) -> None:
        runner.clock.advance(timedelta(seconds=10))  # so that every page is a batch
        if told.counts.requests == 3:
            task[0].cancel()

    task.append(asyncio.create_task(runner.run(source, on_report=tear)))
    with pytest.raises(asyncio.CancelledError):
        await task[0]
    again = await runner.run(source)
    assert again.status is RunStatus.SUCCEEDED
    assert 0 < again.counts["parties"].new < 260
    assert {row["id"] for row in runner.rows(source, "parties")} == {
        record.id for record in sandbox.world.crm()["parties"].all()
    }


async def test_children_are_read_also_without_their_parents(runner: Runner) -> None:
    alone = a_source(streams=("employees", "milestones"), dataset="alone")
    together = a_source(streams=("parties", "employees", "pipelines", "milestones"), dataset="together")
    assert (await runner.run(alone)).status is RunStatus.SUCCEEDED
    assert (await runner.run(together)).status is RunStatus.SUCCEEDED
    for table in ("employees", "milestones"):
        assert len(runner.rows(alone, table)) == len(runner.rows(together, table)) > 0


async def test_children_of_parents_that_were_written_are_read_again(runner: Runner, sandbox: RunningSandbox) -> None:
    source = a_source(streams=("opportunities", "opportunity_parties"))
    await runner.run(source)
    crm = sandbox.world.crm()
    changed = crm["opportunities"].all()[3].id
    crm.contacts[("opportunities", changed)] = [record.id for record in crm["parties"].all()[:3]]
    crm["opportunities"].change(changed, {"description": "x"}, at=stamp(sandbox.world.clock.now()))
    second = await runner.run(source)
    assert second.counts["opportunity_parties"].requests == 1
    found = [row["id"] for row in runner.rows(source, "opportunity_parties") if row["opportunity_id"] == changed]
    assert sorted(found) == sorted(crm.contacts[("opportunities", changed)])


@pytest.mark.parametrize(
    ("manual", "count"),
    [
        (ManualRead(path="parties", parameters={"perPage": "50"}, records_path="parties"), 260),
        (ManualRead(path="/api/v2/countries", parameters={}, records_path=""), None),
        (ManualRead(path="users", parameters={}, records_path="users", paging="none"), None),
    ],
)
async def test_a_list_described_by_hand_is_read(runner: Runner, manual: ManualRead, count: int | None) -> None:
    source = a_source(manual=manual)
    ended = await runner.run(source)
    name = manual.path.rpartition("/")[2]
    assert ended.status is RunStatus.SUCCEEDED
    assert ended.counts[name].new == (count or ended.counts[name].read) > 0
    again = await runner.run(source)
    assert (again.counts[name].new, again.counts[name].changed, again.counts[name].deleted) == (0, 0, 0)
    assert len(runner.rows(source, name)) == ended.counts[name].new


async def test_a_warehouse_that_is_busy_is_waited_for(runner: Runner) -> None:
    source = a_source(streams=("teams",))
    refusals = [WarehouseBusy("locked")] * 3
    opens = opener(source, runner.app)

    @contextmanager
    def locked_at_first() -> Iterator[Dataset]:
        if refusals:
            raise refusals.pop()
        with opens() as dataset:
            yield dataset

    ended = await runner.run(source, open_it=locked_at_first)
    assert ended.status is RunStatus.SUCCEEDED
    assert ["warehouse" in words for words, _ in ended.watch.waits] == [True] * 3


@pytest.mark.parametrize("error", [WarehouseBusy("locked"), WarehouseRefused("no rights")])
async def test_a_warehouse_that_stays_closed_ends_the_run(
    runner: Runner, error: WarehouseBusy | WarehouseRefused
) -> None:
    @contextmanager
    def closed() -> Iterator[Dataset]:
        raise error
        yield

    ended = await runner.run(a_source(streams=("teams",)), open_it=closed)
    assert ended.status is RunStatus.FAILED
    assert ended.trouble is not None
    assert ended.trouble.code == error.code
