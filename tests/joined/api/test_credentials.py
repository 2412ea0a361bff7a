from typing import Any

import httpx2
import pytest

from consentry.accounts import KeyScope
from consentry.app import App
from consentry.credentials import Use, add_use
from consentry.sandbox import RunningSandbox
from ground.consenting import connected
from ground.serving import MakeClient

NEW = {"connector": "capsule", "name": "Sales CRM", "client_id": "an-id", "client_secret": "a-very-secret-secret"}
CREDENTIALS = "/api/v1/credentials"


async def create(admin: httpx2.AsyncClient, **changes: object) -> dict[str, Any]:
    answer = await admin.post(CREDENTIALS, json=NEW | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_new_credential_waits_for_consent_and_says_where_to_give_it(
    admin: httpx2.AsyncClient, app: App
) -> None:
    made = await create(admin, description="Ask Ada.", scope="read")
    assert made["status"] == "authorization_required"
    assert made["connect_url"].startswith(f"{app.settings.public_url}/connect/")
    assert (made["account"], made["granted_scope"], made["access_token_expires_at"]) == (None, "", None)
    assert made["used_by"] == {"sources": [], "destinations": []}
    shown = (await admin.get(f"{CREDENTIALS}/{made['id']}")).json()
    assert "connect_url" not in shown
    assert shown["redirect_uri"] == f"{app.settings.public_url}/oauth/callback"
    assert (shown["scope"], shown["client_id"], shown["description"]) == ("read", "an-id", "Ask Ada.")


async def test_the_client_secret_is_in_no_answer(admin: httpx2.AsyncClient) -> None:
    made = await admin.post(CREDENTIALS, json=NEW)
    listed = await admin.get(CREDENTIALS)
    changed = await admin.patch(
        made.headers.get("location", f"{CREDENTIALS}/1"), json={"client_secret": "another-one-1"}
    )
    history = await admin.get(f"{CREDENTIALS}/1/audit")
    refused = await admin.post(CREDENTIALS, json=NEW | {"client_secret": "secret\nin two lines"})
    every = "".join(answer.text for answer in (made, listed, changed, history, refused))
    assert NEW["client_secret"] not in every
    assert "another-one-1" not in every
    assert "in two lines" not in every


async def test_an_authorized_credential_shows_its_account_and_scope(
    admin: httpx2.AsyncClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    shown = (await admin.get(f"{CREDENTIALS}/{credential.id}")).json()
    assert shown["status"] == "authorized"
    assert shown["granted_scope"] == "read write"
    assert shown["account"]["subdomain"] == "acme"
    assert shown["access_token_expires_at"].endswith("Z")


async def test_lists_come_in_pages_that_lead_on(admin: httpx2.AsyncClient, app: App) -> None:
    for number in range(5):
        await create(admin, name=f"Credential {number}")
    first = await admin.get(CREDENTIALS, params={"per_page": 2, "q": "Credential", "unknown": "ignored"})
    assert len(first.json()) == 2
    following: str | None = first.links["next"]["url"]
    assert following is not None
    assert following.startswith(f"{app.settings.public_url}{CREDENTIALS}?")
    names = [each["name"] for each in first.json()]
    while following:
        page = await admin.get(following)
        names += [each["name"] for each in page.json()]
        following = page.links.get("next", {}).get("url")
    assert names == [f"Credential {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({"connector": "capsule"}, 1),
        ({"connector": "another"}, 0),
        ({"status": "authorization_required"}, 1),
        ({"status": "authorized"}, 0),
        ({"q": "sales"}, 1),
        ({"q": "nothing like it"}, 0),
    ],
)
async def test_lists_can_be_narrowed(admin: httpx2.AsyncClient, params: dict[str, str], count: int) -> None:
    await create(admin)
    assert len((await admin.get(CREDENTIALS, params=params)).json()) == count


async def test_a_blank_secret_keeps_the_stored_one(
    admin: httpx2.AsyncClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    changed = await admin.patch(
        f"{CREDENTIALS}/{credential.id}", json={"client_secret": "  ", "name": "Renamed", "description": None}
    )
    assert (changed.status_code, changed.json()["name"], changed.json()["connect_url"]) == (200, "Renamed", None)
    sandbox.world.expire_access_tokens()
    assert (await admin.post(f"{CREDENTIALS}/{credential.id}/token", json={"force_refresh": True})).status_code == 200


async def test_a_wrong_new_secret_is_refused_and_the_old_one_stays(
    admin: httpx2.AsyncClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    refused = await admin.patch(f"{CREDENTIALS}/{credential.id}", json={"client_secret": "this-one-is-wrong"})
    assert refused.status_code == 409
    assert refused.json()["hint"]
    assert (await admin.post(f"{CREDENTIALS}/{credential.id}/token", json={"force_refresh": True})).status_code == 200


async def test_a_new_scope_waits_for_consent_while_the_old_grant_serves(
    admin: httpx2.AsyncClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    changed = (await admin.patch(f"{CREDENTIALS}/{credential.id}", json={"scope": "read"})).json()
    assert changed["pending_authorization"] is True
    assert "/connect/" in changed["connect_url"]
    assert (await admin.post(f"{CREDENTIALS}/{credential.id}/token")).status_code == 200


async def test_names_are_unique_per_connector(admin: httpx2.AsyncClient) -> None:
    await create(admin)
    again = await admin.post(CREDENTIALS, json=NEW | {"name": " sales  crm "})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_a_copy_starts_without_a_grant(admin: httpx2.AsyncClient, app: App, sandbox: RunningSandbox) -> None:
    credential = await connected(app, sandbox)
    unnamed = (await admin.post(f"{CREDENTIALS}/{credential.id}/copy")).json()
    named = (await admin.post(f"{CREDENTIALS}/{credential.id}/copy", json={"name": "Second"})).json()
    assert unnamed["name"] == "Sales CRM copy"
    assert (named["name"], named["status"]) == ("Second", "authorization_required")
    assert "/connect/" in named["connect_url"]


async def test_a_connect_link_is_made_anew(admin: httpx2.AsyncClient) -> None:
    made = await create(admin)
    link = await admin.post(f"{CREDENTIALS}/{made['id']}/connect")
    assert link.status_code == 201
    assert link.json()["connect_url"] != made["connect_url"]
    assert link.json()["expires_at"].endswith("Z")


async def test_testing_asks_the_provider(admin: httpx2.AsyncClient, app: App, sandbox: RunningSandbox) -> None:
    made = await create(admin, name="Without consent")
    failed = (await admin.post(f"{CREDENTIALS}/{made['id']}/test")).json()
    assert failed["status"] == "failed"
    assert failed["hint"]
    credential = await connected(app, sandbox)
    result = (await admin.post(f"{CREDENTIALS}/{credential.id}/test")).json()
    assert (result["status"], result["account"]["subdomain"]) == ("success", "acme")
    shown = (await admin.get(f"{CREDENTIALS}/{credential.id}")).json()
    assert shown["verified_status"] == "success"


async def test_what_is_used_is_not_deleted_and_its_users_are_named(admin: httpx2.AsyncClient, app: App) -> None:
    made = await create(admin)
    async with app.database.transaction() as connection:
        await add_use(connection, made["id"], Use(kind="source", id=7, name="Nightly"))
    refused = await admin.delete(f"{CREDENTIALS}/{made['id']}")
    assert refused.status_code == 409
    assert refused.json()["used_by"] == {"sources": [{"id": 7, "name": "Nightly"}], "destinations": []}
    assert (await admin.get(f"{CREDENTIALS}/{made['id']}")).json()["used_by"]["sources"] == [
        {"id": 7, "name": "Nightly"}
    ]


async def test_a_deleted_credential_is_gone_and_its_grant_withdrawn(
    admin: httpx2.AsyncClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    token = (await admin.post(f"{CREDENTIALS}/{credential.id}/token")).json()["access_token"]
    deleted = await admin.delete(f"{CREDENTIALS}/{credential.id}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await admin.get(f"{CREDENTIALS}/{credential.id}")).status_code == 404
    async with httpx2.AsyncClient() as outside:
        known = await outside.get(f"{sandbox.url}/api/v2/users", headers={"Authorization": f"Bearer {token}"})
    assert known.status_code == 401


async def test_without_a_pending_account_there_is_nothing_to_decide(
    admin: httpx2.AsyncClient, app: App, sandbox: RunningSandbox
) -> None:
    credential = await connected(app, sandbox)
    answer = await admin.post(f"{CREDENTIALS}/{credential.id}/confirm-account", json={"accept": True})
    assert answer.status_code == 404


async def test_the_history_tells_who_did_what(admin: httpx2.AsyncClient) -> None:
    made = await create(admin)
    await admin.patch(f"{CREDENTIALS}/{made['id']}", json={"name": "Renamed"})
    entries = (await admin.get(f"{CREDENTIALS}/{made['id']}/audit")).json()
    assert entries[0].keys() >= {"id", "at", "actor", "action", "outcome", "detail", "ip"}
    assert {"credential.create", "credential.edit"} <= {entry["action"] for entry in entries}
    assert entries[0]["actor"].startswith("key:test#")
    assert entries[0]["ip"] == "127.0.0.1"


CALLS: list[tuple[str, str, KeyScope]] = [
    ("GET", "/api/v1/connectors", KeyScope.READ),
    ("GET", "/api/v1/connectors/capsule", KeyScope.READ),
    ("GET", CREDENTIALS, KeyScope.READ),
    ("GET", f"{CREDENTIALS}/1", KeyScope.READ),
    ("GET", f"{CREDENTIALS}/1/audit", KeyScope.READ),
    ("GET", "/api/v1/audit", KeyScope.READ),
    ("GET", "/api/v1/audit/verdict", KeyScope.READ),
    ("POST", f"{CREDENTIALS}/1/test", KeyScope.USE),
    ("GET", f"{CREDENTIALS}/1/proxy/api/v2/users", KeyScope.USE),
    ("POST", f"{CREDENTIALS}/1/token", KeyScope.TOKEN),
    ("POST", CREDENTIALS, KeyScope.ADMIN),
    ("PATCH", f"{CREDENTIALS}/1", KeyScope.ADMIN),
    ("DELETE", f"{CREDENTIALS}/1", KeyScope.ADMIN),
    ("POST", f"{CREDENTIALS}/1/connect", KeyScope.ADMIN),
    ("POST", f"{CREDENTIALS}/1/copy", KeyScope.ADMIN),
    ("POST", f"{CREDENTIALS}/1/confirm-account", KeyScope.ADMIN),
    ("GET", "/api/v1/api-keys", KeyScope.ADMIN),
    ("POST", "/api/v1/api-keys", KeyScope.ADMIN),
    ("DELETE", "/api/v1/api-keys/1", KeyScope.ADMIN),
    ("GET", "/api/v1/people", KeyScope.ADMIN),
    ("POST", "/api/v1/people", KeyScope.ADMIN),
    ("GET", "/api/v1/people/1", KeyScope.ADMIN),
    ("PATCH", "/api/v1/people/1", KeyScope.ADMIN),
]


@pytest.mark.parametrize(("method", "path", "needed"), CALLS)
async def test_every_call_needs_a_key_with_its_scope(
    client_with: MakeClient, nobody: httpx2.AsyncClient, method: str, path: str, needed: KeyScope
) -> None:
    body: dict[str, Any] = {"json": {}} if method in ("POST", "PATCH") else {}
    unknown = await nobody.request(method, path, **body)
    assert (unknown.status_code, unknown.headers["www-authenticate"]) == (401, 'Bearer realm="consentry"')
    others = {KeyScope.READ, KeyScope.USE, KeyScope.TOKEN} - {needed}
    if needed is KeyScope.READ:
        return
    poor = await client_with(*others)
    refused = await poor.request(method, path, **body)
    if refused.status_code == 422:  # the body is looked at first where it is required; a right one is refused too
        assert needed is KeyScope.ADMIN
        return
    assert refused.status_code == 403
    assert f"scope {needed}" in refused.json()["detail"]
