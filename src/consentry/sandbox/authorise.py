"""`/oauth/authorise`: a person sees who asks for what, and approves or denies (RFC 6749 section 4.1.1).

A machine decides by posting a form to the same address and query: `decision` (approve or deny), `user` (a user name).
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from consentry.sandbox.applications import Application
from consentry.sandbox.discovery import issuer_of
from consentry.sandbox.pages import show
from consentry.sandbox.parameters import Unreadable, parse_pairs, read_form
from consentry.sandbox.pkce import Challenge, parse_challenge
from consentry.sandbox.world import DEFAULT_SCOPE, SCOPES, World

SCOPE_MEANINGS: Final = {
    "read": "Read everything that you can see",
    "write": "Create, change and delete records",
    "user_preference": "Change your preferences",
    "openid": "Know who you are",
    "profile": "See your name and language",
    "email": "See your email address",
    "tenant": "See which account you belong to",
}
_WRONG_ISSUER: Final = "https://another-issuer.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A valid authorise request."""

    application: Application
    redirect_uri: str
    scope: tuple[str, ...]
    state: str | None
    challenge: Challenge | None


class NotShowable(Exception):
    """The request can't be trusted with a redirect: the person is told here."""


class SendBack(Exception):
    """The request is wrong, and the application is told by a redirect (RFC 6749 section 4.1.2.1)."""

    def __init__(self, redirect_uri: str, state: str | None, error: str, description: str) -> None:
        super().__init__(description)
        self.redirect_uri = redirect_uri
        self.parameters = {"error": error, "error_description": description}
        if state is not None:
            self.parameters["state"] = state


def judge(world: World, query: str) -> Ask:
    """Return the request, checked; raises NotShowable before the redirect address is trusted and SendBack after."""
    try:
        asked = parse_pairs(query)
    except Unreadable as error:
        raise NotShowable(str(error)) from error
    application = world.applications.find(asked.get("client_id", ""))
    if application is None:
        raise NotShowable("No application with this client ID is registered here.")
    redirect_uri = asked.get("redirect_uri", "")
    if redirect_uri != application.redirect_uri:
        raise NotShowable("The redirect URL is not the one that was registered for the application.")
    back = _Complaints(redirect_uri, asked.get("state"))
    if asked.get("response_type") != "code":
        raise back.of("unsupported_response_type", "Only response_type=code is known.")
    scope = tuple(dict.fromkeys(asked.get("scope", "").split())) or DEFAULT_SCOPE
    if not set(scope) <= set(SCOPES):
        raise back.of("invalid_scope", "A scope is unknown.")
    challenge = _judge_challenge(world, asked, back)
    return Ask(
        application=application,
        redirect_uri=redirect_uri,
        scope=scope,
        state=asked.get("state"),
        challenge=challenge,
    )


@dataclass(frozen=True, slots=True)
class _Complaints:
    redirect_uri: str
    state: str | None

    def of(self, error: str, description: str) -> SendBack:
        return SendBack(self.redirect_uri, self.state, error, description)


def _judge_challenge(world: World, asked: dict[str, str], back: _Complaints) -> Challenge | None:
    if "code_challenge" not in asked:
        if world.knobs.pkce == "required" or "code_challenge_method" in asked:
            raise back.of("invalid_request", "code_challenge is missing.")
        return None
    challenge = parse_challenge(asked["code_challenge"], asked.get("code_challenge_method", ""))
    if challenge is None:
        raise back.of("invalid_request", "code_challenge or its method is malformed.")
    return challenge


async def show_authorise(request: Request) -> Response:
    """Show the page on which a person decides."""
    world: World = request.app.state.world
    try:
        return _page(request, judge(world, request.url.query))
    except NotShowable as error:
        return show("refused.html", status=400, reason=str(error))
    except SendBack as error:
        return _redirect(request, error.redirect_uri, error.parameters, status=302)


def _page(request: Request, ask: Ask, *, status: int = 200, complaint: str = "") -> Response:
    world: World = request.app.state.world
    accounts = [
        (account, [user for user in account.users if world.grants.is_active(user.username)])
        for account in world.accounts
    ]  # fmt: skip
    scopes = [(scope, SCOPE_MEANINGS[scope]) for scope in ask.scope]
    host = urlsplit(ask.redirect_uri).netloc or ask.redirect_uri
    return show(
        "authorise.html", status=status, ask=ask, accounts=accounts, scopes=scopes, host=host, complaint=complaint
    )


async def decide(request: Request) -> Response:
    """Take the decision and send the browser back to the application."""
    world: World = request.app.state.world
    try:
        ask = judge(world, request.url.query)
        form = await read_form(request)
    except (NotShowable, Unreadable) as error:
        return show("refused.html", status=400, reason=str(error))
    except SendBack as error:
        return _redirect(request, error.redirect_uri, error.parameters)
    parameters = {} if ask.state is None else {"state": ask.state}
    if form.get("decision") == "deny":
        world.journal.count("decisions", "deny")
        denied = {"error": "access_denied", "error_description": "The user denied access."}
        return _redirect(request, ask.redirect_uri, {**denied, **parameters})
    user = world.find_user(form.get("user", ""))
    if form.get("decision") != "approve" or user is None:
        return _page(request, ask, status=422, complaint="Choose who you are, then approve or deny.")
    world.journal.count("decisions", "approve")
    code = world.grants.issue_code(
        client_id=ask.application.client_id,
        user=user,
        redirect_uri=ask.redirect_uri,
        scope=ask.scope,
        challenge=ask.challenge,
    )
    return _redirect(request, ask.redirect_uri, {"code": code, **parameters})


def _redirect(request: Request, redirect_uri: str, parameters: dict[str, str], *, status: int = 303) -> Response:
    world: World = request.app.state.world
    match world.knobs.iss:
        case "right":
            parameters = {**parameters, "iss": issuer_of(request)}
        case "wrong":
            parameters = {**parameters, "iss": _WRONG_ISSUER}
        case "absent":
            pass
    joint = "&" if "?" in redirect_uri else "?"
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(redirect_uri + joint + urlencode(parameters), status_code=status, headers=headers)
