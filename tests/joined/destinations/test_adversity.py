"""Lost answers, a late holder, too many refusals, cancelling, consent withdrawn or too narrow, the rate limit."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from consentry import app as composition
from consentry import credentials, flows
from consentry.core.steps import NoSteps
from consentry.credentials import Credential
from consentry.errors import Conflict, LeaseTaken
from consentry.flows import NewSource, RunStatus, Schedule
from consentry.flows.destination.carrying import carry_out
from consentry.flows.model import RESERVE
from consentry.sandbox import RunningSandbox
from consentry.sandbox.faults import Drop, Fail
from consentry.settings import Settings
from consentry.storage.tables import runs
from ground.consenting import ADA, add_credential, authorize, connected, register
from ground.writing import GOOD, Came, Keeper, Writer

API = "/api/v2/"


def people(count: int) -> list[dict[str, Any]]:
    return [
        {"emailAddresses": f"a{number}@example.com", "firstName": "Ann", "lastName": f"Number {number}"}
        for number in range(count)
    ]


def tasks(count: int) -> list[dict[str, Any]]:
    return [{"description": f"Do {number // 2}", "dueOn": "2027-01-05"} for number in range(count)]


def drop(writer: Writer, method: str, path: str, calls: int = 2, *, processed: bool = True) -> None:
    fault = Drop(target="api", methods=(method,), path=API + path, calls=calls, processed=processed)
    writer.sandbox.world.faults.order(fault)


def ids(writer: Writer, count: int) -> list[int]:
    return [record["id"] for record in writer.records() if record["type"] == "person"][:count]


class At:
    """Does something the first time that a step is reached."""

    def __init__(self, name: str, deed: Callable[[], None]) -> None:
        self._name = name
        self._deed = deed

    async def reached(self, name: str) -> None:
        if name == self._name:
            self._name = ""
            self._deed()


async def work_with(writer: Writer, claimed: flows.Claimed, steps: NoSteps | At, watch: Keeper | None = None) -> Came:
    room = replace(writer.room, steps=steps)
    assert isinstance(claimed.flow, flows.Destination)
    status, trouble = await carry_out(room, claimed.run, claimed.flow, claimed.fence, watch or writer.watch)
    await flows.finish(room, claimed, status, trouble)
    return await writer.look(claimed.run.id)


@pytest.mark.parametrize("processed", [True, False])
async def test_a_create_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(
    writer: Writer, *, processed: bool
) -> None:
    drop(writer, "POST", "tasks", 3, processed=processed)
    destination = await writer.make("create_task", tasks(6))
    came = await writer.run(destination)
    assert (came.run.status, came.run.error) == GOOD
    assert set(came.outcomes.values()) == {"created"}
    told = [record["description"] for record in writer.records("tasks")]
    assert [told.count(f"Do {number}") for number in range(3)] == [2, 2, 2]
    assert len({row.record_id for row in came.rows.values()}) == 6


@pytest.mark.parametrize("processed", [True, False])
async def test_a_change_whose_answer_was_lost_is_made_once(writer: Writer, *, processed: bool) -> None:
    drop(writer, "PUT", "parties", 2, processed=processed)
    rows = [{"id": number, "phoneNumbers": f"0123 {number}"} for number in ids(writer, 4)]
    came = await writer.run(await writer.make("update_person", rows, match_on="id"))
    assert set(came.outcomes.values()) == {"changed"}
    assert all(row.changes for row in came.rows.values())
    numbers = {record["id"]: [each["number"] for each in record["phoneNumbers"]] for record in writer.records()}
    assert all(numbers[row["id"]].count(row["phoneNumbers"]) == 1 for row in rows)


async def test_a_deletion_whose_answer_was_lost_is_one_deletion(writer: Writer) -> None:
    drop(writer, "DELETE", "parties", 2)
    rows = [{"id": number} for number in ids(writer, 3)]
    came = await writer.run(await writer.make("delete_person", rows, match_on="id"))
    assert set(came.outcomes.values()) == {"deleted"}


async def test_notes_and_tags_whose_answers_were_lost_are_written_once(writer: Writer) -> None:
    drop(writer, "POST", "entries", 2)
    drop(writer, "PUT", "parties", 2)
    numbers = ids(writer, 3)
    noted = await writer.run(await writer.make("add_note", [{"party": each, "content": "Met"} for each in numbers]))
    assert set(noted.outcomes.values()) == {"created"}
    said = [record for record in writer.records("entries") if record.get("content") == "Met"]
    assert sorted(record["party"]["id"] for record in said) == sorted(numbers)
    rows = [{"id": each, "tags": "Lost"} for each in numbers]
    tagged = await writer.run(await writer.make("add_party_tags", rows, name="Tags", match_on="id"))
    assert set(tagged.outcomes.values()) == {"changed"}


async def test_what_never_gets_an_answer_fails_alone_and_is_looked_for_by_the_next_run(writer: Writer) -> None:
    drop(writer, "POST", "tasks", 50, processed=False)
    destination = await writer.make("create_task", tasks(2)[:1])
    came = await writer.run(destination)
    assert came.outcomes == {1: "failed"}
    assert "5 requests" in came.words[1]
    writer.sandbox.world.faults.clear()
    assert (await writer.run(destination)).outcomes == {1: "created"}


async def test_a_request_of_ones_own_that_got_no_answer_is_sent_again_only_when_somebody_says_so(
    writer: Writer,
) -> None:
    number = ids(writer, 1)[0]
    drop(writer, "PUT", "parties", 1)
    manual = flows.ManualWrite(method="PUT", path="parties/{who}", body={"party": {"about": "Once"}})
    destination = await writer.make("manual", [{"who": number}], mapping={}, manual=manual)
    came = await writer.run(destination)
    assert came.outcomes == {1: "failed"}
    again = await writer.run(destination)
    assert again.outcomes == {1: "failed"}
    tried = await writer.work(await writer.take(await flows.retry(writer.app.flows, ADA, again.run.id)))
    assert tried.outcomes == {1: "changed"}


async def test_faults_are_waited_out(writer: Writer) -> None:
    writer.sandbox.world.faults.order(Fail(target="api", status=503, methods=("POST",), path=API + "tasks", calls=2))
    came = await writer.run(await writer.make("create_task", tasks(4)))
    assert set(came.outcomes.values()) == {"created"}
    assert len([each for each in writer.records("tasks") if each["description"].startswith("Do ")]) == 4


class Lost(Keeper):
    """Learns at some moment that the lease is somebody else's."""

    async def confirm(self) -> None:
        raise LeaseTaken


async def test_who_lost_the_lease_sends_nothing_more_and_the_next_holder_ends_the_run(writer: Writer) -> None:
    destination = await writer.make("create_task", tasks(6))
    late, watch = await writer.begin(destination), Lost(writer.clock)

    def lose() -> None:
        watch.holds = False

    with pytest.raises(LeaseTaken):
        await work_with(writer, late, At("write.intent", lose), watch)
    assert not [each for each in writer.records("tasks") if each["description"].startswith("Do ")]
    taken = await take_over(writer, late)
    came = await writer.work(taken)
    assert set(came.outcomes.values()) == {"created"}
    with pytest.raises(LeaseTaken):
        await work_with(writer, late, NoSteps(), Keeper(writer.clock))
    told = [record["description"] for record in writer.records("tasks")]
    assert [told.count(f"Do {number}") for number in range(3)] == [2, 2, 2]


async def take_over(writer: Writer, late: flows.Claimed) -> flows.Claimed:
    """Take a run from its holder, as another node would when the lease has run out."""
    async with writer.app.database.transaction() as connection:
        query = update(runs).where(runs.c.id == late.run.id)
        await connection.execute(query.values(lease_fence=late.fence + 1, lease_owner="elsewhere:1:1"))
    return replace(late, fence=late.fence + 1)


async def test_a_run_stops_after_so_many_refusals(writer: Writer) -> None:
    rows = [each | {"title": "Archduke of Nowhere"} for each in people(40)]
    good = await writer.make("upsert_person", rows, stop_after_refusals=5)
    came = await writer.run(good)
    assert came.run.status is RunStatus.FAILED
    assert came.run.error is not None
    assert came.run.error.code == "too_many_refusals"
    assert writer.writes() == 0


async def test_a_run_that_the_provider_refuses_again_and_again_stops(writer: Writer) -> None:
    taken = next(record["name"] for record in writer.records() if record["type"] == "organisation")
    rows = [{"name": taken, "about": f"Number {number}"} for number in range(60)]
    came = await writer.run(await writer.make("create_organisation", rows, stop_after_refusals=5))
    assert came.run.error is not None
    assert came.run.error.code == "too_many_refusals"
    assert came.run.rows is not None
    assert 5 <= came.run.rows.refused < 5 + 8
    assert came.run.rows.waiting == 60 - came.run.rows.refused


async def test_a_cancelled_run_ends_and_what_it_did_counts(writer: Writer) -> None:
    def cancel() -> None:
        writer.watch.cancelled = True

    claimed = await writer.begin(await writer.make("create_task", tasks(150)))
    came = await work_with(writer, claimed, At("write.committed", cancel))
    assert came.run.status is RunStatus.CANCELLED
    assert came.run.rows is not None
    assert (came.run.rows.created, came.run.rows.waiting) == (100, 50)
    writer.watch.cancelled = False
    rest = await writer.work(await writer.take(await flows.retry(writer.app.flows, ADA, came.run.id)))
    assert len(rest.rows) == 50
    assert set(rest.outcomes.values()) == {"created"}


async def test_consent_that_is_withdrawn_in_the_middle_ends_the_run_and_the_next_one_goes_on(writer: Writer) -> None:
    destination = await writer.make("create_task", tasks(150))
    claimed = await writer.begin(destination)
    user = writer.sandbox.world.grants.all()[0].user.username
    came = await work_with(writer, claimed, At("write.committed", lambda: withdraw(writer, user)))
    assert came.run.status is RunStatus.FAILED
    assert came.run.error is not None
    assert came.run.error.code == "reauthorization_required"
    assert came.run.rows is not None
    assert (came.run.rows.created, came.run.rows.failed) == (100, 0)


def withdraw(writer: Writer, user: str) -> None:
    writer.sandbox.world.withdraw(user)


async def test_a_grant_that_only_reads_is_refused_before_the_first_row(writer: Writer) -> None:
    registered = register(writer.sandbox, writer.app.settings.redirect_uri)
    reading = await add_credential(writer.app, registered, name="Reader", scope="read")
    await authorize(writer.app, reading.id)
    writer.credential = reading
    writer.forget()
    came = await writer.run(await writer.make("create_task", tasks(2)))
    assert came.run.error is not None
    assert came.run.error.code == "scope_missing"
    assert came.rows == {}
    assert writer.requests() == 0


class Sleeper(Keeper):
    """Lets the time of a wait pass."""

    async def wait(self, words: str, until: datetime) -> None:
        await super().wait(words, until)
        await asyncio.sleep(max(0.0, (until - datetime.now(UTC)).total_seconds()))


async def test_a_rate_limit_that_is_used_up_is_waited_for(settings: Settings, sandbox: RunningSandbox) -> None:
    async with composition.open(settings) as app:
        writer = Writer(app=app, credential=await connected(app, sandbox), sandbox=sandbox)
        writer.watch = Sleeper()
        limited = Fail(target="api", status=429, methods=("POST",), path=API + "tasks", calls=2, retry_after=1)
        sandbox.world.faults.order(limited)
        came = await writer.run(await writer.make("create_task", tasks(12)))
        assert set(came.outcomes.values()) == {"created"}
        assert any("rate limit" in words for words, _ in writer.watch.waits)
        assert len([each for each in writer.records("tasks") if each["description"].startswith("Do ")]) == 12


class Onlooking(Sleeper):
    """Notes at each wait how many calls the provider would still answer for others."""

    def __init__(self, sandbox: RunningSandbox, user: str) -> None:
        super().__init__()
        self.left: list[int] = []
        self._sandbox = sandbox
        self._user = user

    async def wait(self, words: str, until: datetime) -> None:
        self.left.append(self._sandbox.world.budget.left(self._user) or 0)
        await super().wait(words, until)


async def test_people_keep_their_share_of_the_rate_limit(settings: Settings, sandbox: RunningSandbox) -> None:
    async with composition.open(settings) as app:
        writer = Writer(app=app, credential=await connected(app, sandbox), sandbox=sandbox)
        watch = writer.watch = Onlooking(sandbox, "ada.marsh")
        sandbox.world.turn(rate_limit=200, rate_window_seconds=3)
        sandbox.world.budget.forget()
        came = await writer.run(await writer.make("create_task", tasks(300)))
        assert set(came.outcomes.values()) == {"created"}
    assert "429" not in {seen.outcome for seen in sandbox.world.journal.recent()}
    assert watch.left
    assert all("rate limit" in words for words, _ in watch.waits)
    assert min(watch.left) >= 200 // RESERVE


async def test_a_destination_follows_the_runs_of_a_source(writer: Writer) -> None:
    flow = writer.app.flows
    new = NewSource(name="Sales", credential_id=writer.credential.id, streams=("users",))
    source = await flows.create(flow, ADA, new)
    follows = await writer.make("create_task", tasks(2), schedule=Schedule(after_source=source.id))
    assert follows.next_run_at is None
    await flows.begin_run(flow, ADA, source.id)
    (claimed,) = await flows.claim(flow, 1)
    await flows.work(flow, claimed)
    queued, _ = await flows.list_runs(flow, kind="destination", flow_id=follows.id)
    assert [run.status for run in queued] == [RunStatus.QUEUED]
    with pytest.raises(Conflict):
        await flows.begin_destination_run(flow, ADA, follows.id)
    with pytest.raises(Conflict):
        await flows.delete(flow, ADA, source.id)


async def test_a_credential_that_a_destination_uses_can_not_be_deleted(writer: Writer, credential: Credential) -> None:
    destination = await writer.make("create_task", tasks(2))
    with pytest.raises(credentials.InUse):
        await credentials.delete(writer.app.credentials, ADA, credential.id)
    await flows.delete_destination(writer.app.flows, ADA, destination.id)
    await credentials.delete(writer.app.credentials, ADA, credential.id)


async def test_a_run_whose_task_is_ended_is_taken_up_where_it_was(writer: Writer) -> None:
    reached = asyncio.Event()
    claimed = await writer.begin(await writer.make("create_task", tasks(250)))
    working = asyncio.create_task(work_with(writer, claimed, At("write.answered", reached.set)))
    await reached.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    came = await writer.work(await take_over(writer, claimed))
    assert set(came.outcomes.values()) == {"created"}
    told = [record["description"] for record in writer.records("tasks")]
    assert [told.count(f"Do {number}") for number in range(125)] == [2] * 125
