"""A person with a small browser, who signs in and sends forms; every page that they were shown is kept."""

import re
import ssl
from types import TracebackType
from typing import Final, Self
from urllib.parse import urljoin

import httpx2

from ground.processes import ADMIN_EMAIL, ADMIN_PASSWORD

_PATIENCE_SECONDS: Final = 45.0
_TOKEN: Final = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


class Person:
    """A browser at one Consentry; paths stand below its public URL."""

    def __init__(self, url: str, *, trusting: ssl.SSLContext | bool = True) -> None:
        self.url = url
        self.http = httpx2.Client(timeout=_PATIENCE_SECONDS, verify=trusting, follow_redirects=False)
        self.pages: list[httpx2.Response] = []
        self._form_token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def open(self, path: str) -> httpx2.Response:
        """Open a page, and follow where it leads."""
        return self._see(self.http.get(self.url + path))

    def send(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form with the token of the last page that had one, and follow where it leads."""
        return self._see(self.http.post(self.url + path, data={"csrf_token": self._form_token, **fields}))

    def sign_in(self, email: str = ADMIN_EMAIL, password: str = ADMIN_PASSWORD) -> httpx2.Response:
        """Sign in, and return the page that this leads to."""
        self.open("/signin")
        return self.send("/signin", email=email, password=password)

    def _see(self, answer: httpx2.Response) -> httpx2.Response:
        self.pages.append(answer)
        while answer.is_redirect and urljoin(str(answer.url), answer.headers["location"]).startswith(self.url):
            answer = self.http.get(urljoin(str(answer.url), answer.headers["location"]))
            self.pages.append(answer)
        if found := _TOKEN.search(answer.text):
            self._form_token = found[1]
        return answer
