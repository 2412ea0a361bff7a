"""An OAuth application in a few lines, to talk to the sandbox as any client would; no code of the product is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp

from consentry.sandbox import Application, RunningSandbox

REDIRECT_URI = "http://127.0.0.1:8400/oauth/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: status, headers and the body, parsed if it is JSON."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any


class Applicant:
    """One registered application and its HTTP session."""

    def __init__(self, sandbox: RunningSandbox, application: Application) -> None:
        self.sandbox = sandbox
        self.application = application
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()

    async def send(self, method: str, path: str, **given: Any) -> Answer:
        """Send a request to the sandbox; redirects aren't followed."""
        url = path if path.startswith("http") else self.sandbox.url + path
        async with self._http.request(method, url, allow_redirects=False, **given) as response:
            body = await response.read()
            parsed = None
            if "json" in response.headers.get("content-type", "") and body:
                parsed = await response.json()
            return Answer(
                status=response.status,
                headers=response.headers,
                text=body.decode("utf-8", "replace"),
                json=parsed,
            )

    def authorise_path(self, **changes: str | None) -> str:
        """Return the path of an authorise request; None takes a parameter away."""
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.application.redirect_uri,
            "state": "a state",
            **changes,
        }
        return "/oauth/authorise?" + urlencode({key: value for key, value in parameters.items() if value is not None})

    async def consent(
        self, *, user: str = "ada.marsh", decision: str = "approve", **changes: str | None
    ) -> dict[str, str]:
        """Decide as a user; return the parameters of the callback."""
        return await self._decide(user, decision, changes)

    async def _decide(self, user: str, decision: str, changes: dict[str, str | None]) -> dict[str, str]:
        answer = await self.send("POST", self.authorise_path(**changes), data={"decision": decision, "user": user})
        assert answer.status == 303, answer.text
        target = answer.headers["Location"]
        assert target.startswith(self.application.redirect_uri)
        return dict(parse_qsl(urlsplit(target).query))

    def identity(self) -> dict[str, str]:
        """Return the fields with which the application names itself in a body."""
        secret = self.application.client_secret
        return {"client_id": self.application.client_id, **({"client_secret": secret} if secret else {})}

    async def exchange(self, code: str, **changes: str | None) -> Answer:
        """Exchange a code."""
        return await self._ask("authorization_code", {"code": code, "redirect_uri": REDIRECT_URI, **changes})

    async def refresh(self, refresh_token: str, **changes: str | None) -> Answer:
        """Refresh."""
        return await self._ask("refresh_token", {"refresh_token": refresh_token, **changes})

    async def _ask(self, grant_type: str, fields: dict[str, str | None]) -> Answer:
        form = {"grant_type": grant_type, **self.identity(), **fields}
        data = {key: value for key, value in form.items() if value is not None}
        return await self.send("POST", "/oauth/token", data=data)

    async def tokens(self, *, user: str = "ada.marsh", **changes: str | None) -> dict[str, Any]:
        """Go the whole way: consent and code exchange; return the token reply."""
        callback = await self._decide(user, "approve", changes)
        answer = await self.exchange(callback["code"])
        assert answer.status == 200, answer.text
        reply: dict[str, Any] = answer.json
        return reply

    async def get(self, access_token: str, path: str, **given: Any) -> Answer:
        """Read from the API."""
        return await self.send("GET", f"/api/v2/{path}", headers={"Authorization": f"Bearer {access_token}"}, **given)
