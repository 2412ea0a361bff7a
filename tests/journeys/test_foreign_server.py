"""The product, unchanged, with an authorization server that nobody of this project wrote.

oidc-provider requires PKCE, rotates refresh tokens and ends a grant when one is used twice, and sends `iss`. Its API
has none of Capsule's addresses, so nothing is known of the account; tokens have to work all the same.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from consentry.sandbox import RunningSandbox
from ground.owner import Owner, Program
from ground.peer import Peer, PeerSettings, run_peer
from ground.processes import Running, free_port, running
from ground.waiting import eventually


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A Consentry whose provider is the peer, a program that uses it, and the owner of the account."""

    server: Running
    peer: Peer
    program: Program
    owner: Owner

    def add(self) -> int:
        """Add a credential for the peer's one client."""
        settings = self.peer.settings
        name = f"Credential {len(self.program.answers)}"
        return int(self.program.add(settings.client_id, settings.client_secret, name=name)["id"])

    def since(self, before: dict[str, int]) -> dict[str, int]:
        """Return what the peer has counted since an earlier count."""
        return {name: count - before[name] for name, count in self.peer.counts().items()}

    def authorize(self, credential_id: int, *, login: str = "ada", approve: bool = True) -> httpx2.Response:
        """Give consent, or refuse it."""
        asked = self.owner.press(self.program.connect_url(credential_id))
        return self.owner.come_back(self.peer.consent(asked, login=login, approve=approve))

    def whose(self, token: str) -> httpx2.Response:
        """Ask the peer whom a token stands for."""
        return httpx2.get(f"{self.peer.url}/api/v2/me", headers={"Authorization": f"Bearer {token}"})


@contextmanager
def playing(home: Path, *, access_token_seconds: int = 3600) -> Iterator[Scene]:
    port = free_port()
    settings = PeerSettings(
        redirect_uri=f"http://127.0.0.1:{port}/oauth/callback", access_token_seconds=access_token_seconds
    )
    with (
        run_peer(settings) as peer,
        running(home, port=port, capsule_base_url=peer.url) as server,
        Program(server.url, server.api_key()) as program,
        Owner() as owner,
    ):
        yield Scene(server=server, peer=peer, program=program, owner=owner)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the tests of this module; each adds credentials of its own."""
    with playing(tmp_path_factory.mktemp("peer") / "home") as scene:
        yield scene


def test_consent_gives_tokens_that_the_other_server_takes(scene: Scene) -> None:
    before, credential_id = scene.peer.counts(), scene.add()
    assert "is connected" in scene.authorize(credential_id).text
    shown = scene.program.show(credential_id)
    assert (shown["status"], shown["granted_scope"]) == ("authorized", "read write")

    whose = scene.whose(scene.program.token(credential_id))
    assert (whose.status_code, whose.json()["sub"]) == (200, "ada")
    through = scene.program.ask("GET", f"/credentials/{credential_id}/proxy/api/v2/me")
    assert through.json() == whose.json()
    assert scene.since(before)["exchanges"] == 1


def test_each_refresh_rotates_and_the_next_one_still_works(scene: Scene) -> None:
    before, credential_id = scene.peer.counts(), scene.add()
    scene.authorize(credential_id)
    seen = {scene.program.token(credential_id)}
    for _ in range(3):
        token = scene.program.token(credential_id, force_refresh=True)
        assert scene.whose(token).status_code == 200
        seen.add(token)
    assert len(seen) == 4
    counts = scene.since(before)
    assert (counts["refreshes"], counts["grants_revoked"]) == (3, 0)


def test_a_token_that_lives_for_seconds_is_fresh_whenever_somebody_asks(home: Path) -> None:
    with playing(home, access_token_seconds=12) as scene:  # the peer's clock has whole seconds, so not much less
        credential_id = scene.add()
        scene.authorize(credential_id)
        seen: set[str] = set()
        ends = time.monotonic() + 40
        while len(seen) < 2 and time.monotonic() < ends:
            token = scene.program.token(credential_id)
            assert scene.whose(token).status_code == 200
            seen.add(token)
            time.sleep(0.3)
        assert len(seen) == 2
        assert scene.peer.counts()["grants_revoked"] == 0


def test_an_old_copy_of_the_home_uses_a_token_twice_and_asks_for_consent_again(home: Path) -> None:
    with playing(home) as scene:
        credential_id = scene.add()
        scene.authorize(credential_id)
        assert scene.server.stop() == 0
        shutil.copytree(home, old := home.with_name("old"))
        port = urlsplit(scene.server.url).port
        with running(home, port=port, capsule_base_url=scene.peer.url):
            scene.program.token(credential_id, force_refresh=True)
        with running(old, port=port, capsule_base_url=scene.peer.url):
            refused = scene.program.ask("POST", f"/credentials/{credential_id}/token", json={"force_refresh": True})
            assert (refused.status_code, refused.json()["code"]) == (409, "reauthorization_required")
            assert scene.peer.counts()["grants_revoked"] > 0
            assert "is connected" in scene.authorize(credential_id).text
            assert scene.whose(scene.program.token(credential_id)).status_code == 200


def test_deleting_withdraws_the_grant_there(scene: Scene) -> None:
    before, credential_id = scene.peer.counts(), scene.add()
    scene.authorize(credential_id)
    token = scene.program.token(credential_id)
    assert scene.program.ask("DELETE", f"/credentials/{credential_id}").status_code == 204
    assert eventually(lambda: scene.since(before)["revocations"] > 0)
    assert eventually(lambda: scene.whose(token).status_code == 401)


def test_consent_that_is_refused_there_is_said_here_and_leaves_the_grant_alone(scene: Scene) -> None:
    credential_id = scene.add()
    assert "could not be connected" in scene.authorize(credential_id, approve=False).text
    assert scene.program.show(credential_id)["status"] == "authorization_required"
    scene.authorize(credential_id)
    before = scene.program.token(credential_id)
    with Owner() as another:
        asked = another.press(scene.program.connect_url(credential_id))
        page = another.come_back(scene.peer.consent(asked, login="grace", approve=False))
    assert "could not be connected" in page.text
    assert scene.program.token(credential_id) == before
    assert scene.whose(before).status_code == 200


def test_the_same_account_again_replaces_the_grant_and_withdraws_the_earlier_one(scene: Scene) -> None:
    credential_id = scene.add()
    scene.authorize(credential_id)
    before = scene.program.token(credential_id)
    page = scene.authorize(credential_id)
    assert "is connected" in page.text, page.text
    after = scene.program.token(credential_id)
    assert after != before
    assert scene.whose(after).status_code == 200
    assert eventually(lambda: scene.whose(before).status_code == 401)


def test_a_callback_that_names_another_issuer_is_refused_before_its_code_is_used(scene: Scene) -> None:
    before, credential_id = scene.peer.counts(), scene.add()
    asked = scene.owner.press(scene.program.connect_url(credential_id))
    callback = urlsplit(scene.peer.consent(asked))
    parameters = {name: values[0] for name, values in parse_qs(callback.query).items()}
    assert parameters["iss"] == scene.peer.url
    forged = callback._replace(query=urlencode({**parameters, "iss": "https://elsewhere.example"}))
    assert "could not be connected" in scene.owner.come_back(forged.geturl()).text
    assert scene.since(before)["exchanges"] == 0
    assert scene.program.show(credential_id)["status"] == "authorization_required"


@pytest.mark.parametrize(
    ("iss", "status", "exchanges"),
    [
        ("absent", "authorized", 1),  # Capsule isn't known to send it
        ("right", "authorized", 1),
        ("wrong", "authorization_required", 0),  # the mix-up attack of RFC 9207
    ],
)
def test_the_issuer_must_be_the_provider_whenever_it_is_named(
    server: Running, sandbox: RunningSandbox, iss: str, status: str, exchanges: int
) -> None:
    sandbox.world.turn(iss=iss)
    application = sandbox.world.register(name="Data team", redirect_uri=f"{server.url}/oauth/callback")
    with Program(server.url, server.api_key()) as program, Owner() as owner:
        made = program.add(application.client_id, application.secrets[0])
        owner.consent(made["connect_url"])
        assert program.show(made["id"])["status"] == status
    assert sandbox.world.journal.counts("token_requests").get("authorization_code", 0) == exchanges
