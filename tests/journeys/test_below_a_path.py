"""Behind a reverse proxy with TLS, below a path: every address is the public one, whatever the headers say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from consentry.sandbox import RunningSandbox
from consentry.sandbox import start as start_sandbox
from ground.owner import Owner, Program
from ground.person import Person
from ground.processes import Running, free_port, running
from ground.reverse_proxy import Front, reverse_proxy

BELOW = "/tools/consentry"
ADDRESS = re.compile(r'\s(?:href|src|action|data-[a-z-]*(?:url|path))="(/[^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A Consentry below a path, and the sandbox that it gets consent from."""

    server: Running
    front: Front
    key: str
    sandbox: RunningSandbox

    def add(self, program: Program, name: str) -> dict[str, object]:
        """Register an application with the redirect URI that belongs to the public URL, and add its credential."""
        redirect_uri = f"{self.front.url}/oauth/callback"
        application = self.sandbox.world.register(name="Data team", redirect_uri=redirect_uri)
        return program.add(application.client_id, application.secrets[0], name=name)


@pytest.fixture(scope="module", params=[False, True], ids=["path taken off", "path kept"])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for the tests of this module; each adds a credential of its own."""
    home, port, front_port = tmp_path_factory.mktemp("below") / "home", free_port(), free_port()
    public_url = f"https://localhost:{front_port}{BELOW}"
    with (
        start_sandbox() as sandbox,
        running(home, port=port, capsule_base_url=sandbox.url, public_url=public_url) as server,
        reverse_proxy(f"http://127.0.0.1:{port}", port=front_port, below=BELOW, keeps_path=request.param) as front,
    ):
        assert front.url == public_url
        yield Scene(server=server, front=front, key=server.api_key(), sandbox=sandbox)


def test_consent_and_calls_work_through_it_with_public_addresses_only(scene: Scene) -> None:
    front = scene.front
    with Program(front.url, scene.key, trusting=front.trusting) as program, Owner(trusting=front.trusting) as owner:
        made = scene.add(program, "Consent")
        connect_url = str(made["connect_url"])
        assert made["redirect_uri"] == f"{front.url}/oauth/callback"
        assert connect_url.startswith(f"{front.url}/connect/")

        asked = owner.press(connect_url)
        assert parse_qs(urlsplit(asked).query)["redirect_uri"] == [f"{front.url}/oauth/callback"]
        bound = owner.pages[-1].headers["set-cookie"]
        assert bound.startswith("__Host-consentry-flow-")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip().lower() for part in bound.split(";")}

        page = owner.come_back(owner.decide(asked))
        assert "is connected" in page.text
        assert str(page.url).startswith(f"{front.url}/oauth/result/")

        listed = program.ask("GET", f"/credentials/{made['id']}/proxy/api/v2/parties", params={"perPage": 5})
        following = listed.links["next"]["url"]
        assert following.startswith(f"{front.url}/api/v1/credentials/{made['id']}/proxy/api/v2/parties?")
        assert program.http.get(following).status_code == 200


def test_every_address_on_every_page_stays_below_the_path(scene: Scene) -> None:
    front = scene.front
    with Program(front.url, scene.key, trusting=front.trusting) as program:
        made = scene.add(program, "Pages")
    with Person(front.url, trusting=front.trusting) as ada:
        home = ada.sign_in()
        assert str(home.url).startswith(front.url)
        paths = [
            "/credentials", f"/credentials/{made['id']}", f"/credentials/{made['id']}/edit", "/credentials/new",
            f"/credentials/{made['id']}/delete", "/sources", "/sources/new", "/destinations", "/destinations/new",
            "/runs", "/audit", "/settings", "/nowhere",
        ]  # fmt: skip
        pages = [home, *(ada.open(path) for path in paths)]
        for page in pages:
            assert "evil.example" not in page.text
            found = ADDRESS.findall(page.text)
            assert found, page.url
            assert [address for address in found if not address.startswith(f"{BELOW}/")] == [], page.url
        assert {cookie.path for cookie in ada.http.cookies.jar} == {"/"}
        for address in set(re.findall(r'(?:src|href)="(/[^"]+\.(?:css|js|svg))', home.text)):
            answer = ada.http.get(front.url.removesuffix(BELOW) + address)
            assert answer.status_code == 200, address


def test_no_header_moves_an_address(scene: Scene) -> None:
    lies = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}
    with Program(scene.server.address, scene.key) as program, Owner() as owner:
        program.http.headers.update(lies)
        owner.http.headers.update(lies)
        made = scene.add(program, "Headers")
        assert made["redirect_uri"] == f"{scene.front.url}/oauth/callback"
        connect_url = str(made["connect_url"])
        assert connect_url.startswith(f"{scene.front.url}/connect/")
        asked = owner.press(connect_url.replace(scene.front.url, scene.server.address))
        assert parse_qs(urlsplit(asked).query)["redirect_uri"] == [f"{scene.front.url}/oauth/callback"]
