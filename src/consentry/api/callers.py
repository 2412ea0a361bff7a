"""Who is asking: an API key as bearer token (RFC 6750 §2.1), or a signed-in browser with its CSRF token."""

import hmac
from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPBearer, SecurityScopes
from starlette.requests import cookie_parser
from starlette.types import Scope

from consentry import accounts
from consentry.accounts import Caller, KeyScope
from consentry.app import App
from consentry.errors import NotAllowed, NotSignedIn, Unreadable

CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset(["GET", "HEAD", "OPTIONS", "TRACE"])

_api_key = HTTPBearer(auto_error=False, scheme_name="api_key", description="An API key, `csy_…`.")
_session = APIKeyCookie(
    name="consentry",
    auto_error=False,
    scheme_name="session",
    description=f"A signed-in browser (`__Host-consentry` over TLS). To change things it also sends `{CSRF_HEADER}`.",
)


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the value of a request header, the last one if it stands several times."""
    found = None
    for key, value in scope["headers"]:
        if key == name:
            found = value
    return found


def ip_of(scope: Scope) -> str:
    """Return the network address of who is asking; the server has already looked behind trusted proxies."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def bearer_of(scope: Scope) -> str | None:
    """Return the bearer token of a request, or None when it has no credentials at all; raise for any other kind."""
    given: list[bytes] = [value for key, value in scope["headers"] if key == b"authorization"]
    if not given:
        return None
    if len(given) > 1:
        raise Unreadable("The header Authorization stands twice.")
    kind, _, token = given[0].decode("latin-1").partition(" ")
    token = token.strip()
    if kind.lower() != "bearer" or not token:
        raise NotSignedIn("Authorization holds no bearer token.", hint="Send Authorization: Bearer <API key>.")
    return token


async def caller_with_key(app: App, scope: Scope) -> Caller:
    """Return who is asking, by API key alone; raise NotSignedIn."""
    token = bearer_of(scope)
    if token is None:
        raise NotSignedIn("This needs an API key.", hint="Send Authorization: Bearer <API key>.")
    return await accounts.authenticate(app.accounts, token, ip_of(scope))


async def caller_of(app: App, scope: Scope) -> Caller:
    """Return who is asking; raise NotSignedIn, or NotAllowed when a browser's request lacks the CSRF token."""
    token = bearer_of(scope)
    if token is not None:
        return await accounts.authenticate(app.accounts, token, ip_of(scope))
    cookie = _cookie(scope, accounts.session_cookie(is_secure=app.settings.is_secure))
    session = await accounts.find_session(app.accounts, cookie) if cookie else None
    if session is None:
        raise NotSignedIn
    if scope["method"] not in SAFE_METHODS:
        _check_csrf(scope, session.csrf_token)
    return accounts.caller_of_session(session, ip_of(scope))


def _cookie(scope: Scope, name: str) -> str | None:
    given = header(scope, b"cookie")
    cookies: dict[str, str] = cookie_parser(given.decode("latin-1")) if given else {}
    return cookies.get(name)


def _check_csrf(scope: Scope, expected: str) -> None:
    given = header(scope, CSRF_HEADER.lower().encode()) or b""
    if not hmac.compare_digest(given, expected.encode()) or header(scope, b"sec-fetch-site") == b"cross-site":
        raise NotAllowed("The request lacks the CSRF token of this session.", hint="Load the page again, then retry.")


async def app_of(request: Request) -> App:
    """Return the application that answers."""
    app: App = request.app.state.consentry
    return app


async def known_caller(
    request: Request,
    needed: SecurityScopes,
    _key: Annotated[object, Security(_api_key)] = None,
    _cookie: Annotated[object, Security(_session)] = None,
) -> Caller:
    """Return the caller, who has the scopes that the operation needs."""
    caller: Caller = request.state.caller
    for scope in _as_key_scopes(needed.scopes):
        caller.require(scope)
    return caller


async def proved_caller(
    request: Request, needed: SecurityScopes, caller: Annotated[Caller, Security(known_caller)]
) -> Caller:
    """Return the caller, who in a browser has given their password a short while ago; keys prove themselves."""
    for scope in _as_key_scopes(needed.scopes):
        caller.require(scope)
    app: App = request.app.state.consentry
    if caller.session is not None and not caller.session.is_proved(app.clock.now()):
        raise NotAllowed("This asks for your password once more.", hint="Give it in the pages, or sign in again.")
    return caller


def _as_key_scopes(names: Iterable[str]) -> list[KeyScope]:
    return [KeyScope(name) for name in names]


Here = Annotated[App, Depends(app_of)]
Reader = Annotated[Caller, Security(known_caller, scopes=[KeyScope.READ])]
User = Annotated[Caller, Security(known_caller, scopes=[KeyScope.USE])]
Admin = Annotated[Caller, Security(known_caller, scopes=[KeyScope.ADMIN])]
ProvedAdmin = Annotated[Caller, Security(proved_caller, scopes=[KeyScope.ADMIN])]
