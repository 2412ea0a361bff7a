"""Every door of a running Consentry, tried with keys that don't fit and with lists of known tricks."""

import html
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from consentry.sandbox import RunningSandbox
from consentry.sandbox import start as start_sandbox
from ground.curl import Curl
from ground.owner import Owner, Program
from ground.person import Person
from ground.processes import Running, command, environment_for, free_port, running

SCOPES: Final = ("read", "use", "token", "admin")
FOR_USERS: Final = ("/test", "/run", "/estimate", "/cancel", "/preview", "/retry", "/uploads")
FOR_ADMINS: Final = ("/api/v1/api-keys", "/api/v1/people")
PICTURED: Final = ("/credentials", "/sources", "/destinations", "/runs", "/api-keys", "/people")
OPEN: Final = {"/healthz", "/readyz", "/metrics", "/hooks/{token}"}  # a hook's address is its own key
BODIES: Final[dict[str, dict[str, Any]]] = {  # right ones, so that only the scope can be in the way
    "POST /api/v1/credentials": {"connector": "capsule", "name": "X", "client_id": "x", "client_secret": "x" * 20},
    "PATCH /api/v1/credentials/{credential_id}": {"name": "Taken over"},
    "POST /api/v1/credentials/{credential_id}/confirm-account": {"accept": True},
    "POST /api/v1/sources": {"name": "Taken over", "credential_id": 1},
    "PATCH /api/v1/sources/{source_id}": {"name": "Taken over"},
    "POST /api/v1/destinations": {
        "name": "Taken over",
        "credential_id": 1,
        "template": "upsert_person",
        "rows": {"inline": [{"email": "mallory@example.com"}]},
        "mapping": {"emailAddresses": {"column": "email"}},
    },
    "PATCH /api/v1/destinations/{destination_id}": {"name": "Taken over"},
    "POST /api/v1/credentials/{credential_id}/templates/{name}/suggest": {"rows": {"inline": []}},
    "POST /api/v1/api-keys": {"name": "more", "scopes": ["admin"]},
    "POST /api/v1/people": {"name": "Mallory", "email": "mallory@example.com", "password": "a long enough password"},
    "PATCH /api/v1/people/{person_id}": {"name": "Mallory"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A Consentry with one connected credential, and a key of each scope."""

    server: Running
    sandbox: RunningSandbox
    keys: dict[str, str]
    credential_id: int

    @property
    def proxy(self) -> str:
        """The proxy's address."""
        return f"{self.server.url}/api/v1/credentials/{self.credential_id}/proxy"

    def picture(self) -> list[Any]:
        """Return all that a stranger must not be able to change."""
        with Program(self.server.url, self.keys["admin"]) as program:
            lists = [program.ask("GET", path).json() for path in PICTURED]
        return [[{name: value for name, value in row.items() if name != "used_at"} for row in rows] for rows in lists]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with (
        start_sandbox() as sandbox,
        running(tmp_path_factory.mktemp("doors") / "home", capsule_base_url=sandbox.url) as server,
    ):
        admin = server.api_key()
        application = sandbox.world.register(name="Data team", redirect_uri=f"{server.url}/oauth/callback")
        with Program(server.url, admin) as program, Owner() as owner:
            made = program.add(application.client_id, application.secrets[0])
            owner.consent(made["connect_url"])
            keys = {"admin": admin}
            for scope in SCOPES[:-1]:
                keys[scope] = program.ask("POST", "/api-keys", json={"name": scope, "scopes": [scope]}).json()["key"]
        yield House(server=server, sandbox=sandbox, keys=keys, credential_id=int(made["id"]))


# --- who may do what


def operations(house: House) -> list[tuple[str, str]]:
    """Return every operation that the OpenAPI document lists."""
    document = httpx2.get(f"{house.server.url}/openapi.json").json()
    methods = ("get", "put", "post", "patch", "delete", "head", "options")
    return [(method.upper(), path) for path, item in document["paths"].items() for method in item if method in methods]


def scope_for(method: str, path: str) -> str:
    """Return the scope that an operation needs, as the design has it."""
    if path.startswith(FOR_ADMINS):
        return "admin"
    if "/proxy" in path or "/templates/" in path or path.endswith(FOR_USERS):
        return "use"
    if path.endswith("/token"):
        return "token"
    return "read" if method == "GET" else "admin"


def holds(has: str, needed: str) -> bool:
    """Tell whether a key of one scope may do what needs another: every scope may read, and `admin` all."""
    return has in (needed, "admin") or needed == "read"


def ask(house: House, method: str, path: str, *, key: str | None, number: int) -> httpx2.Response:
    concrete = path.replace("{name}", "capsule").replace("{path}", "api/v2/users")
    concrete = re.sub(r"\{\w+_id\}", str(number), concrete) + ("?name=rows.json" if path.endswith("/uploads") else "")
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    body = BODIES.get(f"{method} {path}", {} if method in ("POST", "PATCH") and "/proxy" not in path else None)
    return httpx2.request(method, house.server.url + concrete, headers=headers, json=body, timeout=30)


def test_no_operation_is_open_without_a_key(house: House) -> None:
    before, found = house.picture(), operations(house)
    assert len(found) > 20
    for method, path in found:
        if path not in OPEN:
            answer = ask(house, method, path, key=None, number=1)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer"), (method, path)
    assert house.picture() == before


@pytest.mark.parametrize("has", SCOPES[:-1])
def test_a_key_opens_what_its_scope_names_and_nothing_else(house: House, has: str) -> None:
    before = house.picture()
    for method, path in operations(house):
        if path in OPEN:
            continue
        needed = scope_for(method, path)
        if holds(has, needed):
            answer = ask(house, method, path, key=house.keys[has], number=999_999)
            wanted = (201,) if path.endswith("/uploads") else (200, 404)
            assert answer.status_code in wanted, (method, path, answer.text)
        else:
            answer = ask(house, method, path, key=house.keys[has], number=1)
            assert answer.status_code == 403, (method, path, answer.text)
            if method != "HEAD":
                assert needed in answer.json()["detail"], (method, path)
    assert house.picture() == before


def test_a_key_that_ended_opens_nothing_any_more(house: House) -> None:
    with Program(house.server.url, house.keys["admin"]) as program:
        made = program.ask("POST", "/api-keys", json={"name": "brief", "scopes": ["admin"]}).json()
        with Program(house.server.url, made["key"]) as brief:
            assert brief.ask("GET", "/credentials").status_code == 200
            program.ask("DELETE", f"/api-keys/{made['id']}")
            assert brief.ask("GET", "/credentials").status_code == 401
            assert brief.ask("POST", f"/credentials/{house.credential_id}/token").status_code == 401
            assert brief.ask("GET", f"/credentials/{house.credential_id}/proxy/api/v2/users").status_code == 401


def test_a_cookie_alone_changes_nothing_through_the_api(house: House) -> None:
    with Person(house.server.url) as ada:
        ada.sign_in()
        before = house.picture()
        assert ada.http.get(f"{house.server.url}/api/v1/credentials").status_code == 200
        for method, path in operations(house):
            if method in ("GET", "HEAD", "OPTIONS") or path in OPEN:
                continue
            concrete = re.sub(r"\{\w+_id\}", "1", path).replace("{path}", "api/v2/users")
            for headers in ({}, {"X-CSRF-Token": "guessed"}, {"Origin": "https://evil.example"}):
                body = BODIES.get(f"{method} {path}")
                answer = ada.http.request(method, house.server.url + concrete, headers=headers, json=body)
                assert answer.status_code in (401, 403), (method, path, headers, answer.text)
    assert house.picture() == before


# --- where the proxy leads

LEADING_ELSEWHERE: Final = (
    "..",
    "../../../../sandbox/state",
    "api/v2/../../sandbox/state",
    "api/v2/%2e%2e/%2e%2e/sandbox/state",
    "api/v2/.%2e/.%2E/sandbox/state",
    "api/v2/..;/..;/sandbox/state",
    "api/v2/..%2f..%2fsandbox%2fstate",
    "api/v2/..%5c..%5csandbox",
    "api/v2/..\\..\\sandbox",
    "api/v2/%252e%252e%252fsandbox",
    "api/v2/%c0%ae%c0%ae/%c0%ae%c0%ae/../sandbox",
    "api/v2/users%00",
    "api/v2/users%0d%0aX-Injected:%20yes",
    "api/v2/users%0aX-Injected:%20yes",
    "api%2fv2%2fusers",
    "api/v2",
    "api/v1/users",
    "api/v22/users",
    "API/V2/users",
    "sandbox/state",
    "oauth/token",
    "oauth/authorise",
    ".well-known/openid-configuration",
    "http://169.254.169.254/latest/meta-data/",
    "https://evil.example/api/v2/users",
    "//evil.example/api/v2/users",
    "///evil.example/api/v2/users",
    "@evil.example/api/v2/users",
    ":80@evil.example/api/v2/users",
    "",
)


@pytest.mark.parametrize("path", LEADING_ELSEWHERE)
def test_the_proxy_leads_nowhere_but_to_the_api(house: House, path: str) -> None:
    before = len(house.sandbox.world.journal.recent())
    answer = Curl()(f"{house.proxy}/{path}", key=house.keys["use"])
    assert answer.status in (400, 404), answer.text
    assert answer.headers["consentry-error"] in (["unreadable"], ["not_found"])
    assert "x-injected" not in answer.headers
    assert len(house.sandbox.world.journal.recent()) == before


@pytest.mark.parametrize(
    "path", ["api/v2//users", "//api/v2/users", "api///v2/users", "api/v2/users?x=%0d%0aX-Injected:1"]
)
def test_an_odd_address_that_means_one_thing_reaches_the_api(house: House, path: str) -> None:
    answer = Curl()(f"{house.proxy}/{path}", key=house.keys["use"])
    assert answer.status == 200
    assert "users" in answer.json()
    assert "x-injected" not in answer.headers
    assert house.sandbox.world.journal.recent()[0].path == "/api/v2/users"


# --- bytes that no client library would send


def send_raw(house: House, *lines: bytes) -> bytes:
    """Send a request byte by byte, and return all that comes back."""
    place = urlsplit(house.server.url)
    head = b"\r\n".join((*lines, b"Connection: close", b"", b""))
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=20) as line:
        line.sendall(head.replace(b"{key}", house.keys["use"].encode()))
        received = b""
        while piece := line.recv(65_536):
            received += piece
    return received


@pytest.mark.parametrize(
    "header",
    [
        b"X-A: b\nX-Injected: yes",  # a bare line feed
        b"X-A: b\rX-Injected: yes",  # a bare carriage return
        b"X-A: b\x00c",
        b"X A: b",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",  # who believes which is request smuggling
        b"Content-Length: 5\r\nContent-Length: 6",
        b"Content-Length: -1",
        b"Content-Length: +5",
        b"Transfer-Encoding: chunked, identity",
        b" folded: yes",
    ],
)
def test_a_header_that_can_be_read_in_two_ways_does_not_get_through(house: House, header: bytes) -> None:
    before = len(house.sandbox.world.journal.recent())
    target = urlsplit(f"{house.proxy}/api/v2/users").path.encode()
    answer = send_raw(house, b"POST " + target + b" HTTP/1.1", b"Host: x", b"Authorization: Bearer {key}", header)
    assert answer == b"" or answer.split()[1] in (b"400", b"403"), answer
    reached = house.sandbox.world.journal.recent()[: len(house.sandbox.world.journal.recent()) - before]
    assert [seen for seen in reached if "njected" in seen.path + seen.query] == []
    assert b"\nX-Injected" not in answer


@pytest.mark.parametrize(
    "target",
    [
        b"http://evil.example/api/v1/credentials",
        b"//evil.example/api/v1/credentials",
        b"evil.example:443",
        b"/api/v1/credentials#x",
        b"*",
        b"/" + b"a" * 70_000,
    ],
)
def test_a_strange_target_is_answered_here_or_not_at_all(house: House, target: bytes) -> None:
    answer = send_raw(house, b"GET " + target + b" HTTP/1.1", b"Host: evil.example")
    assert answer == b"" or answer.split()[1] in (b"400", b"401", b"404", b"414"), answer[:300]
    assert b"location:" not in answer.lower()
    assert httpx2.get(f"{house.server.url}/healthz").status_code == 200


# --- where pages lead

ADDRESS: Final = re.compile(r'\s(?:href|src|action|data-onward)="([^"]*)"')

ELSEWHERE: Final = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/%0a/evil.example/",
    "javascript:alert(1)",
    "/credentials\r\nX-Injected: yes",
)


def test_no_way_on_leads_to_another_site(house: House) -> None:
    here = urlsplit(house.server.url).netloc
    with Person(house.server.url) as ada:
        for wanted in ELSEWHERE:
            ada.http.cookies.clear()
            ada.open("/signin")
            token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', ada.pages[-1].text)
            assert token, wanted
            form = {"csrf_token": token[1], "email": "ada@example.com", "next": wanted}
            form["password"] = house.server.environment["CONSENTRY_ADMIN_PASSWORD"]
            answer = ada.http.post(f"{house.server.url}/signin", data=form)
            assert answer.status_code == 303, wanted
            led = str(httpx2.URL(f"{house.server.url}/signin").join(answer.headers["location"]))
            assert urlsplit(led).netloc == here, wanted
            assert "x-injected" not in answer.headers


def test_after_consent_the_way_on_is_ours(house: House) -> None:
    here = urlsplit(house.server.url).netloc
    for wanted in ELSEWHERE:
        with Person(house.server.url) as ada:
            ada.sign_in()
            ada.open(f"/credentials/{house.credential_id}/authorize")
            begun = ada.send(f"/credentials/{house.credential_id}/authorize", return_to=wanted)
            with Owner() as owner:
                callback = owner.decide(begun.headers["location"])
            page = ada.open(callback.removeprefix(house.server.url))
            addresses = [html.unescape(found) for found in ADDRESS.findall(page.text)]
            assert addresses
            assert {urlsplit(urljoin(str(page.url), each)).netloc for each in addresses} == {here}, wanted


# --- addresses that people give


def test_nobody_can_give_a_credential_an_address_of_its_own(house: House) -> None:
    new = BODIES["POST /api/v1/credentials"]
    with Program(house.server.url, house.keys["admin"]) as program:
        for name in ("token_url", "authorize_url", "base_url", "redirect_uri", "issuer"):
            answer = program.ask("POST", "/credentials", json={**new, name: "http://169.254.169.254/"})
            assert answer.status_code == 422
            assert [error["field"] for error in answer.json()["errors"]] == [name]


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/latest", "https://user:password@provider.example", "file:///etc/passwd"]
)
def test_a_base_url_that_is_not_safe_stops_the_start(tmp_path: Path, address: str) -> None:
    home = tmp_path / "home"
    done = command("up", "--json", environment=environment_for(home, free_port(), capsule_base_url=address))
    assert done.returncode == 1
    assert "CONSENTRY_CAPSULE_BASE_URL" in done.stdout + done.stderr
    assert "password" not in done.stdout + done.stderr
    assert not home.exists()
