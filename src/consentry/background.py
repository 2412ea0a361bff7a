"""An event loop in a thread of its own, on which callers without one have their work done."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from consentry.errors import CallerError

T = TypeVar("T")
_PATIENCE_SECONDS: Final = 10.0


class Background:
    """One loop, one thread; any thread may hand it work. It doesn't outlive a fork."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._pid = os.getpid()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def check(self) -> None:
        """Go on only in the process that opened it, while it is open; raise CallerError otherwise."""
        if os.getpid() != self._pid:
            raise CallerError(
                "This hub was opened before the process was forked.", hint="Open a hub of its own in each process."
            )
        if self._closed:
            raise CallerError("This hub is closed.", hint="Open another one with consentry.open().")

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Hand over work, and return its future."""
        try:
            self.check()
        except CallerError:
            work.close()
            raise
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Hand over work and wait for what comes of it."""
        if threading.current_thread() is self._thread:
            work.close()
            raise CallerError("This hub can't be waited for on its own loop.", hint="Use consentry.aio there.")
        future = self.begin(work)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # no effect on work that is done; a caller who was interrupted takes theirs along
            raise

    def close(self, last: Callable[[], Coroutine[Any, Any, None]] | None = None) -> None:
        """Do the last work and end the thread; in a forked child, where there is no such thread, do nothing."""
        if self._closed or os.getpid() != self._pid:
            return
        self._closed = True
        if last is None:
            self._loop.call_soon_threadsafe(self._loop.stop)
        else:
            future = asyncio.run_coroutine_threadsafe(last(), self._loop)
            future.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._loop.stop))
        if threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE_SECONDS)
