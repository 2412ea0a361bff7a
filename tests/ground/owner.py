"""The owner of an account at the provider, with a small browser; and a program that has an API key."""

import ssl
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import httpx2

_PATIENCE_SECONDS = 45.0


class Owner:
    """Opens connect links, decides at the sandbox, and comes back; cookies are kept as a browser keeps them."""

    def __init__(self, *, trusting: ssl.SSLContext | bool = True) -> None:
        self.http = httpx2.Client(timeout=_PATIENCE_SECONDS, verify=trusting, follow_redirects=False)
        self.pages: list[httpx2.Response] = []  # everything that this browser was shown, oldest first

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def press(self, connect_url: str) -> str:
        """Open a connect link, press its button, and return the address at the provider that it leads to."""
        assert self._see(self.http.get(connect_url)).status_code == 200
        led = self._see(self.http.post(connect_url))
        assert led.status_code == 303, led.text
        return led.headers["location"]

    def decide(self, authorize_url: str, *, decision: str = "approve", user: str = "ada.marsh") -> str:
        """Decide at the sandbox, and return the callback's address unvisited."""
        answer = self.http.post(authorize_url, data={"decision": decision, "user": user})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def come_back(self, callback_url: str) -> httpx2.Response:
        """Bring a callback, and return the page that it ends on."""
        answer = self._see(self.http.get(callback_url))
        while answer.is_redirect:
            answer = self._see(self.http.get(urljoin(str(answer.url), answer.headers["location"])))
        return answer

    def consent(self, connect_url: str, *, decision: str = "approve", user: str = "ada.marsh") -> httpx2.Response:
        """Walk all of it at the sandbox, and return the page that it ends on."""
        return self.come_back(self.decide(self.press(connect_url), decision=decision, user=user))

    def _see(self, answer: httpx2.Response) -> httpx2.Response:
        self.pages.append(answer)
        return answer


class Program:
    """Calls the REST API with a key, and remembers every answer."""

    def __init__(self, url: str, key: str, *, trusting: ssl.SSLContext | bool = True) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.http = httpx2.Client(base_url=f"{url}/api/v1", headers=headers, timeout=_PATIENCE_SECONDS, verify=trusting)
        self.answers: list[httpx2.Response] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def ask(self, method: str, path: str, **given: Any) -> httpx2.Response:
        """Send a request; the path stands after /api/v1."""
        answer = self.http.request(method, path, **given)
        self.answers.append(answer)
        return answer

    def add(self, client_id: str, client_secret: str, *, name: str = "Sales CRM", scope: str = "") -> dict[str, Any]:
        """Add a credential, and return what the API says of it."""
        new = {
            "connector": "capsule", "name": name, "client_id": client_id, "client_secret": client_secret,
            "scope": scope,
        }  # fmt: skip
        answer = self.ask("POST", "/credentials", json=new)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def show(self, credential_id: int) -> dict[str, Any]:
        """Return what the API says of a credential."""
        shown: dict[str, Any] = self.ask("GET", f"/credentials/{credential_id}").json()
        return shown

    def connect_url(self, credential_id: int) -> str:
        """Make a fresh connect link."""
        url: str = self.ask("POST", f"/credentials/{credential_id}/connect").json()["connect_url"]
        return url

    def token(self, credential_id: int, **wish: object) -> str:
        """Return a fresh access token."""
        answer = self.ask("POST", f"/credentials/{credential_id}/token", json=wish)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token
