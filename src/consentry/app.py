"""The composition root: the one place that chooses concrete things. It holds and joins the rooms; it doesn't work."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from consentry import accounts, credentials, flows
from consentry.audit import Trail, Uses
from consentry.connectors import Catalogue
from consentry.core.clock import Clock, SystemClock
from consentry.core.ids import Randomness, SystemRandomness
from consentry.core.process import name_of_this_process
from consentry.core.steps import NoSteps, Steps
from consentry.credentials import Flights, Spool, TokenCache
from consentry.measures import Measures
from consentry.outbound import Budgets, Outbound, SharedLedger
from consentry.settings import Settings
from consentry.storage import Changes, Database, connect, migrate
from consentry.vault import Vault, open_keyring

_LANDING_SECONDS = 35.0


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Every room, joined. Faces receive it; rooms never see it."""

    settings: Settings
    clock: Clock
    randomness: Randomness
    database: Database
    changes: Changes
    vault: Vault
    trail: Trail
    uses: Uses
    outbound: Outbound
    budgets: Budgets
    catalogue: Catalogue
    measures: Measures
    spool: Spool
    accounts: accounts.Room
    credentials: credentials.Room
    flows: flows.Room


@asynccontextmanager
async def open(  # noqa: A001 - app.open reads as what it does
    settings: Settings,
    *,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    steps: Steps | None = None,
) -> AsyncIterator[App]:
    """Open the home: database, keyset, rooms; and close them in the opposite order.

    Raises OperatorError with what to do when a setting, the database or the keyset doesn't let it.
    """
    clock, randomness = clock or SystemClock(), randomness or SystemRandomness()
    catalogue = Catalogue.load(settings.base_urls)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        database = connect(settings.database_address)
        stack.push_async_callback(database.close)
        await migrate(database)
        vault = await open_keyring(settings, database, clock=clock)
        changes = Changes(database)
        await changes.start()
        stack.push_async_callback(changes.stop)
        trail = Trail(clock)
        uses = await stack.enter_async_context(Uses(trail, database, clock))
        outbound = Outbound(settings.base_urls.values())
        stack.push_async_callback(outbound.close)
        budgets = Budgets(SharedLedger(database), clock)
        stack.push_async_callback(budgets.close)
        people = accounts.open_room(database=database, changes=changes, clock=clock, randomness=randomness, trail=trail)
        stack.push_async_callback(accounts.close, people)
        room = credentials.Room(
            database=database,
            changes=changes,
            vault=vault,
            trail=trail,
            uses=uses,
            outbound=outbound,
            budgets=budgets,
            catalogue=catalogue,
            measures=Measures(),
            clock=clock,
            randomness=randomness,
            steps=steps or NoSteps(),
            spool=Spool(settings.home / "spool", vault),
            tokens=TokenCache(),
            flights=Flights(),
            owner=name_of_this_process(),
            public_url=settings.public_url,
            redirect_uri=settings.redirect_uri,
            is_secure=settings.is_secure,
        )
        changes.subscribe(room.tokens.forget)
        runs = flows.Room(
            database=database,
            changes=changes,
            vault=vault,
            trail=trail,
            catalogue=catalogue,
            clock=clock,
            randomness=randomness,
            credentials=room,
            home=settings.home,
            owner=room.owner,
            steps=room.steps,
        )
        stack.push_async_callback(room.flights.close, _LANDING_SECONDS)
        yield App(
            settings=settings,
            clock=clock,
            randomness=randomness,
            database=database,
            changes=changes,
            vault=vault,
            trail=trail,
            uses=uses,
            outbound=outbound,
            budgets=budgets,
            catalogue=catalogue,
            measures=room.measures,
            spool=room.spool,
            accounts=people,
            credentials=room,
            flows=runs,
        )
