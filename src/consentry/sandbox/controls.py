"""The knobs over HTTP, for people, curl and other processes: JSON under `/sandbox`, and the page that explains them."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final, TypeVar, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from consentry.sandbox.applications import Application, ApplicationRefused, Kind
from consentry.sandbox.discovery import issuer_of
from consentry.sandbox.faults import Fault, Oddity
from consentry.sandbox.knobs import describe
from consentry.sandbox.pages import show
from consentry.sandbox.parameters import Unreadable, read_body
from consentry.sandbox.records import stamp
from consentry.sandbox.state import picture_of
from consentry.sandbox.world import World

T = TypeVar("T")
Control = Callable[[Request], Awaitable[Response]]
_FAULT: Final[msgspec.json.Decoder[Fault]] = msgspec.json.Decoder(Fault)


class NewApplication(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /sandbox/applications."""

    name: str
    redirect_uri: str
    url: str = ""
    kind: Kind = "web"


class OldSecret(msgspec.Struct, forbid_unknown_fields=True):
    """Body of DELETE /sandbox/applications/{client_id}/secrets."""

    client_secret: str


class Expiry(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /sandbox/expire: one access token, or all."""

    access_token: str | None = None


class Withdrawal(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /sandbox/withdraw: one grant by its id, or all of a user."""

    grant: int | None = None
    user: str | None = None


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /sandbox/records: change one record, add it, or delete it."""

    path: str
    id: int
    account: str = "acme"
    changes: dict[str, Any] = {}
    add: bool = False
    delete: bool = False
    restricted: bool = False


class Restoration(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /sandbox/restore: one account."""

    account: str


async def index(request: Request) -> Response:
    """Show what the sandbox is, its state and its knobs."""
    world: World = request.app.state.world
    return show(
        "index.html",
        issuer=issuer_of(request),
        accounts=world.accounts,
        knobs=[(note, getattr(world.knobs, note.name)) for note in describe()],
        state=picture_of(world),
        oddities=get_args(Oddity),
        controls=[(method, route.path, _first_line(route)) for route in CONTROLS for method in _methods(route)],
    )


async def show_state(request: Request) -> Response:
    """Counts of everything that happened, the grants and the knobs."""
    return _json(picture_of(request.app.state.world))


async def show_requests(request: Request) -> Response:
    """The last requests, newest first, without the values of secrets."""
    world: World = request.app.state.world
    return _json([asdict(seen) | {"at": seen.at.isoformat()} for seen in world.journal.recent()])


async def reset_counts(request: Request) -> Response:
    """Forget counts, recent requests, faults on order and the rate limit's windows."""
    world: World = request.app.state.world
    world.journal.forget()
    world.faults.clear()
    world.budget.forget()
    return _json({"reset": True})


async def turn_knobs(request: Request) -> Response:
    """Set knobs: {"rotation": "keep", …}."""
    world: World = request.app.state.world
    return _json(world.turn(**await _read(request, dict[str, Any])))


async def register(request: Request) -> Response:
    """Register an application: {"name", "redirect_uri", "url"?, "kind"?}."""
    world: World = request.app.state.world
    new = await _read(request, NewApplication)
    application = world.register(name=new.name, redirect_uri=new.redirect_uri, url=new.url, kind=new.kind)
    return _json(_application(application), status=201)


async def add_secret(request: Request) -> Response:
    """Make one more client secret for an application; the others stay valid."""
    world: World = request.app.state.world
    return _json({"client_secret": world.applications.add_secret(request.path_params["client_id"])}, status=201)


async def remove_secret(request: Request) -> Response:
    """Make one client secret invalid: {"client_secret"}."""
    world: World = request.app.state.world
    old = await _read(request, OldSecret)
    removed = world.applications.remove_secret(request.path_params["client_id"], old.client_secret)
    return _json({"removed": removed})


async def expire(request: Request) -> Response:
    """Let all access tokens expire now, or one: {"access_token"?}."""
    world: World = request.app.state.world
    return _json({"expired": world.expire_access_tokens((await _read(request, Expiry)).access_token)})


async def withdraw(request: Request) -> Response:
    """Withdraw a consent, as a user does in their preferences: {"grant": id} or {"user": name}."""
    world: World = request.app.state.world
    wanted = await _read(request, Withdrawal)
    if wanted.grant is not None:
        world.grants.end(wanted.grant, "withdrawn by the user")
        return _json({"ended": 1})
    return _json({"ended": world.withdraw(wanted.user or "")})


async def deactivate(request: Request) -> Response:
    """Deactivate a user: their tokens stop working."""
    return _set_active(request, active=False)


async def activate(request: Request) -> Response:
    """Bring a deactivated user back."""
    return _set_active(request, active=True)


async def order_fault(request: Request) -> Response:
    """Order a fault for the next calls: {"kind": "slow"|"fail"|"drop"|"odd", "target", "calls"?, "probability"?, …}."""
    world: World = request.app.state.world
    world.faults.order(_FAULT.decode(await read_body(request)))
    return _json({"waiting": len(world.faults.waiting())}, status=201)


async def clear_faults(request: Request) -> Response:
    """Forget the faults on order."""
    world: World = request.app.state.world
    world.faults.clear()
    return _json({"waiting": 0})


async def change_record(request: Request) -> Response:
    """Change, add or delete a record behind the API: {"path", "id", "changes"?, "add"?, "delete"?, "restricted"?}."""
    world: World = request.app.state.world
    change = await _read(request, Change)
    collection = world.crm(change.account)[change.path]
    at = stamp(world.clock.now())
    if change.delete:
        collection.remove(change.id, at=at, restricted=change.restricted)
        return _json({"deleted": change.id})
    if change.add:
        return _json(collection.add({"createdAt": at, "updatedAt": at, **change.changes, "id": change.id}).decode())
    return _json(collection.change(change.id, change.changes, at=at).decode())


async def restore(request: Request) -> Response:
    """Set the records of an account back to how they began: {"account"}."""
    world: World = request.app.state.world
    wanted = await _read(request, Restoration)
    world.restore(wanted.account)
    return _json({"restored": wanted.account})


def _set_active(request: Request, *, active: bool) -> Response:
    world: World = request.app.state.world
    world.set_active(request.path_params["username"], active=active)
    return _json({"user": request.path_params["username"], "active": active})


def _application(application: Application) -> dict[str, object]:
    return {
        "client_id": application.client_id,
        "client_secret": application.client_secret,
        "name": application.name,
        "redirect_uri": application.redirect_uri,
        "kind": application.kind,
    }


async def _read(request: Request, kind: type[T]) -> T:
    return msgspec.json.decode(await read_body(request) or b"{}", type=kind)


def _json(value: object, *, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(value) + b"\n",
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _guard(control: Control) -> Control:
    """Refuse callers from other sites, and turn what a control raises into an answer."""

    async def guarded(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and origin != issuer_of(request):
            return _json({"message": "The knobs can't be turned from another site."}, status=403)
        try:
            return await control(request)
        except (msgspec.DecodeError, Unreadable, ApplicationRefused) as error:
            return _json({"message": str(error)}, status=422)
        except KeyError as error:
            return _json({"message": f"There is no {error.args[0]} here."}, status=404)

    guarded.__doc__ = control.__doc__
    return guarded


def _control(path: str, control: Control, method: str) -> Route:
    return Route(path, _guard(control), methods=[method])


def _methods(route: Route) -> list[str]:
    return sorted((route.methods or set()) - {"HEAD"})


def _first_line(route: Route) -> str:
    return (route.endpoint.__doc__ or "").partition("\n")[0]


CONTROLS: Final = [
    _control("/sandbox/state", show_state, "GET"),
    _control("/sandbox/requests", show_requests, "GET"),
    _control("/sandbox/reset", reset_counts, "POST"),
    _control("/sandbox/knobs", turn_knobs, "POST"),
    _control("/sandbox/applications", register, "POST"),
    _control("/sandbox/applications/{client_id}/secrets", add_secret, "POST"),
    _control("/sandbox/applications/{client_id}/secrets", remove_secret, "DELETE"),
    _control("/sandbox/expire", expire, "POST"),
    _control("/sandbox/withdraw", withdraw, "POST"),
    _control("/sandbox/users/{username}/deactivate", deactivate, "POST"),
    _control("/sandbox/users/{username}/activate", activate, "POST"),
    _control("/sandbox/faults", order_fault, "POST"),
    _control("/sandbox/faults", clear_faults, "DELETE"),
    _control("/sandbox/records", change_record, "POST"),
    _control("/sandbox/restore", restore, "POST"),
]
ROUTES: Final = [Route("/", index), Route("/sandbox", index), *CONTROLS]
