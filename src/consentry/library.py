"""The library for programs that don't await: a hub does its work on an event loop in a thread of its own.

Every object here may be used from any thread. After a fork, open a hub of its own in the child.
"""

import asyncio
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from consentry import aio
from consentry.background import Background
from consentry.desk import Lent, Meter, RunView, SourceView, TestView
from consentry.destinations import Destination, Run

if TYPE_CHECKING:
    import httpx2
    import pyarrow as pa

    from consentry import streams
    from consentry.lending import Bearer

__all__ = ["Credential", "Destination", "Hub", "Run", "Source", "Stream", "open"]


class Credential:
    """One credential, ready to be used."""

    def __init__(self, hub: "Hub", inner: aio.Credential) -> None:
        self._inner = inner
        self._background = hub.background
        self._lending = Lending(hub, inner.id)

    @property
    def id(self) -> int:
        """The id, which stays whatever else changes."""
        return self._inner.id

    @property
    def name(self) -> str:
        """The name that it had when it was looked up."""
        return self._inner.name

    @property
    def status(self) -> str:
        """What can be said of it now without asking the provider, such as ``authorized``."""

        async def ask() -> str:
            return await self._inner.status

        return self._background.run(ask())

    def token(self, *, min_ttl: timedelta | float = 0, force_refresh: bool = False) -> str:
        """Return a fresh access token; ``min_ttl`` is the life it must still have, in seconds if it is a number.

        Raises AuthorizationRequired or ReauthorizationRequired without a grant, RefreshFailing when it has to wait.
        """
        if not min_ttl and not force_refresh:
            return (self._lending.lend_at_once() or self._lending.lend()).access_token.reveal()
        return self._background.run(self._inner.token(min_ttl=min_ttl, force_refresh=force_refresh))

    def test(self) -> TestView:
        """Ask the provider now whether it works."""
        return self._background.run(self._inner.test())

    def auth(self) -> "Bearer":
        """Return an auth object for an HTTP client of your own; it signs requests to the provider only."""
        from consentry.lending import Bearer

        return Bearer(self._inner.route.provider_url, self._lending)

    def client(self, *, timeout: float = aio.TIMEOUT_SECONDS, wait: timedelta | float = 0) -> "httpx2.Client":
        """Return an HTTP client with base URL, bearer token, refresh and the shared rate budget.

        ``wait`` is how long a call may wait for the budget, in seconds if it is a number; then it is answered with 429.
        """
        import httpx2

        from consentry.lending import Bearer, Constant
        from consentry.metering import Metered, prefer

        route, patience = self._inner.route, aio.as_timedelta(wait)
        lender = Constant(route.pass_key) if route.pass_key else self._lending
        plain = httpx2.HTTPTransport()
        return httpx2.Client(
            base_url=route.base_url,
            auth=Bearer(route.base_url, lender),
            headers={} if route.meter else prefer(patience),
            timeout=timeout,
            transport=Metered(plain, partial(self._lending.spend, route.meter), patience) if route.meter else plain,
        )

    def stream(self, name: str, *, wait: timedelta | float = aio.WAIT_SECONDS) -> "Stream":
        """Return a stream, to read records or Arrow tables from; raise NotFound for a name that the connector hasn't.

        ``wait`` is how long a request may wait for the rate budget, in seconds if it is a number.
        """
        return Stream(self._background, self._inner.stream(name, wait=wait))

    def __repr__(self) -> str:
        return repr(self._inner)


class Stream:
    """One readable collection. Nothing is kept: each reading asks the provider anew."""

    def __init__(self, background: Background, inner: "streams.Stream") -> None:
        self._background = background
        self._inner = inner

    @property
    def name(self) -> str:
        """The name, which its table in a dataset has too."""
        return self._inner.name

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the records page by page, as the provider's API spells them."""
        pages = self._inner.pages()

        async def following() -> list[dict[str, Any]] | None:
            return await anext(pages, None)

        while (records := self._background.run(following())) is not None:
            yield records

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for records in self.pages():
            yield from records

    def tables(self) -> "dict[str, pa.Table]":
        """Read everything, and return it as a dataset has it: the stream's own table, and one for each nested list."""
        return self._background.run(self._inner.tables())

    def arrow(self) -> "pa.Table":
        """Read everything, and return the stream's own table, typed as in a dataset."""
        return self._background.run(self._inner.arrow())

    def __repr__(self) -> str:
        return repr(self._inner)


class Source:
    """A source, which keeps a dataset up to date."""

    def __init__(self, hub: "Hub", inner: aio.Source) -> None:
        self._hub = hub  # as long as somebody waits for its runs, the hub stays open
        self._inner = inner

    @property
    def id(self) -> int:
        """The id, which stays whatever else changes."""
        return self._inner.id

    @property
    def name(self) -> str:
        """The name that it had when it was looked up."""
        return self._inner.name

    @property
    def last_run(self) -> RunView | None:
        """The newest run, which may be going on."""
        return self.show().last_run

    def show(self) -> SourceView:
        """Return everything that is known about it now."""
        return self._hub.background.run(self._inner.show())

    def run(self, *, wait: bool = True) -> RunView:
        """Run it now, and return the run once it has ended, or at once; look at its ``status``: nothing is raised.

        Raises Conflict while a run is going on. Who stops waiting, asks the run to end.
        """
        return self._hub.background.run(self._inner.run(wait=wait))

    def __repr__(self) -> str:
        return repr(self._inner)


class Lending:
    """Lends a credential's token to clients, from whatever thread or loop they run on."""

    def __init__(self, hub: "Hub", credential_id: int) -> None:
        self._hub = hub  # as long as somebody signs requests with it, the hub stays open
        self._background = hub.background
        self._desk = hub.inner.desk
        self._id = credential_id

    def lend_at_once(self) -> Lent | None:
        """Return a fresh token if one is at hand, in microseconds."""
        self._background.check()
        return self._desk.lend_at_once(self._id)

    def lend(self) -> Lent:
        """Return a fresh token, refreshing it first where needed."""
        return self._background.run(self._desk.lend(self._id))

    def lend_another(self, refused: Lent) -> Lent | None:
        """Return another token after a 401 to this one; None when asking again would not help."""
        return self._background.run(self._desk.lend_another(self._id, refused))

    async def lend_async(self) -> Lent:
        """Return a fresh token to a client on another loop."""
        return await asyncio.wrap_future(self._background.begin(self._desk.lend(self._id)))

    async def lend_another_async(self, refused: Lent) -> Lent | None:
        """Return another token after a 401 to this one, to a client on another loop."""
        return await asyncio.wrap_future(self._background.begin(self._desk.lend_another(self._id, refused)))

    @contextmanager
    def spend(self, meter: Meter, wait: timedelta) -> Iterator["_Heard"]:
        """Begin a call on the budget, which is kept on the hub's loop alone."""
        spending = meter.spend(wait)
        call, heard = self._background.run(spending.__aenter__()), _Heard()

        async def end(error: BaseException | None) -> None:
            if heard.status is not None:
                call.learn(heard.status, heard.header)
            await spending.__aexit__(type(error) if error else None, error, None)

        try:
            yield heard
        except BaseException as error:
            with suppress(type(error)):
                self._background.run(end(error))
            raise
        self._background.run(end(None))


class _Heard:
    """What an answer said, until it can be told on the hub's loop."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.header: Callable[[str], str | None] = lambda _: None

    def learn(self, status: int, header: Callable[[str], str | None]) -> None:
        """Keep it."""
        self.status, self.header = status, header


class Hub:
    """The credentials, sources and destinations of one Consentry. Close it, or use it as a context manager."""

    def __init__(self, background: Background, inner: aio.Hub) -> None:
        self.background: Final = background
        self.inner: Final = inner
        self._end = weakref.finalize(self, background.close, inner.close)

    def credential(self, which: str | int) -> Credential:
        """Return the credential of this name or id; raise NotFound, or Conflict when the name fits two."""
        return Credential(self, self.background.run(self.inner.credential(which)))

    def source(self, which: str | int) -> Source:
        """Return the source of this name or id; raise NotFound, or Conflict when the name fits two."""
        return Source(self, self.background.run(self.inner.source(which)))

    def destination(self, which: str | int) -> Destination:
        """Return the destination of this name or id; raise NotFound, or Conflict when the name fits two."""
        return Destination(self, self.background.run(self.inner.destination(which)))

    def close(self) -> None:
        """Give back what the hub holds; it also happens when the program ends."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self.inner)


def open(  # noqa: A001 - consentry.open reads as what it does
    home: str | Path | None = None, *, url: str | None = None, api_key: str | None = None
) -> Hub:
    """Open the local home, or the server that ``url`` or CONSENTRY_URL names."""
    opening = aio.open(home, url=url, api_key=api_key)
    background = Background("consentry hub")

    async def enter() -> aio.Hub:
        return await opening

    try:
        return Hub(background, background.run(enter()))
    except BaseException:
        background.close()
        raise
