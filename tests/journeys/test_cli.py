"""The command line in real processes: from adding a credential to deleting it, on the home and through a server."""

import asyncio
import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from consentry.sandbox import RunningSandbox, start
from ground.consenting import Registered, give_consent, register
from ground.household import PATIENCE_SECONDS, Household, end, first_document, household


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningSandbox]:
    with start() as running:
        yield running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: RunningSandbox) -> Iterator[Household]:
    with household(tmp_path_factory.mktemp("house"), provider) as house:
        house.start_server()
        yield house


@pytest.fixture(scope="module")
def application(house: Household, provider: RunningSandbox) -> Registered:
    return register(provider, f"{house.url}/oauth/callback")


@pytest.fixture
def quiet_house(tmp_path: Path, provider: RunningSandbox) -> Iterator[Household]:
    """A home on which no server runs."""
    with household(tmp_path, provider) as house:
        yield house


def decide(connect_url: str, decision: str, user: str = "ada.marsh") -> None:
    """Open the connect link, decide at the provider, and come back, in one browser."""

    async def walk() -> None:
        async with httpx2.AsyncClient() as browser:
            begun = await browser.post(connect_url)
            query = await give_consent(begun.headers["location"], decision=decision, user=user)
            callback = connect_url.partition("/connect/")[0] + "/oauth/callback?" + query
            await browser.get(callback, follow_redirects=True)

    asyncio.run(walk())


def add(house: Household, application: Registered, name: str, *options: str) -> "subprocess.Popen[str]":
    """Begin to add a credential; its client secret is piped in."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "consentry", "credential", "add", "--json", "--name", name),
            *("--client-id", application.client_id, "--client-secret-stdin", *options),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(house.environment),
    )
    assert process.stdin is not None
    process.stdin.write(application.client_secret + "\n")
    process.stdin.close()
    process.stdin = None
    return process


def link_told_by(process: "subprocess.Popen[str]") -> str:
    """Read what is said on the way until a connect link comes by."""
    for line in process.stderr or ():
        found = re.search(r"http://\S+/connect/\S+", line)
        if found:
            return found[0]
    raise AssertionError("no connect link was told")


def connected(house: Household, application: Registered, name: str) -> int:
    process = add(house, application, name)
    decide(link_told_by(process), "approve")
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    found: int = json.loads(printed)["id"]
    return found


def test_adding_waits_for_the_consent_and_says_what_it_brought(house: Household, application: Registered) -> None:
    process = add(house, application, "Sales CRM")
    decide(link_told_by(process), "approve")
    printed, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, said
    credential = json.loads(printed)
    assert credential["status"] == "authorized"
    assert credential["account"]["subdomain"] == "acme"
    assert credential["granted_scope"] == "read write"
    assert application.client_secret not in printed + said


def test_a_refusal_is_said(house: Household, application: Registered) -> None:
    process = add(house, application, "Refused")
    decide(link_told_by(process), "deny")
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    error = json.loads(printed)["error"]
    assert error["code"] == "authorization_failed"
    assert "consentry credential connect" in error["hint"]


def test_authorizing_again_waits_for_the_newer_consent(house: Household, application: Registered) -> None:
    number = connected(house, application, "Authorized again")
    for user, waits in (("ada.marsh", False), ("dana.petrov", True)):
        process = begin_to_connect(house, number)
        decide(link_told_by(process), "approve", user)
        printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, printed
        credential = json.loads(printed)
        assert credential["status"] == "authorized"
        assert credential["account"]["subdomain"] == "acme"
        assert (credential["pending_account"] is not None) is waits


def begin_to_connect(house: Household, number: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "consentry", "credential", "connect", str(number), "--json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(house.environment),
    )


def test_nobody_deciding_is_said(house: Household, application: Registered) -> None:
    process = add(house, application, "Left alone", "--wait", "1")
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert json.loads(printed)["error"]["code"] == "authorization_required"
    assert house.ask("credential", "show", "Left alone")["status"] == "authorization_required"


def test_without_a_server_one_is_told_to_start_it(quiet_house: Household, application: Registered) -> None:
    process = add(quiet_house, application, "Sales CRM", "--wait", "0")
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert f"Nothing answers at {quiet_house.url} yet" in said
    assert "consentry up" in said


def test_token_prints_the_token_and_nothing_else(
    house: Household, application: Registered, provider: RunningSandbox
) -> None:
    number = connected(house, application, "For tokens")
    done = house.run("credential", "token", "For tokens")
    assert done.returncode == 0
    assert re.fullmatch(r"\S+\n", done.stdout)
    answer = httpx2.get(
        f"{provider.url}/api/v2/users", headers={"Authorization": f"Bearer {done.stdout.strip()}"}, timeout=20
    )
    assert answer.status_code == 200
    document = house.ask("credential", "token", str(number), "--force-refresh", "--min-ttl", "60")
    assert set(document) == {"access_token", "token_type", "expires_at", "scope"}
    assert document["access_token"] != done.stdout.strip()


def test_a_credential_is_changed_copied_tested_and_deleted(house: Household, application: Registered) -> None:
    number = connected(house, application, "To be changed")
    assert house.ask("credential", "edit", str(number), "--name", "Changed")["name"] == "Changed"
    assert house.ask("credential", "test", "changed")["status"] == "success"
    copied = house.ask("credential", "copy", "changed", "--name", "Copy of it")
    assert copied["status"] == "authorization_required"
    assert copied["connect_url"].startswith(house.url)
    assert house.run("credential", "test", "Copy of it").returncode == 1
    assert {each["name"] for each in house.ask("credential", "list", "--search", "of it")} == {"Copy of it"}
    assert house.run("credential", "delete", "Copy of it").returncode == 2  # nobody there to be asked
    for name in ("Copy of it", "Changed"):
        assert house.ask("credential", "delete", name, "--yes")["deleted"] is True
    gone = house.run("credential", "show", "Changed", "--json")
    assert gone.returncode == 1
    assert json.loads(gone.stdout)["error"]["code"] == "not_found"


def test_a_new_secret_is_tried_at_once(house: Household, application: Registered, provider: RunningSandbox) -> None:
    number = connected(house, application, "Secret replaced")
    wrong = house.run("credential", "edit", str(number), "--client-secret-stdin", "--json", given="a wrong secret\n")
    assert wrong.returncode == 1
    assert json.loads(wrong.stdout)["error"]["code"] == "conflict"
    newer = provider.world.applications.add_secret(application.client_id)
    assert house.ask("credential", "edit", str(number), "--client-secret-stdin", given=newer)["status"] == "authorized"


def test_a_secret_as_an_argument_is_wrong_usage(house: Household) -> None:
    done = house.run("credential", "add", "--name", "x", "--client-id", "y", "--client-secret", "z")
    assert done.returncode == 2
    assert done.stdout == ""


def test_an_api_key_is_printed_alone_opens_the_server_and_is_revoked(house: Household) -> None:
    done = house.run("apikey", "create", "--name", "nightly", "--scope", "read")
    assert re.fullmatch(r"csy_[A-Za-z0-9_-]{43}\n", done.stdout)
    key = done.stdout.strip()

    def knock() -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx2.get(f"{house.url}/api/v1/credentials", headers=headers, timeout=20).status_code

    assert knock() == 200
    listed = [each for each in house.ask("apikey", "list") if each["name"] == "nightly"]
    assert listed[0]["scopes"] == ["read"]
    assert key not in json.dumps(listed)
    assert house.ask("apikey", "revoke", str(listed[0]["id"]))["revoked_at"]
    assert knock() == 401


def test_people_are_added_and_the_last_one_is_not_shut_out(house: Household) -> None:
    given = "a sentence is fine\n"
    added = house.ask("user", "add", "ada@example.com", "--name", "Ada", "--password-stdin", given=given)
    assert added["email"] == "ada@example.com"
    refused = house.run("user", "disable", "ada@example.com", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (1, "conflict")
    assert house.run("user", "password", "ada@example.com", "--password-stdin", given="short\n").returncode == 1
    assert "may sign in" in house.run("user", "list").stdout


def test_the_same_commands_work_through_a_server(house: Household, application: Registered, tmp_path: Path) -> None:
    connected(house, application, "Seen from afar")
    key = house.run("apikey", "create", "--name", "afar", "--scope", "admin").stdout.strip()
    there = {"CONSENTRY_URL": house.url, "CONSENTRY_API_KEY": key, "CONSENTRY_HOME": str(tmp_path / "not made")}
    mine, theirs = house.ask("credential", "list"), house.ask("credential", "list", **there)
    assert [each["name"] for each in mine] == [each["name"] for each in theirs]
    assert set(mine[0]) == set(theirs[0])
    assert house.run("credential", "token", "Seen from afar", **there).returncode == 0
    assert house.run("credential", "delete", "Seen from afar", "--yes", **there).returncode == 0
    assert house.run("keyset", "status", **there).returncode == 1
    assert house.ask("doctor", **there)["ok"] is True
    assert not (tmp_path / "not made").exists()
    wrong = house.run("credential", "list", "--json", **{**there, "CONSENTRY_API_KEY": "csy_wrong"})
    assert (wrong.returncode, json.loads(wrong.stdout)["error"]["code"]) == (1, "not_signed_in")


def test_the_keyset_is_rotated_while_the_server_runs(house: Household, application: Registered) -> None:
    connected(house, application, "Under a new key")
    before = house.ask("keyset", "status")
    rotated = house.ask("keyset", "rotate")
    after = house.ask("keyset", "status")
    assert before["primary"] == rotated["old"]
    assert after["primary"] == rotated["new"]
    assert [key["secrets"] for key in after["keys"]] == [after["secrets"]]
    assert house.run("credential", "token", "Under a new key", "--force-refresh").returncode == 0


def test_a_trail_that_somebody_changed_is_found(quiet_house: Household) -> None:
    for name in ("one", "two"):
        quiet_house.run("apikey", "create", "--name", name)
    assert quiet_house.ask("audit", "verify") == {"ok": True, "entries": 2, "first_broken_id": None}
    assert [each["id"] for each in quiet_house.ask("audit", "list", "--search", "two")] == [2]
    with sqlite3.connect(quiet_house.home / "consentry.db") as database:
        database.execute("UPDATE audit SET actor = 'somebody else' WHERE id = 2")
    database.close()
    done = quiet_house.run("audit", "verify", "--json")
    assert (done.returncode, json.loads(done.stdout)["first_broken_id"]) == (1, 2)


def test_doctor_finds_a_running_house_well(house: Household) -> None:
    document = house.ask("doctor")
    assert document["ok"] is True
    states = {each["name"]: each["state"] for each in document["checks"]}
    assert {"settings", "home", "database", "keyset", "redirect URI", "public URL", "connector capsule"} <= set(states)
    assert {"clock against capsule", "people", "journal", "spool", "audit trail"} <= set(states)
    assert "bad" not in states.values()
    assert states["public URL"] == "ok"


@pytest.mark.parametrize(
    ("variable", "value", "check"),
    [
        ("CONSENTRY_PUBLIC_URL", "ftp://example.com", "settings"),
        ("CONSENTRY_HOME", "/dev/null/consentry", "home"),
        ("CONSENTRY_NOTHING_BASE_URL", "https://example.com", "connectors"),
        ("CONSENTRY_CAPSULE_BASE_URL", "http://127.0.0.1:1", "connector capsule"),
        ("CONSENTRY_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none", "database"),
    ],
)
def test_doctor_names_what_is_wrong(house: Household, variable: str, value: str, check: str) -> None:
    done = house.run("doctor", "--json", **{variable: value})
    assert done.returncode == 1, done.stderr
    bad = [each for each in json.loads(done.stdout)["checks"] if each["state"] == "bad"]
    assert [each["name"] for each in bad] == [check]
    assert all(each["hint"] for each in bad)


def test_doctor_makes_nothing(tmp_path: Path, house: Household) -> None:
    house.run("doctor", CONSENTRY_HOME=str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def test_up_with_a_sandbox_ends_with_everything_it_started(quiet_house: Household) -> None:
    process = quiet_house.begin("up", "--sandbox", "--sandbox-port", "0", "--json")
    told = first_document(process)
    assert httpx2.get(told["url"] + "/healthz", timeout=20).status_code == 200
    assert httpx2.get(told["sandbox"], timeout=20).status_code == 200
    assert end(process, signal.SIGINT) == 0
    wait_until_nobody_answers(told["sandbox"])


def test_a_sandbox_does_not_outlive_a_consentry_that_was_killed(quiet_house: Household) -> None:
    process = quiet_house.begin("up", "--sandbox", "--sandbox-port", "0", "--json")
    told = first_document(process)
    end(process, signal.SIGKILL)
    wait_until_nobody_answers(told["sandbox"])


def wait_until_nobody_answers(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx2.get(url, timeout=5)
        except httpx2.TransportError:
            return
        time.sleep(0.1)
    raise AssertionError(f"{url} still answers")


def test_a_port_that_is_taken_is_said(house: Household, quiet_house: Household) -> None:
    done = quiet_house.run("up", "--json", "--port", str(house.port))
    assert done.returncode == 1
    assert str(house.port) in json.loads(done.stdout)["error"]["detail"]
    taken = quiet_house.run("sandbox", "--json", "--port", str(house.port))
    assert taken.returncode == 1
    assert "--port" in json.loads(taken.stdout)["error"]["hint"]


def test_several_workers_share_one_port(quiet_house: Household) -> None:
    process = quiet_house.start_server("--workers", "2")
    deadline = time.monotonic() + PATIENCE_SECONDS
    status = 0
    while status != 200 and time.monotonic() < deadline:
        status = httpx2.get(f"{quiet_house.url}/healthz", timeout=20).status_code
    assert status == 200
    assert end(process) == 0


def test_a_worker_alone_does_its_chores_and_ends_when_told(quiet_house: Household, application: Registered) -> None:
    quiet_house.run("apikey", "list")
    process = quiet_house.begin("worker")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "The worker ticks" not in quiet_house.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert process.poll() is None
    assert end(process) == 0


def test_a_sandbox_alone_says_where_it_is(quiet_house: Household) -> None:
    process = quiet_house.begin("sandbox", "--port", "0", "--json")
    assert httpx2.get(first_document(process)["url"], timeout=20).status_code == 200
    assert end(process, signal.SIGINT) == 0


def test_a_home_without_its_keyset_does_not_start(quiet_house: Household) -> None:
    quiet_house.run("apikey", "list")
    (quiet_house.home / "keyset.json").unlink()
    done = quiet_house.run("up", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "key_missing"


def at_a_terminal(house: Household, *arguments: str, typed: dict[str, str]) -> tuple[int, str]:
    """Run a command as a person does, who types an answer when a question appears."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "consentry", *arguments],
        stdin=child,
        stdout=child,
        stderr=child,
        env={**house.environment, "TERM": "xterm", "COLUMNS": "200"},
        start_new_session=True,
    )
    os.close(child)
    seen, waiting = "", dict(typed)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if not select.select([parent], [], [], 0.2)[0]:
            continue
        try:
            seen += os.read(parent, 4096).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            break
        for question in [each for each in waiting if each in seen]:
            time.sleep(0.1)  # as long as a prompt takes to turn the echo off
            os.write(parent, waiting.pop(question).encode() + b"\n")
    os.close(parent)
    return process.wait(PATIENCE_SECONDS), seen


def test_a_person_is_asked_and_what_is_secret_is_not_shown(house: Household, application: Registered) -> None:
    typed = {
        "Credential Name": "Typed in",
        "Client ID": application.client_id,
        "Client Secret": application.client_secret,
    }
    status, seen = at_a_terminal(house, "credential", "add", "--no-wait", typed=typed)
    assert status == 0, seen
    assert "waiting for consent" in seen
    assert application.client_secret not in seen
    status, seen = at_a_terminal(house, "credential", "delete", "Typed in", typed={"Delete the credential": "n"})
    assert status == 1, seen
    assert house.ask("credential", "show", "Typed in")["name"] == "Typed in"
    status, seen = at_a_terminal(house, "credential", "delete", "Typed in", typed={"Delete the credential": "y"})
    assert status == 0, seen


def test_the_demo_holds_and_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")}
    done = subprocess.run(
        [sys.executable, "-m", "consentry", "demo", "--json"],
        env={**kept, "TMPDIR": str(tmp_path), "CONSENTRY_HOME": str(tmp_path / "mine")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] is True
    assert len(document["steps"]) == 24
    assert all(step["held"] for step in document["steps"])
    shown = {table["name"]: table for step in document["steps"] for table in step["tables"]}
    assert shown["parties"]["count"] > 200
    assert shown["parties"]["rows"]
    assert list(tmp_path.iterdir()) == []
