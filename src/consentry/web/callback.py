"""Back from the provider: the callback, which shows nothing and leads on at once, and the clean page of its result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials
from consentry.credentials import Authorization, Credential
from consentry.errors import NotFound
from consentry.settings import CALLBACK_PATH
from consentry.web.door import Door
from consentry.web.frame import Page
from consentry.web.origin import local_path
from consentry.web.status import StatusWords, account_name
from consentry.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage(Page):
    """How an authorization ended, for the browser that went through it."""

    template: ClassVar[str] = "result.html"
    keeps_opener: ClassVar[bool] = True
    authorization_id: int
    credential_id: int
    status: str  # of the authorization; the page's script tells it to the page that opened this one
    words: StatusWords
    heading: str
    detail: str
    hint: str
    account: str  # the account in use
    other_account: str  # the account that gave consent, where that is another one
    may_decide: bool  # whether who looks may choose between the two
    onward: str  # address to go on to, or empty
    onward_word: str

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.heading


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the way back."""
    return (door.for_all(CALLBACK_PATH, complete), door.for_all("/oauth/result/{id:int}", show))


async def complete(visit: Visit) -> Response:
    """Complete the authorization, and take its code out of the browser's history at once."""
    if visit.request.method == "HEAD":  # whoever only looks ahead must not use up the state
        return Response(status_code=405, headers={"Allow": "GET"})
    visit.app.accounts.consents.take(visit.ip)
    visit.app.accounts.consents.take(visit.ip)  # each one writes to the trail, whoever sends it
    session_id = visit.session.id if visit.session else None
    query, cookies = visit.request.url.query, visit.request.cookies
    done = await credentials.complete(visit.app.credentials, query, cookies, session_id, visit.ip)
    answer = visit.go(visit.url(f"/oauth/result/{done.id}"))
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"  # else the browser parts the pop-up from its page
    if done.session_id is not None:  # without a session the cookie is what the result page knows its browser by
        visit.cookies.forget(answer, credentials.cookie_name(visit.app.credentials, done.id))
    return answer


async def show(visit: Visit) -> Response:
    """Show how an authorization ended, to the session or the browser that went through it and to nobody else."""
    authorization = await credentials.get_authorization(visit.app.credentials, visit.id)
    own_session = visit.session is not None and authorization.session_id == visit.session.id
    if not own_session and not await credentials.is_its_browser(
        visit.app.credentials, authorization.id, visit.request.cookies
    ):
        raise NotFound("There is no such authorization.")
    credential = await credentials.get(visit.app.credentials, authorization.credential_id)
    provider = visit.app.catalogue.get(credential.connector).provider
    onward = local_path(authorization.return_to, otherwise="") if own_session else ""
    return visit.show(result_page(authorization, credential, provider, onward, may_decide=visit.session is not None))


def result_page(
    authorization: Authorization, credential: Credential, provider: str, onward: str, *, may_decide: bool
) -> ResultPage:
    """Say how an authorization ended; pure."""
    account = account_name(credential.grant.account) if credential.grant else ""
    other = account_name(credential.pending_grant.account) if credential.pending_grant else ""
    undecided = authorization.status == "pending_account" and credential.pending_grant is not None
    words, heading, detail, hint = _words(authorization, credential, provider, account, other, may_decide=may_decide)
    return ResultPage(
        authorization_id=authorization.id,
        credential_id=credential.id,
        status=authorization.status,
        words=words,
        heading=heading,
        detail=detail,
        hint=hint,
        account=account,
        other_account=other or "the other account",
        may_decide=undecided and may_decide,
        onward=onward,
        onward_word="Continue" if authorization.status == "connected" else "Go back",
    )


def _words(
    authorization: Authorization,
    credential: Credential,
    provider: str,
    account: str,
    other: str,
    *,
    may_decide: bool,
) -> tuple[StatusWords, str, str, str]:
    match authorization.status:
        case "connected":
            connected = f"Connected to {account}" if account else "Connected"
            detail = f"Consentry keeps the access of {credential.name} fresh from now on."
            return StatusWords(shape="ok", words=connected), f"{credential.name} is connected", detail, ""
        case "pending_account":
            words = StatusWords(shape="warn", words="Nothing is replaced yet")
            heading = f"Consent came from another account: {other or 'one with no name'}"
            detail = f"{credential.name} goes on with {account or 'the account it had'} until somebody decides."
            hint = "" if may_decide else "Tell whoever sent you the link; they can decide."
            return words, heading, detail, hint
        case "failed":
            words = StatusWords(shape="bad", words="Not connected")
            return words, f"{credential.name} could not be connected", authorization.detail, authorization.hint
        case _:
            words = StatusWords(shape="waiting", words="Waiting for consent")
            detail = f"{provider} has not answered for {credential.name} yet."
            return words, "Still waiting for consent", detail, "Load this page again in a moment."
