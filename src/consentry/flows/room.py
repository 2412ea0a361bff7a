"""What the use cases of sources and runs work with; the application puts it together once."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from consentry import credentials
from consentry.audit import Trail
from consentry.connectors import Catalogue
from consentry.core.clock import Clock
from consentry.core.ids import Randomness
from consentry.core.steps import NoSteps, Steps
from consentry.storage import Changes, Database
from consentry.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The seams and neighbours of the flows room."""

    database: Database
    changes: Changes
    vault: Vault
    trail: Trail
    catalogue: Catalogue
    clock: Clock
    randomness: Randomness
    credentials: credentials.Room
    home: Path
    owner: str  # this process, as leases name it
    steps: Steps = field(default_factory=NoSteps)
    settle: timedelta = timedelta(seconds=5)  # how long a write whose answer was lost may still take effect
