"""Bad input and odd requests: each is answered with a problem document, and nothing is half done."""

import json
from typing import Any

import httpx2
import pytest

NEW = {"connector": "capsule", "name": "Sales CRM", "client_id": "an-id", "client_secret": "a-very-secret-secret"}
CREDENTIALS = "/api/v1/credentials"
JSON = {"Content-Type": "application/json"}


def assert_problem(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem.keys() >= {"type", "title", "status", "code", "detail", "hint"}
    assert problem["status"] == status
    assert problem["hint"]
    return problem


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "it ends too soon"),
        (b'{"name": NaN}', "NaN is no JSON"),
        (b'{"name": "a", "name": "b"}', "a key stands twice"),
        (b'\xff\xfe{"a": 1}', "it is no UTF-8"),
        (b'{"name": "\\ud800"}', "half a character"),
        (b'{"\\ud800": "name"}', "half a character in a key"),
        (b"[" * 10_000, "it is nested without end"),
        (b'{"a":' * 60 + b"1" + b"}" * 60, "it is nested too deeply"),
        (b"1" * 5000, "a number longer than any"),
        (b"not json", "it isn't JSON at all"),
    ],
)
@pytest.mark.parametrize("path", [CREDENTIALS, f"{CREDENTIALS}/1/token"])
async def test_what_cannot_be_parsed_is_said_so(admin: httpx2.AsyncClient, path: str, body: bytes, reason: str) -> None:
    assert assert_problem(await admin.post(path, content=body, headers=JSON), 400)["code"] == "unreadable", reason


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "nul\0"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": 7}, "name"),
        ({"name": ["a"]}, "name"),
        ({"client_id": "with space"}, "client_id"),
        ({"client_id": "ümlaut"}, "client_id"),
        ({"client_secret": ""}, "client_secret"),
        ({"client_secret": "line\nbreak"}, "client_secret"),
        ({"client_secret": {"a": 1}}, "client_secret"),
        ({"description": "bell\a"}, "description"),
        ({"description": "x" * 1001}, "description"),
        ({"scope": 'with"quote'}, "scope"),
        ({"scope": "line\rbreak"}, "scope"),
        ({"connector": "unknown"}, "connector"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_a_field_that_cannot_be_is_named(
    admin: httpx2.AsyncClient, changes: dict[str, object], field: str
) -> None:
    problem = assert_problem(await admin.post(CREDENTIALS, json=NEW | changes), 422)
    assert [wrong["field"] for wrong in problem["errors"]] == [field]
    assert problem["errors"][0]["message"]
    assert (await admin.get(CREDENTIALS)).json() == []


async def test_every_wrong_field_is_named_at_once(admin: httpx2.AsyncClient) -> None:
    problem = assert_problem(await admin.post(CREDENTIALS, json={"name": 1, "more": 2}), 422)
    assert {wrong["field"] for wrong in problem["errors"]} == {
        "name",
        "more",
        "connector",
        "client_id",
        "client_secret",
    }


@pytest.mark.parametrize("body", ["[]", '"text"', "null", "1", ""])
async def test_a_body_that_is_no_object_is_refused(admin: httpx2.AsyncClient, body: str) -> None:
    assert_problem(await admin.post(CREDENTIALS, content=body.encode(), headers=JSON), 422)


@pytest.mark.parametrize("name", ["Zoë 🌍 李", "ناعم", "a'b\"c<script>", "x" * 100])
async def test_names_in_any_script_come_back_as_they_were(admin: httpx2.AsyncClient, name: str) -> None:
    made = await admin.post(CREDENTIALS, json=NEW | {"name": name})
    assert (made.status_code, made.json()["name"]) == (201, name)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
@pytest.mark.parametrize("path", [CREDENTIALS, f"{CREDENTIALS}/1/token", f"{CREDENTIALS}/1/copy"])
async def test_a_body_that_is_not_json_is_not_taken(admin: httpx2.AsyncClient, path: str, kind: str) -> None:
    assert_problem(await admin.post(path, content=json.dumps(NEW).encode(), headers={"Content-Type": kind}), 415)


@pytest.mark.parametrize("path", [CREDENTIALS, f"{CREDENTIALS}/1/token"])
async def test_a_body_without_end_is_not_read_to_its_end(admin: httpx2.AsyncClient, path: str) -> None:
    body = json.dumps(NEW | {"description": "x" * 2_000_000}).encode()
    assert_problem(await admin.post(path, content=body, headers=JSON), 413)


@pytest.mark.parametrize(
    "path",
    [
        f"{CREDENTIALS}/999",
        f"{CREDENTIALS}/0",
        f"{CREDENTIALS}/-1",
        f"{CREDENTIALS}/9223372036854775808",
        f"{CREDENTIALS}/{'9' * 30}",
        f"{CREDENTIALS}/{'9' * 5000}",
        f"{CREDENTIALS}/abc",
        f"{CREDENTIALS}/1.5",
        f"{CREDENTIALS}/%00",
        f"{CREDENTIALS}/٣",
        f"{CREDENTIALS}/1/",
        "/api/v1/connectors/unknown",
        "/api/v1/connectors/%00",
        "/api/v1/credentials/9223372036854775808/audit",
        "/api/v1/people/9223372036854775808",
        "/api/v1",
        "/api/v1/nothing",
        "/api/v2/credentials",
    ],
)
async def test_what_is_not_there_is_not_found(admin: httpx2.AsyncClient, path: str) -> None:
    assert assert_problem(await admin.get(path), 404)["code"] == "not_found"


@pytest.mark.parametrize("number", ["999", "0", "9223372036854775808", "9" * 30])
@pytest.mark.parametrize(("method", "rest"), [("POST", "/token"), ("GET", "/proxy/api/v2/users"), ("POST", "/test")])
async def test_an_unknown_credential_is_not_found_on_the_fast_routes_either(
    admin: httpx2.AsyncClient, number: str, method: str, rest: str
) -> None:
    assert_problem(await admin.request(method, f"{CREDENTIALS}/{number}{rest}"), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", CREDENTIALS, "GET, HEAD, POST"),
        ("OPTIONS", CREDENTIALS, "GET, HEAD, POST"),
        ("POST", f"{CREDENTIALS}/1", "DELETE, GET, HEAD, PATCH"),
        ("GET", f"{CREDENTIALS}/1/token", "POST"),
        ("HEAD", f"{CREDENTIALS}/1/token", "POST"),
        ("QUERY", CREDENTIALS, "GET, HEAD, POST"),
        ("DELETE", "/healthz", "GET, HEAD"),
    ],
)
async def test_another_method_is_told_which_ones_there_are(
    admin: httpx2.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await admin.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "params",
    [
        {"page": "0"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "99999999999999999999"},
        {"per_page": "0"},
        {"per_page": "101"},
        {"status": "fine"},
        {"q": "nul\0"},
        {"q": "x" * 201},
        {"page": ["1", "2"]},
    ],
)
async def test_a_parameter_that_cannot_be_is_named(admin: httpx2.AsyncClient, params: dict[str, str]) -> None:
    problem = assert_problem(await admin.get(CREDENTIALS, params=params), 422)
    assert [wrong["field"] for wrong in problem["errors"]] == list(params)


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "csy_nothing", "Bearer a b", "Bearer ключ"])
async def test_any_other_authorization_is_refused(nobody: httpx2.AsyncClient, header: str) -> None:
    headers = [(b"Authorization", header.encode())]
    for path in (CREDENTIALS, f"{CREDENTIALS}/1/proxy/api/v2/users"):
        assert_problem(await nobody.get(path, headers=headers), 401)
    assert_problem(await nobody.post(f"{CREDENTIALS}/1/token", headers=headers), 401)


async def test_two_authorizations_are_one_too_many(admin: httpx2.AsyncClient) -> None:
    headers = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
    async with httpx2.AsyncClient(base_url=admin.base_url) as client:
        assert_problem(await client.get(CREDENTIALS, headers=headers), 400)


async def test_many_wrong_keys_are_slowed_down(nobody: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    answers = [await nobody.get(CREDENTIALS, headers={"Authorization": "Bearer csy_guess"}) for _ in range(25)]
    assert_problem(answers[0], 401)
    assert_problem(answers[-1], 429)
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (await admin.get(CREDENTIALS)).status_code == 200


async def test_head_answers_as_get_without_the_body(admin: httpx2.AsyncClient) -> None:
    answer = await admin.head(CREDENTIALS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/json"


async def test_every_answer_keeps_browsers_in_check_and_has_an_id(
    admin: httpx2.AsyncClient, nobody: httpx2.AsyncClient
) -> None:
    answers = [
        await admin.get(CREDENTIALS),
        await nobody.get(CREDENTIALS),
        await admin.post(f"{CREDENTIALS}/1/token"),
        await nobody.get("/healthz"),
        await nobody.get("/api/nothing"),
    ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


async def test_an_empty_body_of_any_kind_is_no_body(admin: httpx2.AsyncClient) -> None:
    made = (await admin.post(CREDENTIALS, json=NEW)).json()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await admin.post(f"{CREDENTIALS}/{made['id']}/connect", headers=headers)).status_code == 201
    assert (await admin.post(f"{CREDENTIALS}/{made['id']}/copy", headers=headers)).status_code == 201
