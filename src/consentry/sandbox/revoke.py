"""Revocation at the documented address and at the one of the discovery document (RFC 7009)."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from consentry.sandbox.client_auth import authenticate
from consentry.sandbox.grants import Refused
from consentry.sandbox.parameters import Unreadable, read_form
from consentry.sandbox.token import NO_STORE, refusal
from consentry.sandbox.world import World

DOCUMENTED: Final = "/oauth/token/revoke"
DISCOVERY: Final = "/oauth/revoke"


async def answer_revoke(request: Request) -> Response:
    """Answer a revocation; an unknown token is as good as revoked."""
    world: World = request.app.state.world
    if not exists(world, request.url.path):
        return JSONResponse({"message": "Could not find resource"}, status_code=404)
    try:
        form = await read_form(request)
        application = authenticate(world.applications, request.headers.get("authorization"), form)
        if not form.get("token"):
            raise Refused("invalid_request", "token is missing.")
        world.grants.revoke_token(form["token"], client_id=application.client_id)
    except Unreadable as error:
        return refusal(Refused("invalid_request", str(error)), basic=False)
    except Refused as refused:
        return refusal(refused, basic="authorization" in request.headers)
    world.journal.count("revocations", request.url.path)
    return Response(status_code=200, headers=NO_STORE)


def exists(world: World, path: str) -> bool:
    """Tell whether the knob leaves this of the two addresses in place."""
    return world.knobs.revoke_endpoints in ("both", "documented" if path == DOCUMENTED else "discovery")
