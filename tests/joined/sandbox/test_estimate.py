"""What a first run of everything takes, counted at the sandbox and compared with what is there."""

import pytest

from consentry.connectors import Catalogue
from consentry.core.clock import SystemClock
from consentry.flows.estimate import estimate
from consentry.sandbox import STANDS_IN_FOR, RunningSandbox
from ground.applicant import Applicant
from ground.sandbox_reader import SandboxReader


@pytest.fixture
async def reader(running: RunningSandbox, applicant: Applicant) -> SandboxReader:
    return SandboxReader(applicant, (await applicant.tokens(scope="read"))["access_token"])


async def test_every_stream_is_counted_before_a_first_run(running: RunningSandbox, reader: SandboxReader) -> None:
    connector = Catalogue.load({STANDS_IN_FOR: running.url}).get(STANDS_IN_FOR)
    running.world.turn(list_order="shuffled")
    found = await estimate(reader, connector, connector.streams, clock=SystemClock())
    assert reader.asked == found.asked <= 60
    assert [stream.name for stream in found.streams if stream.trouble is not None] == []
    crm = running.world.crm()
    by_name = {stream.name: stream for stream in found.streams}
    for name, path in (("parties", "parties"), ("entries", "entries"), ("tasks", "tasks"), ("projects", "kases")):
        assert (by_name[name].records, by_name[name].is_exact) == (len(crm[path]), True)
    organisations = sum(party.decode()["type"] == "organisation" for party in crm["parties"].all())
    assert by_name["employees"].requests == pytest.approx(organisations, rel=0.4), "told from some of the parties"
    assert by_name["party_tracks"].requests == len(crm["parties"])
    assert by_name["milestones"].requests == len(crm["pipelines"])
    assert found.requests == sum(stream.requests or 0 for stream in found.streams)
    assert found.takes.total_seconds() < 60


async def test_a_stream_that_isnt_open_to_the_user_doesnt_hide_the_others(
    running: RunningSandbox, reader: SandboxReader
) -> None:
    connector = Catalogue.load({STANDS_IN_FOR: running.url}).get(STANDS_IN_FOR)
    streams = [stream for stream in connector.streams if stream.name in ("goals", "goal_periods", "users")]
    running.world.fail("api", 403, calls=2, path="/api/v2/goals")
    found = {each.name: each for each in (await estimate(reader, connector, streams, clock=SystemClock())).streams}
    assert [found[name].requests for name in ("goals", "goal_periods", "users")] == [None, None, 1]
    assert found["goals"].trouble is not None
    assert found["goals"].trouble.code == "scope_missing"
