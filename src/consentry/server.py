"""Everything in one process: pages, API and worker on one event loop; or several such processes behind one socket."""

import asyncio
import contextlib
import resource
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from starlette.types import Receive, Scope, Send

from consentry import accounts, api, web
from consentry import app as composition
from consentry.app import App
from consentry.core import log, loop
from consentry.core.process import collect_rarely, keep_what_is_there
from consentry.errors import SettingWrong
from consentry.settings import Settings
from consentry.worker import Worker, working

_GRACE_SECONDS: Final = 30
_RESTARTS_AT_MOST: Final = 20
_BACKLOG: Final = 2048
_LOOK_SECONDS: Final = 0.2

logger = log.get_logger("server")


class Faces:
    """One address for both faces: the API where its addresses are, pages everywhere else.

    Behind a reverse proxy that serves us below a path, requests are understood with that path and without it.
    """

    def __init__(self, app: App, worker: Worker) -> None:
        self._api = api.create_api(app, ticked_at=lambda: worker.ticked_at)
        self._web = web.create_web(app)
        self._below = urlsplit(app.settings.public_url).path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the face whose address it is."""
        if scope["type"] != "http":
            return
        if self._below and (scope["path"] + "/").startswith(self._below + "/"):
            raw = scope["raw_path"].removeprefix(self._below.encode()) or b"/"
            scope = {**scope, "path": scope["path"].removeprefix(self._below) or "/", "raw_path": raw}
        await (self._api if api.is_api_path(scope["path"]) else self._web)(scope, receive, send)


async def serve(settings: Settings, listener: socket.socket, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve on a socket until SIGTERM or SIGINT; requests and refreshes under way are let finish."""
    _forbid_core_dumps()
    async with composition.open(settings) as app:
        await accounts.create_person_of_settings(app.accounts, settings)
        async with working(app) as worker:
            config = uvicorn.Config(
                Faces(app, worker),
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),  # the caller's address alone; links never follow headers
                forwarded_allow_ips=settings.trusted_proxies,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                timeout_keep_alive=20,
            )
            server = _Announcing(config, on_ready)
            await server.serve(sockets=[listener])


class _Announcing(uvicorn.Server):
    """Says when it listens; told to stop, it only stops listening, so that the rooms can be closed after it."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        keep_what_is_there()
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop. Uvicorn's own way raises the signal again at the end, which would end the process at once."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def listen(settings: Settings) -> socket.socket:
    """Open the socket to listen on; raise SettingWrong when the address can't be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise SettingWrong(
            f"Consentry can't listen on {settings.host}, port {settings.port}: {reason}.",
            hint="Stop what uses the port, or choose another with CONSENTRY_PORT.",
        ) from error
    listener.listen(_BACKLOG)
    listener.set_inheritable(True)
    return listener


def run(settings: Settings, *, workers: int = 1, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until told to stop: in this process, or with several workers in processes of their own."""
    log.configure(settings.log_format, settings.log_level)
    with contextlib.closing(listen(settings)) as listener:
        if workers == 1:
            _run_one(settings, listener, on_ready)
        else:
            _run_many(settings, listener, workers, on_ready)


def _run_one(settings: Settings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    loop.run(serve(settings, listener, on_ready))


def _child(settings: Settings, listener: socket.socket) -> None:
    collect_rarely()
    log.configure(settings.log_format, settings.log_level)
    _run_one(settings, listener, lambda: None)


def _run_many(settings: Settings, listener: socket.socket, workers: int, on_ready: Callable[[], None]) -> None:
    """Keep several processes on one socket; one that dies is replaced, within bounds."""
    asyncio.run(_prepare(settings))
    crew = _Crew(settings, listener, workers)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: crew.stop())
    on_ready()
    try:
        while crew.is_complete():
            time.sleep(_LOOK_SECONDS)
    finally:
        crew.end()


class _Crew:
    """The worker processes, and how many of them had to be replaced."""

    def __init__(self, settings: Settings, listener: socket.socket, size: int) -> None:
        self._begin_with = (settings, listener)
        self._context = get_context("spawn")
        self._stopping = False
        self._replaced = 0
        self._processes = [self._begin() for _ in range(size)]

    def stop(self) -> None:
        """Replace nobody any more."""
        self._stopping = True

    def is_complete(self) -> bool:
        """Replace who has died; False when it is time to end."""
        for place, process in enumerate(self._processes):
            if self._stopping or process.is_alive():
                continue
            self._replaced += 1
            logger.error("a worker process ended", exit_code=process.exitcode, replaced=self._replaced)
            if self._replaced > _RESTARTS_AT_MOST:
                raise SystemExit(1)
            self._processes[place] = self._begin()
        return not self._stopping

    def end(self) -> None:
        """Have every process finish what is under way, and end the ones that don't."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join(_GRACE_SECONDS + 15)
            if process.is_alive():
                process.kill()

    def _begin(self) -> BaseProcess:
        process = self._context.Process(target=_child, args=self._begin_with, name="consentry worker")
        process.start()
        return process


async def _prepare(settings: Settings) -> None:
    """Open the home once before several processes do, so that what is wrong is said once and migrations are done."""
    async with composition.open(settings):
        return


def _forbid_core_dumps() -> None:
    """A core dump would hold the secrets that are in memory."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
