"""Is it alive, is it ready, and what has it counted: for those who keep it running."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from consentry.accounts import KeyScope
from consentry.api.callers import caller_of, header, ip_of
from consentry.api.problems import not_ready
from consentry.app import App
from consentry.core.secret import Secret
from consentry.errors import ConsentryError
from consentry.settings import is_loopback

TickedAt = Callable[[], float | None]
"""Steady seconds of the worker's last complete tick; None before the first."""

LATEST_TICK_SECONDS: Final = 120.0
_DATABASE_SECONDS: Final = 3.0
_SAMPLE: Final = "is the vault open?"
_FORWARDED: Final = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


async def show_health(_: Request) -> Response:
    """Answer that the process lives; nothing else is looked at, so that a slow database doesn't get it killed."""
    return JSONResponse({"status": "alive"})


class Readiness:
    """`GET /readyz`: whether requests should be sent here."""

    def __init__(self, app: App, ticked_at: TickedAt | None) -> None:
        self._app = app
        self._ticked_at = ticked_at

    async def show(self, _: Request) -> Response:
        """Answer 200 when database, vault and worker do their work, else 503 with what doesn't."""
        for check in (self._check_database, self._check_vault, self._check_worker):
            reason = await check()
            if reason:
                return not_ready(reason).response()
        return JSONResponse({"status": "ready"})

    async def _check_database(self) -> str:
        try:
            async with asyncio.timeout(_DATABASE_SECONDS), self._app.database.reading() as connection:
                await connection.execute(select(1))
        except ConsentryError as error:
            return error.message
        except TimeoutError:
            return "The database takes too long to answer."
        return ""

    async def _check_vault(self) -> str:
        vault = self._app.vault
        with contextlib.suppress(ConsentryError):
            if vault.open_alone("readiness", vault.seal_alone("readiness", Secret(_SAMPLE))).reveal() == _SAMPLE:
                return ""
        return "The vault can't seal and open."

    async def _check_worker(self) -> str:
        if self._ticked_at is None:  # another process ticks
            return ""
        ticked_at = self._ticked_at()
        if ticked_at is None:
            return "The worker has just begun."
        silence = self._app.clock.monotonic() - ticked_at
        return f"The worker hasn't ticked for {silence:.0f} seconds." if silence > LATEST_TICK_SECONDS else ""


class Metrics:
    """`GET /metrics`, in the text form of Prometheus."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def show(self, request: Request) -> Response:
        """Answer with every counter of this process: without a key on loopback, from elsewhere with one."""
        if not _is_from_here(request.scope):
            (await caller_of(self._app, request.scope)).require(KeyScope.READ)
        measures = self._app.measures
        measures.budget_left.clear()
        for subject, left in self._app.budgets.left().items():
            measures.budget_left.labels(subject).set(left)
        return Response(generate_latest(measures.registry), media_type=CONTENT_TYPE_LATEST)


def _is_from_here(scope: Scope) -> bool:
    """Tell whether the request began on this machine, and not behind a reverse proxy that merely runs here."""
    return is_loopback(ip_of(scope)) and all(header(scope, name) is None for name in _FORWARDED)
