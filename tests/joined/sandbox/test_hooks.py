"""REST hooks of the sandbox by its documented rules, over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from consentry.sandbox import RunningSandbox
from ground.applicant import REDIRECT_URI, Answer, Applicant
from ground.provider import Provider, answering
from ground.serving import serve
from ground.waiting import eventually

HOOKS = "/api/v2/resthooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Whoever is called."""

    address: str
    provider: Provider

    @property
    def heard(self) -> list[dict[str, Any]]:
        """What was posted so far."""
        return [json.loads(asked.body) for asked in self.provider.asked]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    provider = Provider()
    provider.answers["/hook"] = answering(204, b"")
    async with serve(provider) as url:
        yield Listener(address=f"{url}/hook", provider=provider)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One user of an application."""

    applicant: Applicant
    token: str

    async def ask(self, method: str, path: str = HOOKS, body: object = None) -> Answer:
        return await self.applicant.send(method, path, json=body, headers={"Authorization": f"Bearer {self.token}"})

    async def subscribe(self, address: str, event: str = "party/updated", **more: str) -> Answer:
        return await self.ask("POST", body={"restHook": {"event": event, "targetUrl": address, **more}})


@pytest.fixture
async def ada(applicant: Applicant) -> Caller:
    return Caller(applicant=applicant, token=(await applicant.tokens())["access_token"])


async def until_idle(running: RunningSandbox) -> None:
    assert await asyncio.to_thread(eventually, running.world.hooks.is_idle)


def change(running: RunningSandbox, about: str = "x") -> int:
    parties = running.world.crm("acme")["parties"]
    record_id = parties.all()[0].id
    parties.change(record_id, {"about": about}, at="2026-06-01T00:00:00Z")
    return record_id


async def test_a_hook_is_added_shown_listed_and_removed(ada: Caller, listener: Listener) -> None:
    made = await ada.subscribe(listener.address, description="People", embed="tags,fields")
    assert made.status == 201
    hook = made.json["restHook"]
    assert (hook["event"], hook["targetUrl"], hook["description"]) == ("party/updated", listener.address, "People")
    assert (await ada.ask("GET")).json == {"restHooks": [hook]}
    assert (await ada.ask("GET", f"{HOOKS}/{hook['id']}")).json == {"restHook": hook}
    assert (await ada.ask("PUT", f"{HOOKS}/{hook['id']}", {})).status == 405
    assert (await ada.ask("DELETE", f"{HOOKS}/{hook['id']}")).status == 204
    assert (await ada.ask("DELETE", f"{HOOKS}/{hook['id']}")).status == 404
    assert (await ada.ask("GET")).json == {"restHooks": []}


async def test_only_an_administrator_may_and_only_with_the_right_to_write(applicant: Applicant, ada: Caller) -> None:
    ben = Caller(applicant=applicant, token=(await applicant.tokens(user="ben.okafor"))["access_token"])
    reader = Caller(applicant=applicant, token=(await applicant.tokens(scope="read"))["access_token"])
    assert (await ben.subscribe("http://127.0.0.1:9/x")).status == 403
    assert (await reader.subscribe("http://127.0.0.1:9/x")).status == 403
    assert (await ada.subscribe("http://127.0.0.1:9/x")).status == 201


async def test_an_account_has_twenty_whoever_has_them_and_shows_each_application_its_own(
    running: RunningSandbox, ada: Caller
) -> None:
    application = running.world.register(name="Another", redirect_uri=REDIRECT_URI)
    async with Applicant(running, application) as another:
        other = Caller(applicant=another, token=(await another.tokens())["access_token"])
        for _ in range(12):
            assert (await ada.subscribe("http://127.0.0.1:9/x")).status == 201
        for _ in range(8):
            assert (await other.subscribe("http://127.0.0.1:9/x")).status == 201
        full = await other.subscribe("http://127.0.0.1:9/x")
        assert full.status == 422
        assert "no more than 20 hooks" in full.text
        assert len((await ada.ask("GET")).json["restHooks"]) == 12
        theirs = (await other.ask("GET")).json["restHooks"]
        assert len(theirs) == 8
        assert (await ada.ask("DELETE", f"{HOOKS}/{theirs[0]['id']}")).status == 404


async def test_what_can_not_be_a_hook_is_refused(ada: Caller) -> None:
    assert (await ada.subscribe("http://127.0.0.1:9/x", "entry/created")).status == 422
    assert (await ada.subscribe("nowhere")).status == 422
    assert (await ada.ask("POST", body=[])).status == 400


async def test_a_change_is_delivered_as_an_array_of_whole_records(
    running: RunningSandbox, ada: Caller, listener: Listener
) -> None:
    await ada.subscribe(listener.address, embed="tags")
    record_id = change(running, "told")
    await until_idle(running)
    (told,) = listener.heard
    assert told["event"] == "party/updated"
    assert [(record["id"], record["about"]) for record in told["payload"]] == [(record_id, "told")]
    assert "tags" in told["payload"][0]
    assert "fields" not in told["payload"][0]
    assert listener.provider.asked[0].header("content-type") == "application/json"


async def test_a_delivery_that_fails_is_tried_again_and_then_the_hook_is_gone(
    running: RunningSandbox, ada: Caller, listener: Listener
) -> None:
    running.world.turn(hook_retries_seconds=[0.01, 0.02])
    await ada.subscribe(listener.address)
    listener.provider.answers["/hook"] = answering(500)
    change(running)
    await until_idle(running)
    assert len(listener.heard) == 3
    assert (await ada.ask("GET")).json == {"restHooks": []}
    assert running.world.knobs.changed({}).hook_retries_seconds == (0.01, 0.02)


async def test_a_delivery_that_succeeds_at_last_keeps_the_hook(
    running: RunningSandbox, ada: Caller, listener: Listener
) -> None:
    running.world.turn(hook_retries_seconds=[0.5, 0.5, 0.5])
    await ada.subscribe(listener.address)
    listener.provider.answers["/hook"] = answering(500)
    change(running)
    assert await asyncio.to_thread(eventually, lambda: len(listener.provider.asked) >= 1)
    listener.provider.answers["/hook"] = answering(204, b"")
    await until_idle(running)
    assert len((await ada.ask("GET")).json["restHooks"]) == 1


async def test_410_ends_a_hook_at_once(running: RunningSandbox, ada: Caller, listener: Listener) -> None:
    await ada.subscribe(listener.address)
    listener.provider.answers["/hook"] = answering(410)
    change(running)
    await until_idle(running)
    assert len(listener.heard) == 1
    assert (await ada.ask("GET")).json == {"restHooks": []}


async def test_only_this_machine_is_ever_called(running: RunningSandbox, ada: Caller) -> None:
    running.world.turn(hook_retries_seconds=[])
    assert (await ada.subscribe("http://192.0.2.1/hook")).status == 201
    assert (await ada.subscribe("https://hooks.example.com/hook")).status == 201
    change(running)
    await until_idle(running)
    assert (await ada.ask("GET")).json == {"restHooks": []}
    state = (await ada.applicant.send("GET", "/sandbox/state")).json
    assert state["deliveries"] == {"taken": 0, "failed": 2}
