"""What the token endpoint is held against: a bare Starlette route that returns a constant, on the same server."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BODY = b'{"access_token":"0123456789abcdef0123456789abcdef","token_type":"Bearer","expires_at":"2026-01-01T00:00:00Z"}'


async def answer(_: Request) -> Response:
    return Response(BODY, media_type="application/json")


if __name__ == "__main__":
    app = Starlette(routes=[Route("/token", answer, methods=["POST"])])
    uvicorn.run(app, port=int(sys.argv[1]), http="httptools", loop="uvloop", log_level="warning", access_log=False)
