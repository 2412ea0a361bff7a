"""What the use cases of credentials work with; the application puts it together once."""

from dataclasses import dataclass

from consentry.audit import Trail, Uses
from consentry.connectors import Catalogue
from consentry.core.clock import Clock
from consentry.core.ids import Randomness
from consentry.core.steps import Steps
from consentry.credentials.spool import Spool
from consentry.credentials.tokens import Flights, TokenCache
from consentry.measures import Measures
from consentry.outbound import Budgets, Outbound
from consentry.storage import Changes, Database
from consentry.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The seams and neighbours of the credentials room."""

    database: Database
    changes: Changes
    vault: Vault
    trail: Trail
    uses: Uses
    outbound: Outbound
    budgets: Budgets
    catalogue: Catalogue
    measures: Measures
    clock: Clock
    randomness: Randomness
    steps: Steps
    spool: Spool
    tokens: TokenCache
    flights: Flights
    owner: str  # this process, as leases and the journal name it
    public_url: str
    redirect_uri: str
    is_secure: bool  # whether people come over TLS
