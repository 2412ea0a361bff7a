"""`POST /hooks/{token}`: where providers tell of changes. The address is the secret; what is said is only a hint.

It is answered as soon as the hint is stored. Nothing is shown to whoever calls, and nobody needs a key.
"""

from typing import Final

from starlette.types import Receive, Scope, Send

from consentry import flows
from consentry.accounts import Pace
from consentry.api.bodies import CallerLeft, read_body
from consentry.api.callers import header, ip_of
from consentry.api.media import is_json
from consentry.api.problems import Problem, method_not_allowed, problem_of, unsupported_media_type
from consentry.app import App
from consentry.errors import CallerError, ConsentryError, Gone, TooLarge, TooManyAttempts

LARGEST_DELIVERY: Final = 4 * 1024 * 1024
"""A provider may put whole records into a delivery, and many of them."""


class HookEndpoint:
    """Takes in deliveries."""

    def __init__(self, app: App) -> None:
        self._flows = app.flows
        self._answers = app.measures.hook_deliveries
        self._by_address = Pace(app.clock, what="deliveries", at_once=100, a_second=10)
        self._strangers = Pace(app.clock, what="calls to addresses that nobody has", at_once=30, a_second=1)

    async def answer(self, scope: Scope, receive: Receive, send: Send, token: str) -> None:
        """Answer 204 once the hint is stored, 410 where nobody listens any more, or with another problem."""
        if scope["method"] != "POST":
            await _refuse(method_not_allowed(["POST"]), scope, receive, send)
            return
        try:
            problem = await self._take(scope, receive, token)
        except CallerLeft:
            return
        except ConsentryError as error:
            self._answers.labels(_outcome(error)).inc()
            await _refuse(problem_of(error), scope, receive, send)
            return
        if problem is not None:
            self._answers.labels("unreadable").inc()
            await _refuse(problem, scope, receive, send)
            return
        self._answers.labels("taken").inc()
        await send({"type": "http.response.start", "status": 204, "headers": [(b"cache-control", b"no-store")]})
        await send({"type": "http.response.body", "body": b""})

    async def _take(self, scope: Scope, receive: Receive, token: str) -> Problem | None:
        if not is_json(header(scope, b"content-type")):
            return unsupported_media_type()  # whoever the address belongs to
        self._by_address.take(token)
        try:
            hook = await flows.find_hook(self._flows, token)
        except Gone:
            self._strangers.take(ip_of(scope))
            raise
        try:
            body = await read_body(receive, LARGEST_DELIVERY)
        except TooLarge:
            await flows.take_delivery(self._flows, hook, None)  # what it tells of isn't lost, whatever the caller does
            raise
        await flows.take_delivery(self._flows, hook, body)
        return None


def _outcome(error: ConsentryError) -> str:
    match error:
        case Gone():
            return "unknown"
        case TooManyAttempts():
            return "limited"
        case TooLarge():
            return "too_large"
        case CallerError():
            return "unreadable"
        case _:
            return "failed"


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    await problem.with_headers({"Cache-Control": "no-store"}).response()(scope, receive, send)
