"""After a credential's whole life, no secret lies anywhere but in the vault: every face and every byte is searched."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import httpx2
from sqlalchemy import create_engine, text

from consentry.sandbox import RunningSandbox
from consentry.storage.tables import metadata
from ground.owner import Owner, Program
from ground.processes import ADMIN_EMAIL, ADMIN_PASSWORD, Running
from ground.waiting import eventually

PAGES = ("/", "/credentials", "/credentials/1", "/credentials/2", "/sources/new", "/runs", "/audit", "/settings")
IN_FORMS = "consentry-form"  # stands in a stranger's forms too, because the two are compared


@dataclass(kw_only=True)
class Canary:
    """Values that must not be found, with what they are."""

    values: dict[str, str] = field(default_factory=dict)

    def watch(self, what: str, value: str) -> None:
        """Remember a value; anything too short to be a secret would be found by chance."""
        assert len(value) >= 12, what
        self.values[what] = value

    def found_in(self, place: bytes) -> list[str]:
        """Name what can be found, written plainly or as in an address."""
        return [
            what
            for what, value in self.values.items()
            if any(form.encode() in place for form in {value, quote(value, safe=""), quote_plus(value)})
        ]


def live(server: Running, sandbox: RunningSandbox, canary: Canary) -> Iterator[tuple[str, bytes]]:
    """Live a whole life, and give everything that anybody was shown."""
    key = server.api_key("admin")
    canary.watch("the API key", key)
    canary.watch("the administrator's password", ADMIN_PASSWORD)
    application = sandbox.world.register(name="Data team", redirect_uri=f"{server.url}/oauth/callback")
    canary.watch("the client secret", application.secrets[0])
    with Program(server.url, key) as program, Owner() as owner:
        made = program.add(application.client_id, application.secrets[0])
        consent(owner, made["connect_url"], canary)
        token = program.token(made["id"])
        program.ask("GET", f"/credentials/{made['id']}/proxy/api/v2/users")
        program.token(made["id"], force_refresh=True)
        sandbox.world.drop("token", calls=2)
        program.ask("POST", f"/credentials/{made['id']}/token", json={"force_refresh": True})
        program.ask("PATCH", f"/credentials/{made['id']}", json={"client_secret": "a wrong secret nobody knows"})
        canary.watch("a wrong client secret", "a wrong secret nobody knows")
        consent(owner, program.connect_url(made["id"]), canary)
        again = program.ask("POST", f"/credentials/{made['id']}/copy", json={"name": "Copy"}).json()
        consent(owner, again["connect_url"], canary)
        program.ask("POST", f"/credentials/{again['id']}/test")
        yield from (("the pages of a person who signed in", page) for page in signed_in(server, canary))
        program.ask("DELETE", f"/credentials/{again['id']}")
        assert eventually(lambda: sandbox.world.journal.counts("revocations") != {})
        program.ask("GET", "/audit")
        program.ask("GET", f"/credentials/{made['id']}")
        hands_out = re.compile(r"/token$|/connect$|/copy$|/credentials$")  # these are asked for what they show
        for answer in program.answers:
            if not hands_out.search(urlsplit(str(answer.url)).path):
                yield f"the answer to {answer.url}", shown(answer)
        yield from ((f"the owner's page {page.url.path[:9]}", beside_itself(page)) for page in owner.pages)
        yield "the counters", httpx2.get(f"{server.url}/metrics").content
        yield "an answer to a stranger", shown(httpx2.get(f"{server.url}/api/v1/credentials/{made['id']}"))
    for grant in sandbox.world.grants.all():
        for number, value in enumerate([*grant.access, *grant.refresh]):
            canary.watch(f"token {number} of grant {grant.id}", value)
    assert token in canary.values.values()


def consent(owner: Owner, connect_url: str, canary: Canary) -> None:
    """Give consent, and watch everything that travels on the way."""
    canary.watch(f"the connect link {len(canary.values)}", connect_url.rpartition("/")[2])
    asked = owner.press(connect_url)
    canary.watch(f"the state {len(canary.values)}", parse_qs(urlsplit(asked).query)["state"][0])
    back = owner.decide(asked)
    canary.watch(f"the code {len(canary.values)}", parse_qs(urlsplit(back).query)["code"][0])
    assert owner.come_back(back).status_code == 200
    for cookie in owner.http.cookies.jar:
        if cookie.value and cookie.name != IN_FORMS:
            canary.watch(f"the cookie {cookie.name} {len(canary.values)}", cookie.value)


def signed_in(server: Running, canary: Canary) -> Iterator[bytes]:
    """Sign in, and give every page's text."""
    with httpx2.Client(base_url=server.url, follow_redirects=True, timeout=30) as browser:
        door = browser.get("/signin")
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', door.text))
        inside = browser.post("/signin", data={**hidden, "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})
        assert "Sign out" in browser.get("/settings").text, inside.text[:300]
        for cookie in browser.cookies.jar:
            if cookie.value and cookie.name != IN_FORMS:
                canary.watch(f"the session cookie {cookie.name}", cookie.value)
        for path in PAGES:
            yield browser.get(path).content


def beside_itself(page: httpx2.Response) -> bytes:
    """Return what a page shows, but for the link that it was opened by: its form goes to that same address."""
    return page.content.replace(page.url.path.rpartition("/")[2].encode() or b" ", b"")


def shown(answer: httpx2.Response) -> bytes:
    """Return all that an answer shows: headers and body."""
    return repr(answer.headers.multi_items()).encode() + answer.content


def resting(server: Running) -> Iterator[tuple[str, bytes]]:
    """Give every byte that stays: the home but for the keyset, the log, and the whole database."""
    for path in sorted(server.home.rglob("*")):
        if path.is_file() and path.name != "keyset.json":
            yield f"the file {path.relative_to(server.home)}", path.read_bytes()
    yield "the log", server.log.read_bytes()
    url = server.environment["CONSENTRY_DATABASE_URL"]
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        for name in (table.name for table in metadata.sorted_tables):
            rows = connection.execute(text(f"SELECT * FROM {name}")).all()
            yield f"the table {name}", "\n".join(map(repr, (tuple(map(plain, row)) for row in rows))).encode()
    engine.dispose()


def plain(value: object) -> object:
    """Make bytes searchable as the text they may hold."""
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else value


def test_after_a_whole_life_no_secret_lies_anywhere(node: Running, sandbox: RunningSandbox) -> None:
    canary = Canary()
    places = [*live(node, sandbox, canary), *resting(node)]
    assert node.stop() == 0
    places += resting(node)
    assert len(canary.values) > 15
    assert len(places) > 40
    found = [(place, what) for place, content in places for what in canary.found_in(content)]
    assert found == []


def test_the_search_would_find_a_secret_in_any_form() -> None:
    canary = Canary()
    canary.watch("a secret", "s3cr3t/with+signs=")
    assert canary.found_in(b"... s3cr3t/with+signs= ...") == ["a secret"]
    assert canary.found_in(b"?x=s3cr3t%2Fwith%2Bsigns%3D&y") == ["a secret"]
    assert canary.found_in(b"nothing of that kind") == []
