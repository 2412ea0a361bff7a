"""The API as one ASGI application: the fast routes stand before the framework, everything passes the same shell."""

import re
from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentry.api import (
    api_keys,
    audit,
    connectors,
    credentials,
    datasets,
    destinations,
    people,
    rows,
    runs,
    sources,
    templates,
    uploads,
)
from consentry.api.document import write_document
from consentry.api.hooks import HookEndpoint
from consentry.api.operations import Metrics, Readiness, TickedAt, show_health
from consentry.api.problems import (
    Problem,
    method_not_allowed,
    no_such_address,
    problem_of,
    unexpected,
)
from consentry.api.proxy import Proxy
from consentry.api.routing import IdConvertor, field_errors
from consentry.api.shell import Shell
from consentry.api.token import TokenEndpoint
from consentry.app import App
from consentry.connectors import ADDRESS_PATH
from consentry.errors import ConsentryError, InvalidInput, Unreadable

_NOUNS: Final = (
    *(connectors, credentials, templates, sources, datasets, destinations, uploads, runs, rows),
    *(api_keys, people, audit),
)
_OPERATIONS: Final = frozenset(["/openapi.json", "/healthz", "/readyz", "/metrics"])
_TOKEN: Final = re.compile(r"/api/v1/credentials/([0-9]{1,30})/token")
_HOOK: Final = re.compile(r"/hooks/([A-Za-z0-9_-]{1,200})")
_PROXY: Final = re.compile(rb"/api/v1/credentials/([0-9]{1,30})/proxy(?:/(.*))?", re.DOTALL)
_read_id: Final = IdConvertor().convert


def is_api_path(path: str) -> bool:
    """Tell whether an address is the API's to answer, also with 404."""
    return path in _OPERATIONS or path == "/api" or path.startswith(("/api/", ADDRESS_PATH))


def create_api(app: App, ticked_at: TickedAt | None = None) -> ASGIApp:
    """Return the API over the joined rooms; ``ticked_at`` tells of the worker, where this process has one."""
    dispatch = _Dispatch(app, _create_framework(app, ticked_at))
    return Shell(ServerErrorMiddleware(dispatch, handler=_answer_unexpected), app.randomness)


class _Dispatch:
    """Sends a request to the fast routes, or on to the framework."""

    def __init__(self, app: App, framework: FastAPI) -> None:
        self._token = TokenEndpoint(app)
        self._proxy = Proxy(app)
        self._hooks = HookEndpoint(app)
        self._framework = framework

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if path.endswith("/token") and (found := _TOKEN.fullmatch(path)):
                await self._answer_token(scope, receive, send, _read_id(found[1]))
                return
            if path.startswith(ADDRESS_PATH) and (told := _HOOK.fullmatch(path)):
                await self._hooks.answer(scope, receive, send, told[1])
                return
            raw = scope["raw_path"].removeprefix(scope.get("root_path", "").encode())
            if b"/proxy" in raw and (proxied := _PROXY.fullmatch(raw)):
                await self._proxy.answer(scope, receive, send, _read_id(proxied[1].decode()), proxied[2] or b"")
                return
            scope, send = _head_as_get(scope), _unstored(send)
        await self._framework(scope, receive, send)

    async def _answer_token(self, scope: Scope, receive: Receive, send: Send, credential_id: int) -> None:
        if scope["method"] == "POST":
            await self._token.answer(scope, receive, send, credential_id)
        else:
            await method_not_allowed(["POST"]).response()(scope, receive, send)


def _head_as_get(scope: Scope) -> Scope:
    """Answer HEAD as GET; the server leaves the body out (RFC 9110 §9.3.2)."""
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _unstored(send: Send) -> Send:
    """Let no cache keep an answer: all of them are somebody's."""

    async def send_unstored(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"cache-control", b"no-store")]
        await send(message)

    return send_unstored


def _create_framework(app: App, ticked_at: TickedAt | None) -> FastAPI:
    api = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: f"{route.name}_{str(route.tags[0]).replace(' ', '_').lower()}",
        exception_handlers={
            ConsentryError: _answer_ours,
            RequestValidationError: _answer_fields,
            HTTPException: _answer_http,
            Exception: _answer_unexpected,
        },
    )
    api.state.consentry = app
    for noun in _NOUNS:
        api.include_router(noun.router)
    api.add_route("/healthz", show_health, include_in_schema=False)
    api.add_route("/readyz", Readiness(app, ticked_at).show, include_in_schema=False)
    api.add_route("/metrics", Metrics(app).show, include_in_schema=False)
    api.add_route("/openapi.json", _document_route(api, app), include_in_schema=False)
    return api


def _document_route(api: FastAPI, app: App) -> Callable[[Request], Any]:
    written: list[bytes] = []

    async def show_document(_: Request) -> Response:
        if not written:
            names = [connector.name for connector in app.catalogue.list()]
            written.append(write_document(api, app.settings.public_url, names))
        return Response(written[0], media_type="application/json")

    return show_document


async def _answer_ours(_: Request, error: Exception) -> Response:
    return _problem(error).response()


async def _answer_fields(_: Request, error: Exception) -> Response:
    fields = field_errors(error) if isinstance(error, RequestValidationError) else ()
    return problem_of(InvalidInput(*fields)).response()


async def _answer_http(request: Request, error: Exception) -> Response:
    """Answer what the framework raises: unknown addresses and methods, and bodies that it couldn't read."""
    if isinstance(error.__cause__, ConsentryError):
        return problem_of(error.__cause__).response()
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        return method_not_allowed(_methods_at(request)).response()
    if status == 400:
        return problem_of(Unreadable()).response()
    return (no_such_address() if status == 404 else unexpected()).response()


async def _answer_unexpected(_: Request, error: Exception) -> Response:
    return unexpected().response()


def _problem(error: Exception) -> Problem:
    return problem_of(error) if isinstance(error, ConsentryError) else unexpected()


def _methods_at(request: Request) -> set[str]:
    """Return every method of an address; the framework keeps one route for each."""
    methods: set[str] = set()
    for route in (*request.app.routes, *(route for noun in _NOUNS for route in noun.router.routes)):
        if isinstance(route, Route | APIRoute) and route.path_regex.match(request.scope["path"]):
            methods |= route.methods or set()
    return methods | ({"HEAD"} if "GET" in methods else set())
