"""Every page's routes in one list, and the pages for what no route answers."""

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
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
    dataset,
    destination,
    destination_edit,
    destinations,
    drawn_files,
    new_flow,
    removal,
    run_rows,
    runs,
    settings,
    signin,
    source,
    source_edit,
    sources,
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
    sources,
    source,
    source_edit,
    dataset,
    destinations,
    destination,
    destination_edit,
    runs,
    run_rows,
    audit,
    settings,
)


def create_web(app: App) -> Starlette:
    """Return the pages, to be served at the root of the public URL, after everything else there."""
    door = Door(app)
    routes = [route for page in _PAGES for route in page.routes(door)]

    async def last_resort(request: Request, _error: Exception) -> Response:
        """Answer for a fault of our own; the server logs it, and this needs nothing that could be out of order."""
        return answer_status(door.stranger(request), 500)

    return Starlette(
        routes=[*drawn_files.routes(app), *routes, Route("/{path:path}", _Nowhere(door, routes))],
        exception_handlers={Exception: last_resort},
    )


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
