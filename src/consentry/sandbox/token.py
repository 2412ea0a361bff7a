"""`POST /oauth/token`: codes and refresh tokens become tokens (RFC 6749 sections 4.1.3 and 6)."""

from typing import Final, assert_never

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from consentry.sandbox.applications import Application
from consentry.sandbox.client_auth import authenticate
from consentry.sandbox.faults import Oddity
from consentry.sandbox.grants import Issued, Refused
from consentry.sandbox.parameters import Unreadable, read_form
from consentry.sandbox.world import World

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_GRANT_TYPES: Final = ("authorization_code", "refresh_token")


async def answer_token(request: Request) -> Response:
    """Answer a token request."""
    world: World = request.app.state.world
    try:
        form = await read_form(request)
        grant_type = form.get("grant_type", "")
        world.journal.count("token_requests", grant_type if grant_type in _GRANT_TYPES else "other")
        application = authenticate(world.applications, request.headers.get("authorization"), form)
        issued = _issue(world, application, form)
    except Unreadable as error:
        return refusal(Refused("invalid_request", str(error)), basic=False)
    except Refused as refused:
        world.journal.count("token_refusals", refused.error)
        return refusal(refused, basic="authorization" in request.headers)
    world.journal.count("tokens_issued", grant_type)
    reply = render(issued)
    for oddity in request.scope.get("sandbox.oddities", ()):
        reply = distort(reply, oddity)
    return JSONResponse(reply, headers=NO_STORE)


def _issue(world: World, application: Application, form: dict[str, str]) -> Issued:
    match form.get("grant_type"):
        case "authorization_code":
            return world.grants.redeem(
                _need(form, "code"),
                client_id=application.client_id,
                redirect_uri=form.get("redirect_uri"),
                verifier=form.get("code_verifier"),
            )
        case "refresh_token":
            scope = form.get("scope")
            return world.grants.refresh(
                _need(form, "refresh_token"),
                client_id=application.client_id,
                scope=None if scope is None else tuple(scope.split()),
            )
        case None | "":
            raise Refused("invalid_request", "grant_type is missing.")
        case _:
            raise Refused("unsupported_grant_type", "Only authorization_code and refresh_token are known.")


def _need(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise Refused("invalid_request", f"{name} is missing.")
    return form[name]


def render(issued: Issued) -> dict[str, object]:
    """Return the reply with the keys that Capsule sends."""
    reply: dict[str, object] = {
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "token_type": "bearer",
        "expires_in": issued.expires_in,
        "scope": " ".join(issued.scope),
        "subdomain": issued.grant.user.subdomain,
    }
    return {key: value for key, value in reply.items() if value is not None}


def distort(reply: dict[str, object], oddity: Oddity) -> dict[str, object]:
    """Return the reply broken in one way."""
    match oddity:
        case "no_access_token" | "no_refresh_token" | "no_expires_in":
            return {key: value for key, value in reply.items() if key != oddity.removeprefix("no_")}
        case "wrong_token_type":
            return reply | {"token_type": "mac"}
        case "expires_in_negative":
            return reply | {"expires_in": -60}
        case "expires_in_huge":
            return reply | {"expires_in": 10**18}
        case "expires_in_text":
            return reply | {"expires_in": "soon"}
        case "extra_keys":
            return reply | {"id_token": None, "new_in_this_version": {"nested": [1, 2]}}
        case "other_scope":
            return reply | {"scope": "read"}
        case "other_subdomain":
            return reply | {"subdomain": "initech"}
        case _:
            assert_never(oddity)


def refusal(refused: Refused, *, basic: bool) -> Response:
    """Return the error reply of section 5.2; who came with a header is told the scheme."""
    headers = dict(NO_STORE)
    if refused.status == 401 and basic:
        headers["WWW-Authenticate"] = 'Basic realm="Capsule sandbox"'
    body = {"error": refused.error, "error_description": refused.description}
    return JSONResponse(body, status_code=refused.status, headers=headers)
