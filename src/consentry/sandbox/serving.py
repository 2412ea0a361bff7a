"""The sandbox on a real port: in the foreground for people, in a background thread for tests and the demo."""

import ipaddress
import socket
import threading
import time
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from consentry.core.clock import Clock
from consentry.sandbox.asgi import create_app
from consentry.sandbox.front_door import HANG_UP
from consentry.sandbox.knobs import Knobs
from consentry.sandbox.seed import Sizes
from consentry.sandbox.world import World

DEFAULT_PORT: Final = 8401
STANDS_IN_FOR: Final = "capsule"
"""The connector whose outside system the sandbox plays."""
_PATIENCE_SECONDS: Final = 15.0


class NotLoopback(Exception):
    """The sandbox was asked to listen where others reach it, and nobody confirmed that."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"The sandbox lets in anybody who reaches it, so it listens on this machine only, not on {host}. "
            "Choose 127.0.0.1, or confirm with let_anybody_in that others may turn its knobs."
        )


class RunningSandbox:
    """A sandbox in a background thread; leave the context or call `stop` to end it."""

    def __init__(self, world: World, server: uvicorn.Server, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        self.world = world
        self.port = int(port)
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        self._server = server
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name=f"sandbox-{port}", daemon=True
        )  # fmt: skip
        self._thread.start()

    def stop(self) -> None:
        """End the server and wait until it is gone."""
        self.world.hooks.stop()
        self._server.should_exit = True
        self._thread.join(_PATIENCE_SECONDS)

    def wait_until_ready(self) -> None:
        """Return when requests are answered; raises RuntimeError when that doesn't happen in time."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The sandbox did not start. Its log says why.")
            time.sleep(0.002)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    port: int = 0,
    *,
    world: World | None = None,
    seed: int = 1,
    sizes: Sizes | None = None,
    knobs: Knobs | None = None,
    clock: Clock | None = None,
) -> RunningSandbox:
    """Start a sandbox on a loopback port (0: any free one) and return it once it answers.

    Hand in a world, or what a new one is made of.
    """
    world = world or World(seed=seed, sizes=sizes, knobs=knobs, clock=clock)
    running = RunningSandbox(world, _server(world), _bind("127.0.0.1", port))
    running.wait_until_ready()
    return running


def serve(
    host: str = "127.0.0.1", port: int = DEFAULT_PORT, world: World | None = None, *, let_anybody_in: bool = False
) -> None:
    """Serve until interrupted; raises NotLoopback for an address that others reach, unless that is confirmed."""
    if not let_anybody_in and not is_loopback(host):
        raise NotLoopback(host)
    _server(world or World()).run(sockets=[_bind(host, port)])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches that host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _server(world: World) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            create_app(world),
            http=_DroppableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


class _DroppableProtocol(HttpToolsProtocol):
    """Lends each request the means to close its socket without an answer."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        inner = self.app

        async def lend(scope: Any, receive: Any, send: Any) -> None:
            scope[HANG_UP] = self.transport.abort
            await inner(scope, receive, send)

        self.app = lend
