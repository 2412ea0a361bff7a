"""`/api/v2/resthooks`: list, show, add and remove the hooks of the calling application. None can be changed."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from consentry.sandbox.bearer import Unauthorised, authorise
from consentry.sandbox.grants import Grant
from consentry.sandbox.hooks import HookRefused
from consentry.sandbox.parameters import Unreadable, read_body
from consentry.sandbox.records import Record
from consentry.sandbox.world import World

_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def answer_hooks(request: Request) -> Response:
    """Answer a call: token and rate limit first, then the rules of hooks."""
    world: World = request.app.state.world
    is_reading = request.method in ("GET", "HEAD")
    try:
        header = request.headers.get("authorization")
        grant = authorise(world.grants, header, "read" if is_reading else "write").grant
    except Unauthorised as error:
        return _json(error.body(), error.status, error.headers())
    allowance = world.budget.spend(grant.user.username)
    headers = allowance.headers() if allowance is not None else {}
    if allowance is not None and not allowance.allowed:
        return _json({"error": "rate limit reached"}, 429, headers)
    if not is_reading and not grant.user.administrator:
        return _json({"message": "Only administrators can change REST hooks"}, 403, headers)
    status, body = await _answer(request, world, grant)
    return Response(status_code=204, headers=headers) if body is None else _json(body, status, headers)


async def _answer(request: Request, world: World, grant: Grant) -> tuple[int, dict[str, Any] | None]:
    crm, client_id = world.crm(grant.user.subdomain), grant.client_id
    hook_id = request.path_params.get("id")
    own = world.hooks.list_of(crm, client_id)
    match request.method, hook_id:
        case (("GET" | "HEAD"), None):
            return 200, {"restHooks": [_raw(record) for record in own]}
        case (("GET" | "HEAD"), _):
            found = [_raw(record) for record in own if record.id == hook_id]
            return (200, {"restHook": found[0]}) if found else _MISSING
        case "POST", None:
            return await _subscribe(request, world, grant)
        case "DELETE", int():
            return (204, None) if world.hooks.remove(crm, client_id, hook_id) else _MISSING
        case _:
            return 405, {"message": "Method not allowed"}


async def _subscribe(request: Request, world: World, grant: Grant) -> tuple[int, dict[str, Any]]:
    try:
        wanted = msgspec.json.decode(await read_body(request), type=dict[str, dict[str, Any]]).get("restHook", {})
        record = world.hooks.subscribe(world.crm(grant.user.subdomain), grant.user, grant.client_id, wanted)
    except (msgspec.DecodeError, Unreadable):
        return 400, {"message": "Bad request"}
    except HookRefused as error:
        return 422, {"message": "Validation Failed", "errors": [{"message": error.message, "field": error.field}]}
    return 201, {"restHook": _raw(record)}


_MISSING: Final = (404, {"message": "Could not find resource"})


def _raw(record: Record) -> msgspec.Raw:
    return msgspec.Raw(record.render(frozenset()))


def _json(body: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(body), status_code=status, headers=headers, media_type="application/json")


ROUTES: Final = [
    Route("/api/v2/resthooks", answer_hooks, methods=_METHODS),
    Route("/api/v2/resthooks/{id:int}", answer_hooks, methods=_METHODS),
]
