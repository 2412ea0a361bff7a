"""What one process remembers: fresh access tokens, and the refreshes under way that callers share."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from consentry.credentials.model import CredentialId, IssuedToken


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedToken:
    """A token, with what it takes to judge whether it is fresh."""

    token: IssuedToken
    lifetime: timedelta
    good_until: datetime  # the end of its life less the margin: until then it is handed out without a thought
    can_refresh: bool  # whether the grant came with a refresh token


@dataclass(frozen=True, slots=True, kw_only=True)
class Birth:
    """A token that was fetched because the provider refused the one before it."""

    name: tuple[int, int]  # grant and version
    at: float  # steady seconds


class TokenCache:
    """Tokens that were read a moment ago; forgets at once what others change. Safe to use from any thread."""

    def __init__(self) -> None:
        self._tokens: dict[int, CachedToken] = {}
        self._forgotten = 0
        self._lock = threading.Lock()
        self.born_of_refusal: dict[int, Birth] = {}
        self.used: dict[int, datetime] = {}  # when a token was last handed out, until upkeep writes it down

    def find(self, credential_id: int) -> CachedToken | None:
        """Return what is remembered."""
        return self._tokens.get(credential_id)

    def ticket(self) -> int:
        """Return a number to be had before reading the database, for ``put``."""
        return self._forgotten

    def put(self, credential_id: CredentialId, token: CachedToken, ticket: int) -> None:
        """Remember a token, unless something was forgotten since the ticket was drawn: then it may be old already."""
        with self._lock:
            if ticket == self._forgotten:
                self._tokens[credential_id] = token

    def note_birth(self, credential_id: int, name: tuple[int, int], at: float) -> None:
        """Remember that a token was fetched because the one before it was refused."""
        self.born_of_refusal[credential_id] = Birth(name=name, at=at)

    def forget(self, subject: str | None) -> None:
        """Forget what a change has made doubtful; None means everything."""
        if subject is not None and not subject.startswith("credential:"):
            return
        with self._lock:
            self._forgotten += 1
            if subject is None:
                self._tokens.clear()
            else:
                self._tokens.pop(int(subject.removeprefix("credential:")), None)


class Flights:
    """One piece of work a credential at a time in this process; whoever comes later joins it."""

    def __init__(self) -> None:
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._aside: set[asyncio.Task[Any]] = set()

    def find(self, credential_id: int) -> asyncio.Task[IssuedToken] | None:
        """Return the refresh under way, if there is one."""
        return self._tasks.get(credential_id)

    def begin(
        self, credential_id: int, work: Callable[[], Coroutine[Any, Any, IssuedToken]]
    ) -> asyncio.Task[IssuedToken]:
        """Begin the work, or join the one that is under way; it goes on when its callers give up."""
        task = self._tasks.get(credential_id)
        if task is None:
            task = asyncio.create_task(work(), name=f"refresh of credential {credential_id}")
            self._tasks[credential_id] = task
            task.add_done_callback(lambda done: self._land(credential_id, done))
        return task

    def _land(self, credential_id: int, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(credential_id, None)
        if not task.cancelled():
            task.exception()  # seen; whoever waited was told

    async def run_aside(self, work: Coroutine[Any, Any, Any], *, patience: float) -> None:
        """Begin work that goes on by itself, and wait for it only so many seconds; its errors are its own matter."""
        task = asyncio.create_task(work, name="errand")
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait({task}, timeout=patience)

    async def close(self, patience: float) -> None:
        """Let what is under way land; after so many seconds give up, the journal keeps what is left."""
        under_way = [*self._tasks.values(), *self._aside]
        if under_way:
            await asyncio.wait(under_way, timeout=patience)
        for task in [task for task in under_way if not task.done()]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
