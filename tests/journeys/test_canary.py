"""A secret is nowhere but in the vault: after everything that can happen to a credential, each is searched for.

The values are known: from the sandbox's memory, from the answers that may hold them, and from what was typed in. The
log is kept at its most talkative.
"""

import contextlib
import re
import sqlite3
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

import consentry
from consentry.errors import ConsentryError
from consentry.sandbox import Application, RunningSandbox
from ground.canaries import Canaries, files_of, rows_of
from ground.echo import echoing_provider
from ground.owner import Owner, Program
from ground.person import Person
from ground.processes import ADMIN_PASSWORD, Running, free_port, running
from ground.waiting import eventually

LINK: Final = "connect link"
WRONG_SECRET: Final = "typed-wrong-secret-5d41402abc4b2a76"
WRONG_PASSWORD: Final = "correct horse battery stable"


@dataclass(slots=True, kw_only=True)
class Journey:
    """What is needed to do everything, and everything that was seen on the way."""

    home: Path
    port: int
    database_url: str
    sandbox: RunningSandbox
    canaries: Canaries = field(default_factory=Canaries)
    seen: list[tuple[str, bytes, str]] = field(default_factory=list, repr=False)  # place, bytes, what may stand there
    token_answers: list[bytes] = field(default_factory=list, repr=False)

    @contextlib.contextmanager
    def server(self, base_url: str = "") -> Iterator[Running]:
        """Run a Consentry on the home; its log goes on in one file."""
        provider = base_url or self.sandbox.url
        with running(
            self.home, port=self.port, capsule_base_url=provider, database_url=self.database_url, log_level="DEBUG"
        ) as server:
            yield server

    def saw(self, place: str, data: bytes | str, *, may_hold: str = "") -> None:
        """Remember what came out of Consentry somewhere."""
        self.seen.append((place, data.encode() if isinstance(data, str) else data, may_hold))

    def saw_all_of(self, program: Program) -> None:
        """Remember a program's answers; tokens and links may stand where they are asked for, and nowhere else."""
        for answer in program.answers:
            method, path = answer.request.method, answer.request.url.path
            if path.endswith("/token") and answer.is_success:
                self.token_answers.append(answer.content)
                continue
            links = re.findall(r"/connect/([A-Za-z0-9_-]+)", answer.text) if method in ("POST", "PATCH") else []
            self.canaries.add(LINK, *links)
            self.saw(f"{method} {path}", repr(answer.headers.multi_items()), may_hold="")
            self.saw(f"{method} {path}", answer.content, may_hold=LINK if links else "")

    def saw_pages_of(self, browser: Owner | Person) -> None:
        """Remember a browser's pages; what it was sent in cookies is a secret of its own."""
        for page in browser.pages:
            path = page.request.url.path
            self.saw(f"page {path}", page.content, may_hold=LINK if "/connect/" in path else "")
        for cookie in browser.http.cookies.jar:
            if cookie.value and not cookie.name.endswith("-form"):  # that one is compared with a field of the page
                self.canaries.add("cookie", cookie.value)

    def consent(self, connect_url: str, *, decision: str = "approve", user: str = "ada.marsh") -> None:
        """Decide, and come back: in the right browser, again, and in another browser."""
        with Owner() as owner, Owner() as stranger:
            asked = owner.press(connect_url)
            self.canaries.add_verifier_of(parse_qs(urlsplit(asked).query)["code_challenge"][0])
            callback = owner.decide(asked, decision=decision, user=user)
            for name, (value,) in parse_qs(urlsplit(callback).query).items():
                if name in ("code", "state"):
                    self.canaries.add(name, value)
            owner.come_back(callback)
            owner.come_back(callback)
            stranger.come_back(callback)
            self.saw_pages_of(owner)
            self.saw_pages_of(stranger)

    def command(self, server: Running, *arguments: str) -> None:
        """Run a command; where its answer is a token, only what it says on the way is looked at."""
        done = server.command(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        self.saw(f"command {arguments}", done.stderr if "token" in arguments else done.stderr + done.stdout)

    def look_at_rest(self, *, rows: bool = True) -> None:
        """Remember all that lies on the disk and in the database."""
        for name, data in files_of(self.home):
            self.saw(f"file {name}", data)
        for name, data in rows_of(self.database_url) if rows else ():
            self.saw(f"table {name}", data)


@pytest.fixture
def journey(home: Path, sandbox: RunningSandbox, database_url: str) -> Journey:
    return Journey(home=home, port=free_port(), database_url=database_url, sandbox=sandbox)


def test_after_a_whole_life_no_secret_lies_anywhere(journey: Journey) -> None:
    live(journey)
    for grant in journey.sandbox.world.grants.all():
        journey.canaries.add("access token", *grant.access)
        journey.canaries.add("refresh token", *grant.refresh)
    journey.canaries.add("password", ADMIN_PASSWORD, WRONG_PASSWORD)
    for log in journey.home.parent.glob("*.log"):
        journey.saw("log", log.read_bytes())

    assert len(journey.canaries) > 100
    assert len(journey.token_answers) > 3
    assert all(journey.canaries.find(answer) == {"access token"} for answer in journey.token_answers)
    places = {place for place, _, _ in journey.seen}
    assert {"log", "/metrics", "error", "repr", "table audit", "table secrets"} <= places
    found = [
        (place, kinds)
        for place, data, may_hold in journey.seen
        if (kinds := journey.canaries.find(data, but_for=[may_hold]))
    ]
    assert found == []


def live(journey: Journey) -> None:
    """Do everything that can happen to a credential."""
    world = journey.sandbox.world
    application = world.register(name="Data team", redirect_uri=f"http://127.0.0.1:{journey.port}/oauth/callback")
    journey.canaries.add("client secret", application.secrets[0], WRONG_SECRET)
    with journey.server() as server:
        key = server.api_key()
        journey.canaries.add("API key", key)
        with Program(server.url, key) as program:
            credential_id = connect(journey, program, application)
            use(journey, program, credential_id)
            replace_the_secret(journey, program, credential_id, application)
            meet_a_bad_provider(journey, program, credential_id)
            look_at_pages(journey, server, credential_id, application)
            run_commands(journey, server, credential_id)
            fail_in_a_program(journey, server.url, key)
            die_during_a_refresh(journey, server, program, credential_id)
            journey.saw_all_of(program)
    with echoing_provider() as url, journey.server(url) as server, Program(server.url, key) as program:
        meet_an_echo(program, credential_id)
        journey.saw_all_of(program)
    with journey.server() as server, Program(server.url, key) as program:
        journey.look_at_rest()
        assert program.ask("DELETE", f"/credentials/{credential_id}").status_code == 204
        assert eventually(lambda: world.journal.counts("revocations") != {})
        journey.saw_all_of(program)
    journey.look_at_rest()


def connect(journey: Journey, program: Program, application: Application) -> int:
    world = journey.sandbox.world
    made = program.add(application.client_id, application.secrets[0])
    journey.consent(made["connect_url"], decision="deny")
    for iss in ("wrong", "absent"):
        world.turn(iss=iss)
        journey.consent(program.connect_url(made["id"]))
    assert program.show(made["id"])["status"] == "authorized"
    journey.consent(program.connect_url(made["id"]), user=world.get_account("globex").users[0].username)
    declined = program.ask("POST", f"/credentials/{made['id']}/confirm-account", json={"accept": False})
    assert declined.json()["status"] == "authorized"
    return int(made["id"])


def use(journey: Journey, program: Program, credential_id: int) -> None:
    mine = f"/credentials/{credential_id}"
    for _ in range(2):
        program.token(credential_id, force_refresh=True)
    for path in ("users", "parties?perPage=3", "nothing", "..%2fusers"):
        program.ask("GET", f"{mine}/proxy/api/v2/{path}")
    journey.sandbox.world.expire_access_tokens()
    assert program.ask("GET", f"{mine}/proxy/api/v2/users").status_code == 200
    for path in (
        mine,
        "/credentials",
        f"{mine}/audit",
        "/audit",
        "/audit/verdict",
        "/api-keys",
        "/people",
        "/connectors",
    ):
        assert program.ask("GET", path).status_code == 200, path
    assert program.ask("POST", f"{mine}/test").status_code == 200
    assert program.ask("POST", f"{mine}/copy", json={"name": "Copy"}).status_code == 201
    made = program.ask("POST", "/api-keys", json={"name": "another", "scopes": ["read"]})
    program.answers.remove(made)  # the one answer that shows a key
    journey.canaries.add("API key", made.json()["key"])
    program.ask("POST", f"{mine}/token", headers={"Authorization": f"Bearer {made.json()['key']}"})
    program.ask("POST", f"{mine}/token", headers={"Authorization": f"Bearer {made.json()['key'][:-1]}"})


def replace_the_secret(journey: Journey, program: Program, credential_id: int, application: Application) -> None:
    mine = f"/credentials/{credential_id}"
    assert program.ask("PATCH", mine, json={"client_secret": WRONG_SECRET}).status_code == 409
    newer = journey.sandbox.world.applications.add_secret(application.client_id)
    journey.canaries.add("client secret", newer)
    assert program.ask("PATCH", mine, json={"client_secret": newer}).status_code == 200
    assert program.ask("PATCH", mine, json={"client_secret": newer, "colour": "red"}).status_code == 422
    cut_off = {"content": f'{{"client_secret": "{newer}', "headers": {"Content-Type": "application/json"}}
    assert program.ask("PATCH", mine, **cut_off).status_code == 400
    assert program.ask("PATCH", mine, json={"client_secret": [newer]}).status_code == 422


def meet_a_bad_provider(journey: Journey, program: Program, credential_id: int) -> None:
    world, mine = journey.sandbox.world, f"/credentials/{credential_id}"
    world.turn(rotation="rotate_with_grace", grace_seconds=600)
    for oddity in ("wrong_token_type", "expires_in_huge", "extra_keys", "expires_in_text"):
        world.answer_oddly(oddity)
        program.ask("POST", f"{mine}/token", json={"force_refresh": True})
    world.fail("token", 500)
    program.ask("POST", f"{mine}/token", json={"force_refresh": True})
    world.drop("token")
    program.ask("POST", f"{mine}/token", json={"force_refresh": True})
    world.faults.clear()
    assert is_fresh_again(program, credential_id)


def is_fresh_again(program: Program, credential_id: int) -> bool:
    """Tell whether a token can be had after a while."""
    return eventually(lambda: program.ask("POST", f"/credentials/{credential_id}/token").status_code == 200)


def look_at_pages(journey: Journey, server: Running, credential_id: int, application: Application) -> None:
    with Person(server.url) as ada:
        ada.sign_in(password=WRONG_PASSWORD)
        assert "/signin" not in str(ada.sign_in().url)
        mine = f"/credentials/{credential_id}"
        own = [mine + more for more in ("", "/edit", "/delete", "/authorize")]
        for path in [*own, "/credentials", "/sources/new", "/audit", "/settings", "/nowhere"]:
            ada.open(path)
        form = {"connector": "capsule", "client_id": application.client_id, "client_secret": application.secrets[0]}
        assert ada.send("/credentials/new", name="", **form).status_code == 422
        assert ada.send(f"{mine}/test").status_code == 200
        begun = ada.send(f"{mine}/authorize")
        assert begun.headers["location"].startswith(journey.sandbox.url)
        journey.canaries.add("state", parse_qs(urlsplit(begun.headers["location"]).query)["state"][0])
        journey.saw_pages_of(ada)


def run_commands(journey: Journey, server: Running, credential_id: int) -> None:
    which = str(credential_id)
    for arguments in (
        ("doctor", "--json"), ("credential", "show", which), ("credential", "token", which), ("audit", "list"),
        ("keyset", "rotate"),
    ):  # fmt: skip
        journey.command(server, *arguments)
    for path in ("/metrics", "/healthz", "/readyz", "/openapi.json"):
        answer = httpx2.get(server.url + path)
        assert answer.status_code == 200, path
        journey.saw(path, answer.content)


def fail_in_a_program(journey: Journey, url: str, key: str) -> None:
    """Errors as a program would print them, and what its objects show of themselves."""
    with consentry.open(url=url, api_key=key) as hub:
        credential = hub.credential("Sales CRM")
        journey.saw("repr", f"{hub!r} {credential!r} {credential.auth()!r}")
        journey.sandbox.world.fail("token", 500, calls=3)
        with pytest.raises(ConsentryError) as failure:
            credential.token(force_refresh=True)
        error = failure.value
        journey.saw("error", f"{error} {error!r} {vars(error)} {''.join(traceback.format_exception(error))}")
    journey.sandbox.world.faults.clear()


def die_during_a_refresh(journey: Journey, server: Running, program: Program, credential_id: int) -> None:
    """A reply arrives while the database is locked, so that it waits in the spool; then the power goes."""
    assert is_fresh_again(program, credential_id)
    journey.sandbox.world.slow("token", 2)
    with contextlib.suppress(httpx2.HTTPError):
        program.http.post(f"/credentials/{credential_id}/token", json={"force_refresh": True}, timeout=1)
    with locked(journey.database_url):
        if journey.database_url.startswith("sqlite"):
            assert eventually(lambda: any((journey.home / "spool").glob("*")))
        server.kill()
        journey.look_at_rest(rows=False)


@contextlib.contextmanager
def locked(database_url: str) -> Iterator[None]:
    """Lock a SQLite file so that nobody else writes to it; PostgreSQL is left alone."""
    if not database_url.startswith("sqlite"):
        yield
        return
    with contextlib.closing(
        sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=20, isolation_level=None)
    ) as file:
        file.execute("BEGIN IMMEDIATE")
        yield
        file.execute("ROLLBACK")


def meet_an_echo(program: Program, credential_id: int) -> None:
    """The provider quotes what it was sent, secrets and all, in its refusals."""
    mine = f"/credentials/{credential_id}"
    force = {"json": {"force_refresh": True}}  # the first may be met by the reply that waited in the spool
    assert eventually(lambda: not program.ask("POST", f"{mine}/token", **force).is_success)
    program.ask("POST", f"{mine}/test")
    for path in (mine, "/credentials", f"{mine}/audit", "/audit"):
        assert program.ask("GET", path).status_code == 200


def test_the_search_would_find_a_secret_in_any_form() -> None:
    canaries = Canaries()
    canaries.add("password", "correct horse battery staple")
    canaries.add("access token", "abcDEF_-123456789")
    canaries.add_verifier_of("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")  # the example of RFC 7636
    assert canaries.find(b"nothing here") == set()
    assert canaries.find(b"?p=correct+horse+battery+staple&x") == {"password"}
    assert canaries.find(b"\x00abcDEF_-123456789\xff") == {"access token"}
    assert canaries.find(b"abcDEF_-123456789".hex().encode()) == {"access token"}
    assert canaries.find(b"abcDEF_-123456789", but_for=["access token"]) == set()
    assert canaries.find(b'"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"') == {"code verifier"}
