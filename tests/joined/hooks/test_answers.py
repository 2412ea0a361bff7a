"""How what is posted to a hook's address is answered, and what becomes of it."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from consentry import flows
from consentry.api import hooks as endpoint
from consentry.connectors import ADDRESS_PATH
from consentry.flows import Source
from consentry.flows.hooks import hints
from consentry.flows.hooks.model import EVERYTHING
from ground.consenting import ADA
from ground.databases import Engine
from ground.hooked import Hooked

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def engine() -> Engine:
    """Use SQLite: what is proved here doesn't depend on the engine."""
    return "sqlite"


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


async def test_an_address_that_nobody_has_is_gone(hooked: Hooked) -> None:
    await hooked.add()
    address = address_of(hooked)
    for wrong in (address[:-1], address[:-1] + ("A" if address[-1] != "A" else "B"), address + "x"):
        answer = await post(hooked, wrong, told(1))
        assert (answer.status_code, answer.json()["code"]) == (410, "gone")
    assert deliveries(hooked, "unknown") == 3
    assert (await post(hooked, address + "/x", told(1))).status_code == 404
    async with httpx2.AsyncClient(timeout=30) as http:
        refused = await http.get(address)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


async def test_a_withdrawn_address_is_gone_at_once(hooked: Hooked) -> None:
    source = await hooked.add()
    address = address_of(hooked)
    await flows.pause(hooked.app.flows, ADA, source.id)
    assert (await post(hooked, address, told(1))).status_code == 410
    await flows.delete(hooked.app.flows, ADA, source.id)
    assert (await post(hooked, address, told(1))).status_code == 410


async def test_who_guesses_addresses_is_slowed_down_and_keeps_nobody_else_from_calling(hooked: Hooked) -> None:
    source = await hooked.add()
    base = hooked.app.settings.public_url + ADDRESS_PATH
    async with httpx2.AsyncClient(timeout=30) as http:
        statuses = [
            (await http.post(f"{base}{number:043d}", content=b"{}", headers=JSON)).status_code for number in range(32)
        ]
        assert (statuses.count(410), statuses.count(429)) == (30, 2)
        own = await http.post(address_of(hooked), content=json.dumps(told(5)), headers=JSON)
    assert own.status_code == 204
    assert await waiting(hooked, source) == [("parties", "5")]


async def test_only_json_is_taken(hooked: Hooked) -> None:
    source = await hooked.add()
    for body, kind, status in (
        (b"not json", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/x-www-form-urlencoded", 415),
    ):
        answer = await post(hooked, address_of(hooked), body, **{"Content-Type": kind})
        assert answer.status_code == status
    assert await waiting(hooked, source) == []
    nobody_s = address_of(hooked) + "x"
    assert (await post(hooked, nobody_s, b"", **{"Content-Type": "text/plain"})).status_code == 415
    assert deliveries(hooked, "unreadable") == 6


NO_IDS: tuple[object, ...] = (
    {},
    {"payload": []},
    {"payload": {"id": 7}},
    {"payload": [{"id": True}]},
    {"payload": [{"id": -1}, {"id": 2**70}]},
    {"payload": [{"id": 7}, {"name": "no id"}]},
    [{"id": 7}],
    {"payload": [{"id": number} for number in range(1001)]},
)


async def test_a_delivery_that_tells_no_ids_has_all_changes_read(hooked: Hooked) -> None:
    source = await hooked.add()
    for body in NO_IDS:
        assert (await post(hooked, address_of(hooked), body)).status_code == 204
        assert await waiting(hooked, source) == [(EVERYTHING, "")]
        async with hooked.app.database.transaction() as connection:
            await hints.drop(connection, source.id)


async def test_a_delivery_without_end_is_cut_off_and_what_it_tells_of_is_not_lost(hooked: Hooked) -> None:
    source = await hooked.add()
    body = b'{"payload":[' + b" " * endpoint.LARGEST_DELIVERY + b"]}"
    assert (await post(hooked, address_of(hooked), body)).status_code == 413
    assert await waiting(hooked, source) == [(EVERYTHING, "")]


async def test_calls_without_end_to_one_address_are_slowed_down(hooked: Hooked) -> None:
    source = await hooked.add()
    body = json.dumps(told(5)).encode()
    async with httpx2.AsyncClient(timeout=30) as http:
        for _ in range(100):
            answer = await http.post(address_of(hooked), content=body, headers=JSON)
            assert answer.status_code == 204
        last = await http.post(address_of(hooked), content=body, headers=JSON)
        assert last.status_code == 429
        assert int(last.headers["retry-after"]) >= 1
    assert await waiting(hooked, source) == [("parties", "5")], "told a hundred times, and kept once"


async def test_a_list_that_is_gone_deletes_nothing(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    before = len(hooked.rows(source, "parties"))
    await post(hooked, address_of(hooked), told(hooked.rows(source, "parties")[0]["id"]))
    hooked.sandbox.world.fail("api", 404, calls=2, path="/api/v2/parties")
    (run,) = await hooked.read_hints()
    assert (run.status, run.counts.deleted) == ("failed", 0)
    assert len(hooked.rows(source, "parties")) == before


async def test_hints_wait_for_consent_and_make_no_failed_runs(hooked: Hooked) -> None:
    source = await hooked.add()
    await hooked.run(source)
    await post(hooked, address_of(hooked), told(hooked.crm["parties"].all()[0].id))
    hooked.sandbox.world.withdraw("ada.marsh")
    (run,) = await hooked.read_hints()
    assert run.status == "failed"
    for _ in range(5):
        hooked.clock.advance(timedelta(minutes=5))
        assert await hooked.read_hints() == []
    assert len(await waiting(hooked, source)) == 1
