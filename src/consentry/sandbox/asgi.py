"""Joins the faces of the sandbox to one application: OAuth, API, pages, knobs."""

from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from consentry.sandbox import controls, hooks_api, registration
from consentry.sandbox.api import answer_api
from consentry.sandbox.authorise import decide, show_authorise
from consentry.sandbox.discovery import answer_keys, answer_metadata, answer_userinfo
from consentry.sandbox.front_door import FrontDoor
from consentry.sandbox.pages import answer_style
from consentry.sandbox.revoke import DISCOVERY, DOCUMENTED, answer_revoke
from consentry.sandbox.token import answer_token
from consentry.sandbox.world import World

_EVERY_METHOD: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(world: World) -> Starlette:
    """Make the application around a world."""
    app = Starlette(
        routes=[
            Route("/oauth/authorise", show_authorise, methods=["GET"]),
            Route("/oauth/authorise", decide, methods=["POST"]),
            Route("/oauth/token", answer_token, methods=["POST"]),
            Route(DOCUMENTED, answer_revoke, methods=["POST"]),
            Route(DISCOVERY, answer_revoke, methods=["POST"]),
            Route("/oauth/userinfo", answer_userinfo, methods=["GET", "POST"]),
            Route("/.well-known/oauth-authorization-server", answer_metadata),
            Route("/.well-known/openid-configuration", answer_metadata),
            Route("/.well-known/jwks.json", answer_keys),
            *hooks_api.ROUTES,
            Route("/api/v2/{path:path}", answer_api, methods=_EVERY_METHOD),
            Route("/sandbox/style.css", answer_style),
            *registration.ROUTES,
            *controls.ROUTES,
        ],
        middleware=[Middleware(FrontDoor, world=world)],
        exception_handlers={404: _not_found, 405: _not_allowed},
    )
    app.router.redirect_slashes = False
    app.state.world = world
    return app


async def _not_found(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"message": "Could not find resource"}, status_code=404)


async def _not_allowed(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"message": "Method not allowed"}, status_code=405)
