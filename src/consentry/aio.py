"""The library for programs that await: the same names as ``consentry`` itself has."""

from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import SecretStr

from consentry import settings
from consentry.desk import (
    CredentialView,
    Desk,
    DestinationView,
    Lent,
    PreviewView,
    Route,
    RowView,
    RunView,
    SourceView,
    TestView,
    TotalsView,
    TroubleView,
    follow,
    open_desk,
)
from consentry.errors import CallerError
from consentry.given_rows import Rows, hand_in, taken
from consentry.streams import Stream

if TYPE_CHECKING:
    import httpx2

    from consentry.lending import Bearer

__all__ = ["Credential", "Destination", "Hub", "Run", "Source", "Stream", "open"]

TIMEOUT_SECONDS: Final = 30.0
WAIT_SECONDS: Final = 3600.0  # for the rate budget, which is often renewed hourly


class Named:
    """What was looked up by its name or id: a credential, a source or a destination."""

    def __init__(self, desk: Desk, view: CredentialView | SourceView | DestinationView) -> None:
        self._desk = desk
        self._view = view

    @property
    def id(self) -> int:
        """The id, which stays whatever else changes."""
        return self._view.id

    @property
    def name(self) -> str:
        """The name that it had when it was looked up."""
        return self._view.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id}, name={self.name!r})"


class Credential(Named):
    """One credential, ready to be used."""

    def __init__(self, desk: Desk, view: CredentialView, route: Route) -> None:
        super().__init__(desk, view)
        self.route: Final = route

    @property
    async def status(self) -> str:
        """What can be said of it now without asking the provider, such as ``authorized``."""
        return (await self._desk.get(self.id)).status

    async def token(self, *, min_ttl: timedelta | float = 0, force_refresh: bool = False) -> str:
        """Return a fresh access token; ``min_ttl`` is the life it must still have, in seconds if it is a number.

        Raises AuthorizationRequired or ReauthorizationRequired without a grant, RefreshFailing when it has to wait.
        """
        issued = await self._desk.token(self.id, min_ttl=as_timedelta(min_ttl), force=force_refresh)
        return issued.access_token.reveal()

    async def test(self) -> TestView:
        """Ask the provider now whether it works."""
        return await self._desk.test(self.id)

    def auth(self) -> "Bearer":
        """Return an auth object for an HTTP client of your own; it signs requests to the provider only."""
        from consentry.lending import Bearer

        return Bearer(self.route.provider_url, Lending(self._desk, self.id))

    def client(self, *, timeout: float = TIMEOUT_SECONDS, wait: timedelta | float = 0) -> "httpx2.AsyncClient":
        """Return an HTTP client with base URL, bearer token, refresh and the shared rate budget.

        ``wait`` is how long a call may wait for the budget, in seconds if it is a number; then it is answered with 429.
        """
        import httpx2

        from consentry.lending import Bearer, Constant
        from consentry.metering import MeteredAsync, prefer

        route, patience = self.route, as_timedelta(wait)
        lender = Constant(route.pass_key) if route.pass_key else Lending(self._desk, self.id)
        plain = httpx2.AsyncHTTPTransport()
        return httpx2.AsyncClient(
            base_url=route.base_url,
            auth=Bearer(route.base_url, lender),
            headers={} if route.meter else prefer(patience),
            timeout=timeout,
            transport=MeteredAsync(plain, route.meter, patience) if route.meter else plain,
        )

    def stream(self, name: str, *, wait: timedelta | float = WAIT_SECONDS) -> Stream:
        """Return a stream, to read records or Arrow tables from; raise NotFound for a name that the connector hasn't.

        ``wait`` is how long a request may wait for the rate budget, in seconds if it is a number.
        """
        connector = self._desk.connector(self._view.connector)
        return Stream(self._desk, self.id, connector, name, as_timedelta(wait))

    def __repr__(self) -> str:
        return f"Credential(id={self.id}, name={self.name!r}, connector={self._view.connector!r})"


class Source(Named):
    """A source, which keeps a dataset up to date."""

    @property
    async def last_run(self) -> RunView | None:
        """The newest run, which may be going on."""
        return (await self.show()).last_run

    async def show(self) -> SourceView:
        """Return everything that is known about it now."""
        return await self._desk.flows.get_source(self.id)

    async def run(self, *, wait: bool = True) -> RunView:
        """Run it now, and return the run once it has ended, or at once; look at its ``status``: nothing is raised.

        Raises Conflict while a run is going on. Who stops waiting, asks the run to end.
        """
        return await _begun(self._desk, await self._desk.flows.run_source(self.id, detached=not wait), wait=wait)


class Destination(Named):
    """A destination, which writes rows into a connector."""

    @property
    async def last_run(self) -> "Run | None":
        """The newest run, which may be going on."""
        last = (await self.show()).last_run
        return None if last is None else Run(self._desk, last)

    async def show(self) -> DestinationView:
        """Return everything that is known about it now."""
        return await self._desk.destinations.get_destination(self.id)

    async def preview(self, rows: Rows | None = None, *, limit: int = 20) -> PreviewView:
        """Return what a run would do, of its own rows or of these; nothing is written."""
        with taken(rows) as given:
            return await self._desk.destinations.preview(self.id, limit=limit, rows=await hand_in(self._desk, given))

    async def run(self, rows: Rows | None = None, *, wait: bool = True) -> "Run":
        """Write its own rows or these, and return the run once it has ended, or at once: nothing is raised for a row.

        ``rows`` are mappings of column to value, or the path of a file. Raises Conflict while a run is going on. Who
        stops waiting, asks the run to end.
        """
        with taken(rows) as given:
            named = await hand_in(self._desk, given)
            begun = await self._desk.destinations.run_destination(self.id, rows=named, detached=not wait)
        return Run(self._desk, await _begun(self._desk, begun, wait=wait))


class Run:
    """A run of a destination, as it was when it was looked at, and its rows as they are."""

    def __init__(self, desk: Desk, view: RunView) -> None:
        self._desk = desk
        self._view = view

    @property
    def view(self) -> RunView:
        """Everything that was known about it."""
        return self._view

    @property
    def id(self) -> int:
        """The id."""
        return self.view.id

    @property
    def status(self) -> str:
        """How it went, such as ``succeeded`` or ``partly_failed``."""
        return self.view.status

    @property
    def succeeded(self) -> bool:
        """Whether every row came through."""
        return self.view.succeeded

    @property
    def counts(self) -> TotalsView:
        """The rows by outcome."""
        return self.view.rows

    @property
    def error(self) -> TroubleView | None:
        """What went wrong with the run as a whole."""
        return self.view.error

    async def rows(self, *, outcome: str | None = None) -> AsyncIterator[RowView]:
        """Yield the rows with their outcomes, their errors and their values; only those with one outcome, if named."""
        async for row in self._desk.destinations.iterate_rows(self.id, outcome=outcome):
            yield row

    async def retry(self, mended: Mapping[int, Mapping[str, Any]] | None = None, *, wait: bool = True) -> "Run":
        """Try the rows again that were refused, failed or never came to their turn, and return that run.

        ``mended`` are other values by the number of the row: all that the row is to hold.
        """
        begun = await self._desk.destinations.retry_run(self.id, mended, detached=not wait)
        return Run(self._desk, await _begun(self._desk, begun, wait=wait))

    def __repr__(self) -> str:
        return f"Run(id={self.id}, status={self.status!r})"


async def _begun(desk: Desk, run_id: int, *, wait: bool) -> RunView:
    """Return a run that was begun, once it has ended or at once."""
    return await (follow(desk.flows, run_id) if wait else desk.flows.get_run(run_id))


class Lending:
    """Lends a credential's token on the loop that the desk was opened on."""

    def __init__(self, desk: Desk, credential_id: int) -> None:
        self._desk = desk
        self._id = credential_id

    def lend_at_once(self) -> Lent | None:
        """Return a fresh token if one is at hand, in microseconds."""
        return self._desk.lend_at_once(self._id)

    async def lend_async(self) -> Lent:
        """Return a fresh token."""
        return await self._desk.lend(self._id)

    async def lend_another_async(self, refused: Lent) -> Lent | None:
        """Return another token after a 401 to this one; None when asking again would not help."""
        return await self._desk.lend_another(self._id, refused)

    def lend(self) -> Lent:
        """Refuse: waiting here would stop the loop that is to do the work."""
        raise CallerError(
            "This credential comes from consentry.aio, and its token has to be awaited.",
            hint="Use an asynchronous client, or consentry.open() for synchronous ones.",
        )

    def lend_another(self, refused: Lent) -> Lent | None:
        """Leave the 401 as it is: waiting here would stop the loop that is to do the work."""


class Hub:
    """The credentials, sources and destinations of one Consentry. Close it, or use it as a context manager."""

    def __init__(self, desk: Desk, stack: AsyncExitStack) -> None:
        self.desk: Final = desk
        self._stack = stack

    async def credential(self, which: str | int) -> Credential:
        """Return the credential of this name or id; raise NotFound, or Conflict when the name fits two."""
        view = await self.desk.get(which)
        return Credential(self.desk, view, await self.desk.route(view))

    async def source(self, which: str | int) -> Source:
        """Return the source of this name or id; raise NotFound, or Conflict when the name fits two."""
        return Source(self.desk, await self.desk.flows.get_source(which))

    async def destination(self, which: str | int) -> Destination:
        """Return the destination of this name or id; raise NotFound, or Conflict when the name fits two."""
        return Destination(self.desk, await self.desk.destinations.get_destination(which))

    async def close(self) -> None:
        """Give back what the hub holds."""
        await self._stack.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"Hub({self.desk.place!r})"


class Opening:
    """A hub that is about to be opened: await it, or enter it."""

    def __init__(self, found: settings.Settings) -> None:
        self._settings = found
        self._hub: Hub | None = None

    def __await__(self) -> Generator[Any, None, Hub]:
        return self._open().__await__()

    async def __aenter__(self) -> Hub:
        self._hub = await self._open()
        return self._hub

    async def __aexit__(self, *_: object) -> None:
        if self._hub is not None:
            await self._hub.close()

    async def _open(self) -> Hub:
        async with AsyncExitStack() as stack:
            desk = await stack.enter_async_context(open_desk(self._settings, face="library"))
            return Hub(desk, stack.pop_all())


def open(  # noqa: A001 - consentry.aio.open reads as what it does
    home: str | Path | None = None, *, url: str | None = None, api_key: str | None = None
) -> Opening:
    """Open the local home, or the server that ``url`` or CONSENTRY_URL names: ``await`` it or use ``async with``."""
    return Opening(choose(home, url, api_key))


def as_timedelta(value: timedelta | float) -> timedelta:
    """Read a length of time that may be given in seconds."""
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


def choose(home: str | Path | None, url: str | None, api_key: str | None) -> settings.Settings:
    """Return the settings for what was asked; raise CallerError when both a home and a server are named."""
    if home is not None and url is not None:
        raise CallerError("Both a home and a server are named.", hint="Name one of them.")
    if home is not None:
        return settings.load(home=Path(home), url=None, api_key=None)
    overrides: dict[str, object] = {}
    if url is not None:
        overrides["url"] = url
    if api_key is not None:
        overrides["api_key"] = SecretStr(api_key)
    return settings.load(**overrides)
