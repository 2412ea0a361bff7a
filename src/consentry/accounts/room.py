"""The context that every use case of this room takes first."""

from dataclasses import dataclass

from consentry.accounts.key_ring import KeyRing
from consentry.accounts.pace import Pace
from consentry.accounts.passwords import Passwords
from consentry.accounts.throttle import KeyThrottle
from consentry.audit import Trail
from consentry.core.clock import Clock
from consentry.core.ids import Randomness
from consentry.storage import Changes, Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What accounts work with."""

    database: Database
    clock: Clock
    randomness: Randomness
    trail: Trail
    passwords: Passwords
    keys: KeyRing
    key_throttle: KeyThrottle
    token_reads: Pace  # by API key
    forced_refreshes: Pace  # by credential: each one spends a request at the provider
    consents: Pace  # by network address: connect links and callbacks


def open_room(
    *,
    database: Database,
    changes: Changes,
    clock: Clock,
    randomness: Randomness,
    trail: Trail,
    passwords: Passwords | None = None,
) -> Room:
    """Join what accounts work with; end it with ``close``."""
    return Room(
        database=database,
        clock=clock,
        randomness=randomness,
        trail=trail,
        passwords=passwords or Passwords(randomness),
        keys=KeyRing(database, changes, clock),
        key_throttle=KeyThrottle(clock),
        token_reads=Pace(clock, what="token reads", at_once=50_000, a_second=10_000),
        forced_refreshes=Pace(clock, what="forced refreshes", at_once=300, a_second=5),
        consents=Pace(clock, what="links and callbacks", at_once=300, a_second=5),
    )


async def close(room: Room) -> None:
    """Write down what is still to be written."""
    await room.keys.close()
