"""Why a refresh is wanted, and a refresh whose intent is durable."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from consentry.core.secret import Secret
from consentry.credentials.journal import JournalEntry
from consentry.credentials.lease import Lease
from consentry.credentials.model import Grant, IssuedToken, Standing, margin, wanted_life
from consentry.oauth import Client, FormRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Why a refresh is wanted; whoever finds the need met meanwhile has nothing to do."""

    life: timedelta = timedelta(0)  # the token must still live so long
    newer_than: tuple[int, int] | None = None  # grant and version that won't do, however fresh they seem
    trial_secret: Secret | None = None  # a new client secret that is to be proved
    due: bool = False  # upkeep's: the credential's own time for it has come

    def is_met(self, credential: Standing, grant: Grant, now: datetime) -> bool:
        """Tell whether this grant's token already is what was wanted."""
        if self.trial_secret is not None:
            return False
        if self.due:
            return credential.refresh_at is None or credential.refresh_at > now
        if self.newer_than is not None:
            return (grant.id, grant.version) != self.newer_than
        return grant.expires_at - now >= wanted_life(grant.lifetime, self.life)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A refresh whose intent is durable."""

    lease: Lease
    entry: JournalEntry
    credential: Standing
    grant: Grant
    client: Client
    request: FormRequest
    answer_was_lost: bool  # an earlier request with the same token went unanswered


def issued_token(grant: Grant, access_token: Secret) -> IssuedToken:
    """Join a grant with its opened access token."""
    return IssuedToken(
        access_token=access_token,
        expires_at=grant.expires_at,
        scope=grant.granted_scope,
        grant_id=grant.id,
        grant_version=grant.version,
    )


def good_until(grant: Grant) -> datetime:
    """Return until when a grant's token is handed out without a thought."""
    return grant.expires_at - margin(grant.lifetime)
