"""A client that is already signed in: base URL, bearer token, rate budget, and one refresh when a token is refused."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

import msgspec

from consentry.audit import Action, Actor
from consentry.connectors import Answer, Connector
from consentry.core.log import get_logger
from consentry.credentials import access, store
from consentry.credentials.model import Credential, IssuedToken
from consentry.credentials.room import Room
from consentry.errors import (
    ConsentryError,
    NoAnswer,
    NotFound,
    ProviderDown,
    RateLimited,
    ReauthorizationRequired,
    ReplyNotUnderstood,
    ScopeMissing,
)

_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}

log = get_logger("credentials.client")


def budget_subject(credential: Credential) -> str:
    """Name the upstream user whose rate limit counts: the provider's own name for it, as far as it is known."""
    account = credential.grant.account if credential.grant else None
    if account is None or account.subdomain is None:
        return f"{credential.connector}:credential:{credential.id}"
    return f"{credential.connector}:{account.subdomain}:{account.user or '?'}"


class SignedIn:
    """Speaks to one credential's API on somebody's behalf."""

    def __init__(
        self,
        room: Room,
        actor: Actor,
        credential: Credential,
        *,
        action: Action = Action.PROXY_USE,
        wait: timedelta = timedelta(0),
    ) -> None:
        self._room = room
        self._actor = actor
        self.credential = credential
        self._action = action
        self._wait = wait
        self._connector: Connector = room.catalogue.get(credential.connector)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Send GET to a path under the base URL; raise ours for anything but a 2xx answer."""
        if params:
            path += ("&" if "?" in path else "?") + urlencode(dict(params), safe=",")
        answer = await self._ask("GET", path)
        if 200 <= answer.status < 300:
            return answer
        raise refusal(self._connector, answer)

    async def send(
        self, method: str, path: str, body: object | None = None, *, before: Callable[[], None] | None = None
    ) -> Answer:
        """Send a request with a JSON body, once, and return the answer; raises as the contract says."""
        content = None if body is None else msgspec.json.encode(body)
        return judged(self._connector, await self._ask(method, path, content, before))

    async def _ask(
        self, method: str, path: str, body: bytes | None = None, before: Callable[[], None] | None = None
    ) -> Answer:
        address = self._connector.base_url + "/" + path.lstrip("/")
        token = await access.token(self._room, self._actor, self.credential.id, action=self._action)
        answer = await self._send(method, address, body, token, before)
        if answer.status == 401:
            newer = await access.refuse_token(self._room, self.credential.id, token)
            if newer is not None:
                answer = await self._send(method, address, body, newer, before)
        return answer

    async def _send(
        self,
        method: str,
        address: str,
        body: bytes | None,
        token: IssuedToken,
        before: Callable[[], None] | None,
    ) -> Answer:
        headers = _HEADERS | {"Authorization": f"Bearer {token.access_token.reveal()}"}
        if body is not None:
            headers |= {"Content-Type": "application/json"}
        subject = budget_subject(self.credential)
        async with self._room.budgets.spend(subject, self._connector.rate_limit, wait=self._wait) as call:
            if before is not None:
                before()
            reply = await self._room.outbound.fetch(method, address, headers=headers, body=body)
            call.learn(reply.status, reply.headers.get)
        return Answer(status=reply.status, headers=reply.headers, body=reply.body)


def judged(connector: Connector, answer: Answer) -> Answer:
    """Return the answer to a write, unless it is one that says nothing about what was to be written.

    A 5xx says no more than no answer does: it may have been done.
    """
    if answer.status in (401, 429):
        raise refusal(connector, answer)
    if answer.status >= 500:
        raise NoAnswer(f"{connector.provider} has a fault (HTTP {answer.status}), and may have done it nevertheless.")
    return answer


def refusal(connector: Connector, answer: Answer) -> ConsentryError:
    """Return what an answer means; the provider's own sentence is only used where the connector can read it."""
    said = connector.error_of_body(answer.body)
    words = f" It said: {said}" if said else ""
    name = connector.provider
    match answer.status:
        case 401:
            return ReauthorizationRequired(f"{name} refuses the access token, also a fresh one.{words}")
        case 403:
            return ScopeMissing(f"{name} doesn't allow this for the account that gave consent.{words}")
        case 404:
            return NotFound(f"{name} knows nothing at this address.{words}")
        case 429:
            return RateLimited(f"{name}'s rate limit is used up.", retry_after=_pause(answer))
        case status if status >= 500:
            return ProviderDown(f"{name} has a fault (HTTP {status}).")
        case status:
            return ReplyNotUnderstood(f"{name} answered with HTTP {status}.{words}")


def _pause(answer: Answer) -> float:
    """Return how long the provider says to wait; a minute where it doesn't say."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdecimal() and len(said) < 6 else 60.0


async def client(room: Room, actor: Actor, credential_id: int, *, action: Action = Action.PROXY_USE) -> SignedIn:
    """Return a signed-in client for a credential; raise NotFound."""
    async with room.database.reading() as connection:
        credential = await store.get(connection, credential_id)
    return SignedIn(room, actor, credential, action=action)
