"""The totals of many sources' last runs, on both databases."""

from dataclasses import replace

from consentry import flows
from consentry.app import App
from consentry.audit import Actor
from consentry.credentials import Credential
from consentry.flows import Counts, NewSource, RunStatus, StreamRun, StreamStatus
from consentry.flows.engine import RunWatch
from consentry.flows.history import TOGETHER, list_recent

ADA = Actor(name="person:ada@example.com")
COUNTS = Counts(read=10, new=4, changed=3, deleted=2, requests=5, bytes=1000, seconds=1.5)


async def run_once(app: App, source_id: int, *names: str) -> int:
    """Queue a run and end it, as if each stream had done the same."""
    run = await flows.begin_run(app.flows, ADA, source_id)
    (claimed,) = await flows.claim(app.flows, 1, only=run.id)
    watch = RunWatch(app.flows, claimed)
    for name in names:
        await watch.report(StreamRun(name=name, status=StreamStatus.SUCCEEDED, counts=COUNTS))
    assert await flows.finish(app.flows, claimed, RunStatus.SUCCEEDED, None)
    return run.id


async def test_each_source_has_its_newest_runs_with_their_totals(app: App, credential: Credential) -> None:
    new = NewSource(name="One", credential_id=credential.id)
    one = await flows.create(app.flows, ADA, new)
    other = await flows.create(app.flows, ADA, replace(new, name="Other", dataset="other"))
    silent = await flows.create(app.flows, ADA, replace(new, name="Silent", dataset="silent"))
    ids = [await run_once(app, one.id, "users", "parties") for _ in range(3)]
    bare = await run_once(app, other.id)
    found = await list_recent(app.flows, [one.id, other.id, silent.id], 2)
    assert [run.id for run in found[one.id]] == [ids[2], ids[1]]
    assert [(stream.name, stream.counts) for stream in found[one.id][0].streams] == [(TOGETHER, COUNTS.plus(COUNTS))]
    assert [type(value) for value in (found[one.id][0].counts.read, found[one.id][0].counts.seconds)] == [int, float]
    assert [(run.id, run.counts) for run in found[other.id]] == [(bare, Counts())]
    assert found[silent.id] == []


async def test_nothing_is_asked_for_no_source(app: App) -> None:
    assert await list_recent(app.flows, [], 5) == {}
