"""Every page's routes in one list, and the pages for what no route answers."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from consentry.app import App
from consentry.web import (
    audit,
    callback,
    connect,
    consent,
    credential,
    credential_form,
    credentials,
    drawn_files,
    empty,
    new_flow,
    removal,
    settings,
    signin,
)
from consentry.web.door import Door
from consentry.web.mishaps import answer_status

_PAGES = (
    signin,
    credential_form,
    credentials,
    credential,
    removal,
    consent,
    connect,
    callback,
    new_flow,
    empty,
    audit,
    settings,
)


def create_routes(app: App) -> list[BaseRoute]:
    """Return the routes of all pages, to be served at the root of the public URL, after everything else there."""
    door = Door(app)
    routes = [route for page in _PAGES for route in page.routes(door)]
    return [*drawn_files.routes(app), *routes, Route("/{path:path}", _Nowhere(door, routes))]


class _Nowhere:
    """Answers what no route does: 405 where another method would be answered, else 404."""

    def __init__(self, door: Door, routes: Sequence[Route]) -> None:
        self._door = door
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = self._door.stranger(Request(scope, receive))
        methods = {
            method
            for route in self._routes
            if route.matches(scope)[0] is not Match.NONE
            for method in route.methods or ()
        }
        answer = answer_status(visit, 405 if methods else 404)
        if methods:
            answer.headers["Allow"] = ", ".join(sorted(methods))
        await answer(scope, receive, send)


def show_fault(app: App, request: Request) -> Response:
    """Answer with the page for a fault of our own; it needs nothing that could be out of order."""
    return answer_status(Door(app).stranger(request), 500)
