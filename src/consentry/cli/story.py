"""The steps of ``consentry demo``, in their order. Each looks at the other side too, so that it can fail."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2

from consentry.cli.destination_story import DestinationChapters
from consentry.cli.holding import NotHeld, expect, wait_until
from consentry.cli.source_story import ShownTable, SourceChapters
from consentry.cli.stage import PATIENCE_SECONDS, Stage
from consentry.errors import ConsentryError
from consentry.sandbox import STANDS_IN_FOR, Grant

API: Final = "/api/v1"
CALLERS: Final = 20
THREADS: Final = 10
_PROGRAM: Final = """
import sys, consentry
from concurrent.futures import ThreadPoolExecutor
with consentry.open() as hub:
    credential = hub.credential(int(sys.argv[1]))
    with credential.client() as http, ThreadPoolExecutor(int(sys.argv[2])) as pool:
        answers = list(pool.map(lambda _: http.get("/api/v2/users").status_code, range(int(sys.argv[2]))))
print(answers.count(200))
"""
_DYING_PROGRAM: Final = """
import sys, consentry
consentry.open().credential(int(sys.argv[1])).token(force_refresh=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One step, whether it held, and what was seen."""

    name: str
    held: bool
    what: str
    seconds: float
    tables: "list[ShownTable]" = field(default_factory=list)  # what the step shows besides: of a dataset
    rows: "list[ShownTable]" = field(default_factory=list)  # or rows with their outcomes


def tell(stage: Stage) -> Iterator[Told]:
    """Play one step after the other, and stop after the first that doesn't hold."""
    story = _Story(stage)
    for name, step in story.steps():
        began = time.monotonic()
        story.dataset.tables, story.writing.tables = [], []
        try:
            what, held = step(), True
        except NotHeld as error:
            what, held = str(error), False
        except ConsentryError as error:
            what, held = f"{error.message} {error.hint}", False
        except (httpx2.HTTPError, TimeoutError, LookupError, ValueError) as error:
            what, held = f"{type(error).__name__}: {error}", False
        seconds = round(time.monotonic() - began, 2)
        shown, rows = story.dataset.tables, story.writing.tables
        yield Told(name=name, held=held, what=what, seconds=seconds, tables=shown, rows=rows)
        if not held:
            return


class _Story:
    """What one step leaves for the next."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._world = stage.sandbox.world
        self._client_id = self._client_secret = self._connect_url = ""
        self._id = 0
        self._seen: set[str] = set()  # secrets that must not be found anywhere
        self.dataset = SourceChapters(stage, self._ask, lambda: self._id)
        self.writing = DestinationChapters(stage, self._ask, lambda: self._id)

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Return the steps in their order."""
        return [
            ("Start Consentry beside the sandbox", self._start),
            ("Register an application", self._register),
            ("Add a credential", self._add),
            ("Give consent", self._consent),
            ("Take a token", self._take_token),
            ("Read records through the proxy", self._read),
            (f"Let the token end, with {CALLERS} callers at once", self._expire),
            (f"The same with two programs of {THREADS} threads", self._share),
            ("Kill a program in the middle of a refresh", self._kill),
            ("Rotate the keyset meanwhile", self._rotate),
            *self.dataset.steps(),
            *self.writing.steps(),
            ("Verify the audit trail", self._verify),
            ("Delete the credential", self._delete),
            ("Look for secrets that were left lying about", self._search),
        ]

    def _start(self) -> str:
        self._stage.start_server()
        key = self._stage.run("apikey", "create", "--name", "demo", "--scope", "admin").strip()
        self._seen.add(key)
        self._stage.http.headers["Authorization"] = f"Bearer {key}"
        return f"{self._stage.url} answers, with a fresh home and keyset"

    def _register(self) -> str:
        redirect_uri = self._ask("GET", f"/connectors/{STANDS_IN_FOR}")["redirect_uri"]
        application = self._world.register(name="Consentry demo", redirect_uri=redirect_uri)
        self._client_id, self._client_secret = application.client_id, application.client_secret or ""
        self._seen.add(self._client_secret)
        return f"client ID {self._client_id}, redirect URI {redirect_uri}"

    def _add(self) -> str:
        fields = {
            "connector": STANDS_IN_FOR,
            "name": "Sales CRM",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
        }
        added = self._ask("POST", "/credentials", json=fields)
        self._id, self._connect_url = added["id"], added["connect_url"]
        self._seen.add(self._connect_url.rpartition("/")[2])
        expect(added["status"] == "authorization_required", f"status {added['status']}")
        return "it waits for consent, and has a connect link"

    def _consent(self) -> str:
        with httpx2.Client(timeout=PATIENCE_SECONDS) as browser:
            page = browser.get(self._connect_url)
            expect("Sales CRM" in page.text, "the connect page doesn't name the credential")
            leads_on = browser.post(self._connect_url)
            asks = browser.get(leads_on.headers["location"])
            expect("Consentry demo" in asks.text, "the provider's page doesn't name the application")
            decided = browser.post(str(asks.url), data={"decision": "approve", "user": "ada.marsh"})
            result = browser.get(decided.headers["location"], follow_redirects=True)
        expect(result.status_code == 200 and not result.url.query, f"the result page answered {result.status_code}")
        credential = self._ask("GET", f"/credentials/{self._id}")
        expect(credential["status"] == "authorized", f"status {credential['status']}: {credential['status_reason']}")
        return f"{credential['account']['name']} is connected, for {credential['granted_scope']}"

    def _take_token(self) -> str:
        token = self._token()
        answer = self._straight(token)
        expect(answer == 200, f"the provider answered {answer}")
        return "the provider takes it"

    def _read(self) -> str:
        users = self._proxy("/api/v2/users")["users"]
        page = self._stage.http.get(self._proxied("/api/v2/parties?perPage=100"))
        parties = page.json()["parties"]
        following = page.links["next"]["url"]
        expect(following.startswith(self._stage.url), "the next page leads away from the proxy")
        parties += self._stage.http.get(following).json()["parties"]
        names = {_name(party) for party in parties}
        expect(len(users) > 0 and len(names) > 100, f"{len(users)} users and {len(names)} parties")
        return f"{len(users)} users and {len(parties)} parties in two pages, such as {min(names)}"

    def _expire(self) -> str:
        before = self._refreshes()
        expect(self._world.expire_access_tokens() > 0, "there was no token to end")
        with ThreadPoolExecutor(CALLERS) as callers:
            path = self._proxied("/api/v2/users")
            answers = [each.status_code for each in callers.map(lambda _: self._stage.http.get(path), range(CALLERS))]
        expect(answers == [200] * CALLERS, f"answers {sorted(set(answers))}")
        return self._one_refresh_since(before, f"{CALLERS} of {CALLERS} were answered")

    def _share(self) -> str:
        before = self._refreshes()
        self._world.expire_access_tokens()
        programs = [self._stage.program(_PROGRAM, str(self._id), str(THREADS)) for _ in range(2)]
        served = sum(int(each.communicate(timeout=PATIENCE_SECONDS)[0] or b"0") for each in programs)
        expect(served == 2 * THREADS, f"{served} of {2 * THREADS} calls were answered")
        return self._one_refresh_since(before, f"{served} of {2 * THREADS} were answered")

    def _kill(self) -> str:
        """The reply is lost after the provider has processed the request; one that forgives that lets us go on."""
        self._world.turn(rotation="rotate_with_grace")
        self._world.slow("token", 1.5, processed=True)
        before = self._refreshes()
        program = self._stage.program(_DYING_PROGRAM, str(self._id))
        wait_until(lambda: self._refreshes() > before, "the program asked for no refresh")
        program.kill()
        program.communicate()
        began = time.monotonic()
        answer = self._straight(self._token(force_refresh=True))
        expect(answer == 200, f"the provider answered {answer}")
        return f"the next caller had a fresh token {time.monotonic() - began:.1f} s later"

    def _rotate(self) -> str:
        self._stage.run("keyset", "rotate")
        answer = self._straight(self._token(force_refresh=True))
        expect(answer == 200, f"the provider answered {answer}")
        return "everything is sealed with another key, and tokens go on"

    def _verify(self) -> str:
        verdict = self._ask("GET", "/audit/verdict")
        expect(verdict["ok"], f"broken at entry {verdict['first_broken_id']}")
        return f"the chain of {verdict['entries']} entries holds"

    def _delete(self) -> str:
        grant = self._newest_grant()
        self._remember_tokens()
        answer = self._stage.http.delete(f"{API}/credentials/{self._id}")
        expect(answer.status_code == 204, f"answered {answer.status_code}")
        wait_until(lambda: grant.ended is not None, "the provider saw no revocation")
        return "the provider has seen the revocation, and nothing of the grant is left"

    def _search(self) -> str:
        self._remember_tokens()
        files = [path for path in self._stage.home.rglob("*") if path.is_file()]
        for path in files:
            content = path.read_bytes()
            found = [secret for secret in self._seen if secret.encode() in content]
            expect(not found, f"{len(found)} in {path.name}")
        expect(len(self._seen) > 5, "too few secrets were seen to look for")
        return f"none of {len(self._seen)} in {len(files)} files: database, logs and all"

    # --- on the way

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        answer = self._stage.http.request(method, API + path, **given)
        expect(answer.is_success, f"{method} {path} answered {answer.status_code}: {answer.text[:200]}")
        for secret in self._seen:
            expect(
                secret not in answer.text or secret in self._connect_url,
                f"a secret is in the answer to {method} {path}",
            )
        return answer.json()

    def _token(self, **wish: Any) -> str:
        answer = self._stage.http.post(f"{API}/credentials/{self._id}/token", json=wish)
        expect(answer.status_code == 200, f"the token endpoint answered {answer.status_code}: {answer.text[:200]}")
        return str(answer.json()["access_token"])

    def _straight(self, token: str) -> int:
        """Ask the provider itself, as a program would that was given the token."""
        url = f"{self._stage.sandbox.url}/api/v2/users/current"
        return httpx2.get(url, headers={"Authorization": f"Bearer {token}"}).status_code

    def _proxied(self, path: str) -> str:
        return f"{API}/credentials/{self._id}/proxy{path}"

    def _proxy(self, path: str) -> Any:
        return self._ask("GET", f"/credentials/{self._id}/proxy{path}")

    def _refreshes(self) -> int:
        return self._world.journal.counts("token_requests").get("refresh_token", 0)

    def _one_refresh_since(self, before: int, words: str) -> str:
        number = self._refreshes() - before
        expect(number == 1, f"{number} refresh requests instead of one")
        return f"{words}, with one refresh request"

    def _newest_grant(self) -> Grant:
        return self._world.grants.all()[-1]

    def _remember_tokens(self) -> None:
        for grant in self._world.grants.all():
            self._seen.update(grant.access, grant.refresh)


def _name(party: dict[str, Any]) -> str:
    return str(party.get("name") or f"{party.get('firstName') or ''} {party.get('lastName') or ''}".strip())
