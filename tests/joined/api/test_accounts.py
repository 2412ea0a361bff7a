import httpx2
import pytest

from consentry.accounts import KeyScope
from ground.serving import MakeClient

KEYS = "/api/v1/api-keys"
PEOPLE = "/api/v1/people"
EVE = {"name": "Eve", "email": "Eve@example.com", "password": "a long sentence"}


async def test_a_key_is_shown_once_and_works_at_once(admin: httpx2.AsyncClient) -> None:
    made = await admin.post(
        KEYS, json={"name": "nightly", "scopes": ["token"], "expires_at": "2999-01-01T00:00:00+02:00"}
    )
    assert made.status_code == 201
    key = made.json()["key"]
    assert made.json()["expires_at"] == "2998-12-31T22:00:00Z"
    listed = await admin.get(KEYS)
    assert key not in listed.text
    assert listed.json()[0]["prefix"] == key[:8]
    async with httpx2.AsyncClient(base_url=admin.base_url, headers={"Authorization": f"Bearer {key}"}) as client:
        assert (await client.get("/api/v1/credentials")).status_code == 200
        assert (await admin.delete(f"{KEYS}/{made.json()['id']}")).json()["revoked_at"]
        assert (await client.get("/api/v1/credentials")).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["everything"]}, "scopes.0"),
        ({"name": "x", "scopes": "read"}, "scopes"),
        ({"name": "", "scopes": ["read"]}, "name"),
        ({"name": "x", "scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "x", "scopes": ["read"], "expires_at": "2999-01-01T00:00:00"}, "expires_at"),
        ({"name": "x", "scopes": ["read"], "expires_at": 4070908800}, "expires_at"),
        ({"name": "x", "scopes": ["read"], "expires_at": "tomorrow"}, "expires_at"),
    ],
)
async def test_a_key_that_cannot_be_is_refused(admin: httpx2.AsyncClient, body: dict[str, object], field: str) -> None:
    answer = await admin.post(KEYS, json=body)
    assert answer.status_code == 422
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]


async def test_people_are_added_changed_and_shut_out(admin: httpx2.AsyncClient) -> None:
    first = (await admin.post(PEOPLE, json=EVE)).json()
    assert (first["email"], first["disabled_at"]) == ("eve@example.com", None)
    assert EVE["password"] not in (await admin.get(PEOPLE)).text
    assert (await admin.post(PEOPLE, json=EVE)).status_code == 409
    assert (await admin.patch(f"{PEOPLE}/{first['id']}", json={"disabled": True})).status_code == 409
    second = (await admin.post(PEOPLE, json=EVE | {"email": "ada@example.com"})).json()
    changed = await admin.patch(f"{PEOPLE}/{second['id']}", json={"name": "Ada", "password": "another sentence"})
    assert changed.json()["name"] == "Ada"
    assert (await admin.patch(f"{PEOPLE}/{second['id']}", json={"disabled": True})).json()["disabled_at"]
    assert (await admin.patch(f"{PEOPLE}/{second['id']}", json={"disabled": False})).json()["disabled_at"] is None
    assert len((await admin.get(PEOPLE)).json()) == 2
    assert (await admin.get(f"{PEOPLE}/{second['id']}")).json()["name"] == "Ada"
    assert (await admin.get(f"{PEOPLE}/99")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "eve"}, "email"),
        ({"password": "short"}, "password"),
        ({"name": " "}, "name"),
        ({"role": "x"}, "role"),
    ],
)
async def test_a_person_that_cannot_be_is_refused(
    admin: httpx2.AsyncClient, changes: dict[str, str], field: str
) -> None:
    answer = await admin.post(PEOPLE, json=EVE | changes)
    assert answer.status_code == 422
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]
    assert "short" not in answer.text


async def test_the_trail_is_listed_narrowed_and_verified(admin: httpx2.AsyncClient) -> None:
    await admin.post(PEOPLE, json=EVE)
    entries = (await admin.get("/api/v1/audit", params={"action": "person.create"})).json()
    assert [entry["detail"] for entry in entries] == ["eve@example.com"]
    assert (await admin.get("/api/v1/audit", params={"q": "no such thing"})).json() == []
    assert (await admin.get("/api/v1/audit", params={"action": "no.such"})).status_code == 422
    verdict = (await admin.get("/api/v1/audit/verdict")).json()
    assert verdict["ok"] is True
    assert verdict["entries"] >= 2


async def test_the_catalogue_tells_all_that_a_form_needs(client_with: MakeClient) -> None:
    reader = await client_with(KeyScope.READ)
    listed = (await reader.get("/api/v1/connectors")).json()
    shown = (await reader.get("/api/v1/connectors/capsule")).json()
    assert shown["templates"][0]["fields"]
    assert {**shown, "templates": [each["name"] for each in shown["templates"]]} in listed
    assert [field["label"] for field in shown["form"]] == [
        "Credential Name",
        "Credential Description",
        "Client ID",
        "Client Secret",
        "Access Scope",
    ]
    assert shown["default_scope"] == "read write"
    assert shown["authorize_url"].endswith("/oauth/authorise")
    assert shown["redirect_uri"].endswith("/oauth/callback")
    assert {scope["name"] for scope in shown["scopes"]} >= {"read", "write"}
    assert {stream["name"] for stream in shown["streams"]} >= {"parties", "opportunities", "tasks", "users"}
