"""What pages are drawn with: the stylesheet, the scripts, the icons, and the connectors' logos."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from consentry.app import App
from consentry.web.drawing import STATIC

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cache-Control": "no-cache",  # asked again each time, and answered with 304: a new release shows at once
}


class Static(StaticFiles):
    """Our own files, with the headers that keep browsers in check."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file."""
        answer = await super().get_response(path, scope)
        answer.headers.update(_HEADERS)
        return answer


def routes(app: App) -> Sequence[BaseRoute]:
    """Return the routes of what pages are drawn with; anybody may fetch it."""

    async def logo(request: Request) -> Response:
        connector = app.catalogue.find(str(request.path_params["name"]))
        if connector is None:
            return Response(status_code=404, headers=_HEADERS)
        return FileResponse(connector.logo, media_type="image/svg+xml", headers=_HEADERS)

    return (Mount("/static", Static(directory=STATIC), name="static"), Route("/logos/{name}.svg", logo))
