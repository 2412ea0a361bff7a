"""An authorization server that nobody of this project wrote (oidc-provider), and a person who signs in there."""

import contextlib
import json
import os
import re
import select
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import httpx2

from ground.node import find_node

FOLDER: Final = Path(__file__).parent.parent / "peers" / "oidc-provider"
START_SECONDS: Final = 30
MOST_STEPS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings:
    """How the one client of the peer is registered."""

    redirect_uri: str
    client_id: str = "peer-client"
    client_secret: str = "peer-client-secret"
    token_endpoint_auth_method: str = "client_secret_post"
    access_token_seconds: int = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A running oidc-provider: PKCE required, refresh tokens rotate, `iss` comes with every callback."""

    url: str
    settings: PeerSettings
    http: httpx2.Client = field(repr=False)

    def counts(self) -> dict[str, int]:
        """Return how many exchanges, refreshes, refusals, revocations and API calls the peer has seen."""
        counts: dict[str, int] = self.http.get(f"{self.url}/peer/state").json()
        return counts

    def consent(self, authorize_url: str, *, login: str = "ada", approve: bool = True) -> str:
        """Walk from the authorize URL through sign-in and consent, and return the callback's address unvisited."""
        with httpx2.Client(timeout=10) as browser:
            answer = browser.get(authorize_url)
            for _ in range(MOST_STEPS):
                if answer.is_redirect:
                    target = urljoin(str(answer.url), answer.headers["location"])
                    if target.startswith(self.settings.redirect_uri):
                        return target
                    answer = browser.get(target)
                else:
                    answer = _fill_in(browser, answer, login=login, approve=approve)
        raise AssertionError("the peer never came back to the redirect URI")


def _fill_in(browser: httpx2.Client, page: httpx2.Response, *, login: str, approve: bool) -> httpx2.Response:
    form = re.search(r'<form[^>]* action="([^"]+)"', page.text)
    prompt = re.search(r'name="prompt" value="(\w+)"', page.text)
    assert form, f"no form on the peer's page: {page.status_code} {page.text[:300]}"
    assert prompt, "the peer's form doesn't say what it asks"
    if prompt[1] == "consent" and not approve:
        abort = re.search(r'href="([^"]+/abort)"', page.text)
        assert abort, "the peer's page has no way out"
        return browser.get(urljoin(str(page.url), abort[1]))
    values = {"prompt": prompt[1], "login": login, "password": "any"}
    return browser.post(urljoin(str(page.url), form[1]), data=values)


@contextlib.contextmanager
def run_peer(settings: PeerSettings) -> Iterator[Peer]:
    """Run an oidc-provider with a memory of its own while the block lasts."""
    if not (FOLDER / "node_modules").is_dir():
        raise RuntimeError("The peer authorization server is not installed. Run `make peers`.")
    wanted = {
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "redirect_uris": [settings.redirect_uri],
        "token_endpoint_auth_method": settings.token_endpoint_auth_method,
        "access_token_seconds": settings.access_token_seconds,
    }
    process = subprocess.Popen(
        [find_node(), "server.mjs"],
        cwd=FOLDER,
        env={**os.environ, "PEER_SETTINGS": json.dumps(wanted)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        with httpx2.Client(timeout=10) as http:
            yield Peer(url=_read_url(process), settings=settings, http=http)
    finally:
        process.kill()
        process.communicate()


def _read_url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    line = process.stdout.readline() if ready else ""
    if not line:
        raise RuntimeError("The peer authorization server did not start.")
    url: str = json.loads(line)["url"]
    return url
