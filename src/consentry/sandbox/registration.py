"""Registering an application, as a person does it on Capsule's developer site: `/clients` and `/clients/new`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from consentry.sandbox.applications import ApplicationRefused
from consentry.sandbox.discovery import issuer_of
from consentry.sandbox.pages import show
from consentry.sandbox.parameters import Unreadable, read_form
from consentry.sandbox.world import World


async def list_applications(request: Request) -> Response:
    """Show the applications that are registered."""
    world: World = request.app.state.world
    return show("applications.html", applications=world.applications.all())


async def ask_for_application(_request: Request) -> Response:
    """Show the empty form."""
    return show("register.html", form={}, error=None)


async def register_application(request: Request) -> Response:
    """Register an application and show its client ID and secret."""
    world: World = request.app.state.world
    try:
        form = await read_form(request)
    except Unreadable as error:
        return show("refused.html", status=400, reason=str(error))
    try:
        application = world.register(
            name=form.get("name", ""),
            url=form.get("url", ""),
            redirect_uri=form.get("redirect_uri", "").strip(),
            kind="installed" if form.get("kind") == "installed" else "web",
        )
    except ApplicationRefused as error:
        return show("register.html", status=422, form=form, error=error)
    return show("registered.html", status=201, application=application, issuer=issuer_of(request))


ROUTES = [
    Route("/clients", list_applications),
    Route("/clients/new", ask_for_application, methods=["GET"]),
    Route("/clients/new", register_application, methods=["POST"]),
]
