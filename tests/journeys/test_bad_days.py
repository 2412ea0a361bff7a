"""Bad days: a provider that is away, a database that goes and comes back, and a stop in the middle of a refresh."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from consentry.sandbox import RunningSandbox
from consentry.sandbox import start as start_sandbox
from ground.databases import Engine
from ground.outages import away
from ground.owner import Owner, Program
from ground.processes import Running, command, environment_for, free_port, running
from ground.waiting import eventually


@contextmanager
def connected(node: Running, sandbox: RunningSandbox) -> Iterator[tuple[Program, int]]:
    """Give a program and the id of a credential with a grant."""
    application = sandbox.world.register(name="Data team", redirect_uri=f"{node.url}/oauth/callback")
    with Program(node.url, node.api_key()) as program, Owner() as owner:
        made = program.add(application.client_id, application.secrets[0])
        owner.consent(made["connect_url"])
        yield program, int(made["id"])


def test_a_stop_lets_a_slow_refresh_finish_and_answers_who_waits(
    node: Running, sandbox: RunningSandbox, database_url: str
) -> None:
    with connected(node, sandbox) as (program, credential_id):
        before = program.token(credential_id)
        sandbox.world.slow("token", 3)
        answered: list[httpx2.Response] = []
        force = {"json": {"force_refresh": True}}
        asking = threading.Thread(
            target=lambda: answered.append(program.ask("POST", f"/credentials/{credential_id}/token", **force))
        )
        asking.start()
        assert eventually(lambda: not sandbox.world.faults.waiting())
        assert node.stop() == 0
        asking.join(20)
    assert answered[0].status_code == 200
    assert answered[0].json()["access_token"] != before
    port = urlsplit(node.url).port
    with running(node.home, port=port, capsule_base_url=sandbox.url, database_url=database_url) as again:
        token = command("credential", "token", str(credential_id), environment=again.environment)
        assert answered[0].json()["access_token"] in token.stdout
    assert sandbox.world.grants.reuses_detected == 0


def await_readiness(url: str) -> None:
    """Return once it says that it is ready, which it does when the worker has looked around for the first time."""
    ends = time.monotonic() + 30
    while httpx2.get(f"{url}/readyz").status_code != 200:
        assert time.monotonic() < ends, "it never became ready"
        time.sleep(0.1)


def test_a_provider_that_is_away_at_the_start_stops_nothing(home: Path) -> None:
    port = free_port()
    with running(home, capsule_base_url=f"http://127.0.0.1:{port}") as server:
        await_readiness(server.url)
        with start_sandbox(port=port) as sandbox, connected(server, sandbox) as (program, credential_id):
            token = program.token(credential_id)
            assert sandbox.url == f"http://127.0.0.1:{port}"
        with Program(server.url, server.api_key(name="second")) as program:
            assert program.token(credential_id) == token  # still good, whoever is away
            refused = program.ask("POST", f"/credentials/{credential_id}/token", json={"force_refresh": True})
            assert (refused.status_code, refused.json()["code"]) == (503, "refresh_failing")
            assert int(refused.headers["retry-after"]) > 0
            through = program.ask("GET", f"/credentials/{credential_id}/proxy/api/v2/users")
            assert (through.status_code, through.headers["consentry-error"]) == (502, "provider_down")
            assert program.show(credential_id)["status"] in ("authorized", "refresh_failing")
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://nobody@127.0.0.1:1/nothing", "The database can't be reached."),
        ("sqlite:////nowhere/at/all/consentry.db", "The database file can't be opened."),
    ],
)
def test_without_its_database_it_does_not_start_and_says_why(tmp_path: Path, url: str, words: str) -> None:
    done = command("up", "--json", environment=environment_for(tmp_path / "home", free_port(), database_url=url))
    assert done.returncode == 1
    assert words in done.stdout
    assert "Traceback" not in done.stderr + done.stdout


def test_while_its_database_is_away_it_says_so_and_then_goes_on(
    node: Running, sandbox: RunningSandbox, database_url: str, engine: Engine
) -> None:
    with connected(node, sandbox) as (program, credential_id):
        token = program.token(credential_id)
        with away(database_url):
            if engine == "postgresql":  # on SQLite others only lock: what can be read is still there
                assert eventually(lambda: httpx2.get(f"{node.url}/readyz", timeout=15).status_code == 503)
                listed = program.ask("GET", "/credentials")
                assert (listed.status_code, listed.json()["code"]) == (503, "storage_busy")
                assert int(listed.headers["retry-after"]) > 0
            assert httpx2.get(f"{node.url}/healthz").status_code == 200
            assert node.process.poll() is None
        assert eventually(lambda: httpx2.get(f"{node.url}/readyz", timeout=15).status_code == 200)
        assert eventually(lambda: program.ask("POST", f"/credentials/{credential_id}/token").status_code == 200)
        assert program.token(credential_id) == token
        assert program.token(credential_id, force_refresh=True) != token
    assert "Traceback" not in node.log.read_text()
    assert node.stop() == 0
