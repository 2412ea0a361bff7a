"""The knobs and pages as people, curl and other processes meet them."""

import re

import pytest

from consentry.sandbox import NotLoopback, RunningSandbox, World, create_app, serve
from ground.applicant import REDIRECT_URI, Applicant


async def test_the_state_counts_what_happened(applicant: Applicant) -> None:
    reply = await applicant.tokens()
    await applicant.refresh(reply["refresh_token"])
    await applicant.exchange("made up")
    for path in ("parties", "parties/1", "parties/2"):
        await applicant.get(reply["access_token"], path)
    state = (await applicant.send("GET", "/sandbox/state")).json
    assert state["token_requests"] == {"authorization_code": 2, "refresh_token": 1}
    assert state["tokens_issued"] == {"authorization_code": 1, "refresh_token": 1}
    assert state["token_refusals"] == {"invalid_grant": 1}
    assert state["api_calls"] == {"GET /api/v2/parties": 1, "GET /api/v2/parties/{id}": 2}
    grant = state["grants"][0]
    assert (grant["user"], grant["refreshes"], grant["valid_access_tokens"], grant["ended"]) == (
        "ada.marsh",
        1,
        2,
        None,
    )
    await applicant.send("POST", "/sandbox/reset")
    again = (await applicant.send("GET", "/sandbox/state")).json
    assert again["token_requests"] == {"authorization_code": 0, "refresh_token": 0}


async def test_no_secret_shows_in_state_or_requests(applicant: Applicant) -> None:
    callback = await applicant.consent(state="a-state-nobody-may-see")
    reply = (await applicant.exchange(callback["code"])).json
    await applicant.get(reply["access_token"], f"parties?access_token={reply['access_token']}")
    shown = ""
    for path in ("/sandbox/state", "/sandbox/requests", "/", "/clients"):
        shown += (await applicant.send("GET", path)).text
    secrets = [callback["code"], reply["access_token"], reply["refresh_token"], "a-state-nobody-may-see"]
    assert not [secret for secret in [*secrets, applicant.application.client_secret or ""] if secret in shown]
    assert "/oauth/token" in shown


async def test_knobs_are_turned_and_nonsense_is_refused(running: RunningSandbox, applicant: Applicant) -> None:
    turned = await applicant.send("POST", "/sandbox/knobs", json={"rotation": "keep", "rate_limit": None})
    assert (turned.json["rotation"], turned.json["rate_limit"]) == ("keep", None)
    for wrong in ({"rotation": "sideways"}, {"no_such_knob": 1}, {"access_token_seconds": 0}, [1]):
        assert (await applicant.send("POST", "/sandbox/knobs", json=wrong)).status == 422
    assert running.world.knobs.rotation == "keep"


async def test_every_control_does_what_it_says(running: RunningSandbox, applicant: Applicant) -> None:
    made = await applicant.send("POST", "/sandbox/applications", json={"name": "Two", "redirect_uri": REDIRECT_URI})
    assert made.status == 201
    path = f"/sandbox/applications/{made.json['client_id']}/secrets"
    assert (await applicant.send("POST", path)).status == 201
    removed = await applicant.send("DELETE", path, json={"client_secret": made.json["client_secret"]})
    assert removed.json == {"removed": True}
    reply = await applicant.tokens()
    assert (await applicant.send("POST", "/sandbox/expire")).json == {"expired": 1}
    assert (await applicant.get(reply["access_token"], "site")).status == 401
    assert (await applicant.send("POST", "/sandbox/withdraw", json={"user": "ada.marsh"})).json == {"ended": 1}
    assert (await applicant.send("POST", "/sandbox/withdraw", json={"grant": 1})).status == 200
    assert (await applicant.send("POST", "/sandbox/withdraw", json={"grant": 99})).status == 404
    assert (await applicant.send("POST", "/sandbox/users/ben.okafor/deactivate")).status == 200
    assert running.world.find_user("ben.okafor") is None
    assert (await applicant.send("POST", "/sandbox/users/ben.okafor/activate")).status == 200
    assert (await applicant.send("POST", "/sandbox/users/nobody/activate")).status == 404
    await applicant.send("POST", "/sandbox/faults", json={"kind": "drop", "target": "token", "calls": 3})
    assert (await applicant.send("GET", "/sandbox/state")).json["faults"][0]["left"] == 3
    assert (await applicant.send("DELETE", "/sandbox/faults")).json == {"waiting": 0}
    for wrong in ({"kind": "explode", "target": "token"}, {"kind": "slow", "target": "api"}):
        assert (await applicant.send("POST", "/sandbox/faults", json=wrong)).status == 422


async def test_records_are_changed_behind_the_api(running: RunningSandbox, applicant: Applicant) -> None:
    token = (await applicant.tokens())["access_token"]
    first = (await applicant.get(token, "parties?perPage=1")).json["parties"][0]
    before = "2025-12-31T00:00:00Z"
    change = {"path": "parties", "id": first["id"], "changes": {"about": "Changed elsewhere"}}
    changed = (await applicant.send("POST", "/sandbox/records", json=change)).json
    assert changed["about"] == "Changed elsewhere"
    assert changed["tags"] is not None
    found = (await applicant.get(token, f"parties?since={before}")).json["parties"]
    assert [party["id"] for party in found] == [first["id"]]
    await applicant.send("POST", "/sandbox/records", json={**change, "delete": True})
    feed = (await applicant.get(token, f"parties/deleted?since={before}")).json
    assert [each["id"] for each in feed["parties"]] == [first["id"]]
    assert (await applicant.send("POST", "/sandbox/records", json=change)).status == 404
    added = (await applicant.send("POST", "/sandbox/records", json={**change, "add": True})).json
    assert (added["id"], added["about"]) == (first["id"], "Changed elsewhere")
    assert (await applicant.get(token, f"parties/{first['id']}")).json["party"] == added


async def test_another_site_cant_turn_the_knobs(running: RunningSandbox, applicant: Applicant) -> None:
    foreign = {"Origin": "https://evil.example"}
    refused = await applicant.send("POST", "/sandbox/knobs", json={"rotation": "keep"}, headers=foreign)
    assert refused.status == 403
    own = await applicant.send("POST", "/sandbox/knobs", json={"rotation": "keep"}, headers={"Origin": running.url})
    assert own.status == 200


async def test_a_person_registers_an_application_on_the_page(running: RunningSandbox, applicant: Applicant) -> None:
    form = {"name": "Mine <b>", "url": "", "redirect_uri": REDIRECT_URI, "kind": "web"}
    page = await applicant.send("POST", "/clients/new", data=form)
    assert page.status == 201
    client_id = re.search(r'id="client-id">([^<]+)<', page.text)
    secret = re.search(r'id="client-secret">([^<]+)<', page.text)
    assert client_id is not None
    assert secret is not None
    known = running.world.applications.find(client_id[1])
    assert known is not None
    assert known.has_secret(secret[1])
    listed = await applicant.send("GET", "/clients")
    assert "Mine &lt;b&gt;" in listed.text
    assert "Mine <b>" not in listed.text


@pytest.mark.parametrize(
    "redirect_uri",
    ["", "nonsense", "ftp://a.example/", "https://", "https://a.example/#part", "https://u@a.example/", "https://a b/"],
)
async def test_a_wrong_redirect_url_is_explained_on_the_form(applicant: Applicant, redirect_uri: str) -> None:
    page = await applicant.send("POST", "/clients/new", data={"name": "Mine", "redirect_uri": redirect_uri})
    assert page.status == 422
    assert 'role="alert"' in page.text
    assert 'value="Mine"' in page.text


async def test_the_consent_page_says_who_asks_for_what_and_escapes_it(running: RunningSandbox) -> None:
    hostile = running.world.register(name="<script>alert(1)</script>", redirect_uri=REDIRECT_URI)
    async with Applicant(running, hostile) as applicant:
        page = await applicant.send("GET", applicant.authorise_path(scope="read"))
    assert page.status == 200
    assert "<script>" not in page.text
    assert "Read everything that you can see" in page.text
    assert "Create, change" not in page.text
    assert page.text.count('type="radio"') == 10
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_an_approval_without_a_user_is_asked_again(applicant: Applicant) -> None:
    for form in ({"decision": "approve"}, {"decision": "approve", "user": "nobody"}, {"user": "ada.marsh"}):
        answer = await applicant.send("POST", applicant.authorise_path(), data=form)
        assert answer.status == 422
        assert "Location" not in answer.headers


async def test_every_page_is_marked_as_sandbox(applicant: Applicant) -> None:
    for path in ("/", "/sandbox", "/clients", "/clients/new", applicant.authorise_path(), "/oauth/authorise"):
        assert "nothing here is real" in (await applicant.send("GET", path)).text
    assert "text/css" in (await applicant.send("GET", "/sandbox/style.css")).headers["Content-Type"]


def test_the_sandbox_refuses_to_be_reached_by_others() -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::", "example.com"):
        with pytest.raises(NotLoopback, match="let_anybody_in"):
            serve(host, 0)


def test_the_application_can_be_made_without_a_server() -> None:
    world = World()
    assert create_app(world).state.world is world
