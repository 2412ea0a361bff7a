"""Several processes on one database: two nodes with homes of their own, and the workers of one node."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from consentry.sandbox import RunningSandbox
from consentry.sandbox import start as start_sandbox
from ground.databases import Databases
from ground.owner import Owner, Program
from ground.processes import Running, command, environment_for, free_port, running
from ground.waiting import eventually

AT_ONCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two nodes on one PostgreSQL with one keyset, and a program at each."""

    here: Running
    there: Running
    at_here: Program
    at_there: Program
    sandbox: RunningSandbox
    database_url: str

    def connected(self, name: str) -> int:
        """Add a credential here, and give consent there."""
        redirect_uri = f"{self.here.url}/oauth/callback"
        application = self.sandbox.world.register(name="Data team", redirect_uri=redirect_uri)
        made = self.at_here.add(application.client_id, application.secrets[0], name=name)
        with Owner() as owner:
            asked = owner.press(made["connect_url"].replace(self.here.url, self.there.address))
            page = owner.come_back(owner.decide(asked).replace(self.here.url, self.there.address))
        assert "is connected" in page.text
        return int(made["id"])


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, databases: Databases) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("nodes")
    with databases.make("postgresql", folder) as url, start_sandbox() as sandbox:
        port = free_port()
        public_url = f"http://127.0.0.1:{port}"
        with (
            running(folder / "here", port=port, database_url=url, capsule_base_url=sandbox.url) as here,
            running(
                folder / "there", database_url=url, capsule_base_url=sandbox.url, public_url=public_url,
                keyset_file=str(here.home / "keyset.json"),
            ) as there,
        ):  # fmt: skip
            key = here.api_key()
            with Program(here.address, key) as at_here, Program(there.address, key) as at_there:
                yield Pair(
                    here=here, there=there, at_here=at_here, at_there=at_there, sandbox=sandbox, database_url=url
                )


def test_a_token_refreshed_here_is_handed_out_there(pair: Pair) -> None:
    credential_id = pair.connected("Refreshed")
    before = pair.at_there.token(credential_id)
    assert pair.at_here.token(credential_id) == before
    newer = pair.at_here.token(credential_id, force_refresh=True)
    assert newer != before
    assert eventually(lambda: pair.at_there.token(credential_id) == newer, within=AT_ONCE_SECONDS)


def test_a_credential_deleted_here_gives_nothing_there(pair: Pair) -> None:
    credential_id = pair.connected("Deleted")
    pair.at_there.token(credential_id)
    assert pair.at_here.ask("DELETE", f"/credentials/{credential_id}").status_code == 204
    path = f"/credentials/{credential_id}"
    assert eventually(lambda: pair.at_there.ask("POST", f"{path}/token").status_code == 404, within=AT_ONCE_SECONDS)
    assert pair.at_there.ask("GET", f"{path}/proxy/api/v2/users").status_code == 404
    assert pair.at_there.ask("GET", path).status_code == 404


def test_a_credential_changed_here_is_changed_there(pair: Pair) -> None:
    credential_id = pair.connected("Before")
    pair.at_there.show(credential_id)
    pair.at_here.ask("PATCH", f"/credentials/{credential_id}", json={"name": "After"})
    assert pair.at_there.show(credential_id)["name"] == "After"


def test_a_key_revoked_here_opens_nothing_there(pair: Pair) -> None:
    credential_id = pair.connected("For a key")
    made = pair.at_here.ask("POST", "/api-keys", json={"name": "brief", "scopes": ["token"]}).json()
    with Program(pair.there.address, made["key"]) as brief:
        brief.token(credential_id)
        pair.at_here.ask("DELETE", f"/api-keys/{made['id']}")
        refused = f"/credentials/{credential_id}/token"
        assert eventually(lambda: brief.ask("POST", refused).status_code == 401, within=AT_ONCE_SECONDS)


def test_a_token_that_the_provider_forgot_is_refreshed_once_for_both_nodes(pair: Pair) -> None:
    credential_id = pair.connected("Forgotten")
    path = f"/credentials/{credential_id}/proxy/api/v2/users"
    assert pair.at_here.ask("GET", path).status_code == 200
    assert pair.at_there.ask("GET", path).status_code == 200
    before = pair.sandbox.world.journal.counts("token_requests").get("refresh_token", 0)
    pair.sandbox.world.expire_access_tokens()

    def call(number: int) -> int:
        program = pair.at_here if number % 2 else pair.at_there
        return program.http.get(path).status_code

    with ThreadPoolExecutor(16) as crowd:
        assert set(crowd.map(call, range(48))) == {200}
    assert pair.sandbox.world.journal.counts("token_requests")["refresh_token"] - before <= 1
    assert pair.sandbox.world.grants.reuses_detected == 0


def test_a_node_without_the_keyset_does_not_start_and_makes_none(pair: Pair, tmp_path: Path) -> None:
    environment = environment_for(
        tmp_path / "third", free_port(), database_url=pair.database_url, capsule_base_url=pair.sandbox.url
    )
    done = command("up", "--json", environment=environment)
    assert done.returncode == 1
    assert "key_missing" in done.stdout
    assert not (tmp_path / "third" / "keyset.json").exists()


# --- the workers of one node


@pytest.fixture
def crew(home: Path, sandbox: RunningSandbox, database_url: str) -> Iterator[Running]:
    """Run a node with two workers."""
    workers = ("--workers", "2")
    with running(home, arguments=workers, capsule_base_url=sandbox.url, database_url=database_url) as process:
        assert eventually(lambda: answers(process.url))
        yield process


def answers(url: str) -> bool:
    """Tell whether somebody answers that they are ready."""
    try:
        return httpx2.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def children_of(number: int) -> list[int]:
    """Return the worker processes of a process, by what the system tells of it."""
    path = Path(f"/proc/{number}/task/{number}/children")
    found = [int(child) for child in path.read_text().split()]
    return [child for child in found if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()]


def asked_often(url: str, key: str) -> set[int]:
    """Ask many times, each on a connection of its own, so that every worker is met."""
    headers = {"Authorization": f"Bearer {key}"}
    return {httpx2.get(f"{url}/api/v1/credentials", headers=headers, timeout=20).status_code for _ in range(20)}


def test_what_one_worker_is_told_all_heed_and_who_dies_is_replaced(crew: Running) -> None:
    workers = children_of(crew.process.pid)
    assert len(workers) == 2
    admin = crew.api_key()
    with Program(crew.url, admin) as program:
        made = program.ask("POST", "/api-keys", json={"name": "brief", "scopes": ["read"]}).json()
        assert asked_often(crew.url, made["key"]) == {200}
        program.ask("DELETE", f"/api-keys/{made['id']}")
    time.sleep(AT_ONCE_SECONDS)
    assert asked_often(crew.url, made["key"]) == {401}

    os.kill(workers[0], signal.SIGKILL)
    assert eventually(
        lambda: len(children_of(crew.process.pid)) == 2 and workers[0] not in children_of(crew.process.pid)
    )
    assert eventually(lambda: answers(crew.url))
    assert asked_often(crew.url, admin) == {200}

    left = children_of(crew.process.pid)
    assert crew.stop() == 0
    assert [worker for worker in left if Path(f"/proc/{worker}").exists()] == []
