"""The context that every use case of this room takes first."""

from dataclasses import dataclass

from consentry.accounts.key_ring import KeyRing
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
    )


async def close(room: Room) -> None:
    """Write down what is still to be written."""
    await room.keys.close()
