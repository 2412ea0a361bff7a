"""Credentials as tiles, on the list and in the Authenticate step. Pure."""

from dataclasses import dataclass
from datetime import datetime

from consentry.credentials import Credential
from consentry.web.connector_view import ConnectorView
from consentry.web.moments import Moment, moment
from consentry.web.status import StatusWords, account_name, status_words
from consentry.web.trail import actor_words


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialTile:
    """A credential as its tile shows it."""

    id: int
    name: str
    connector: ConnectorView
    about: str  # the account, or what the credential is for
    status: StatusWords
    used_in: str
    checked_at: Moment | None  # the last test
    check_failed: bool
    owner: str  # who added it


def credential_tile(credential: Credential, connector: ConnectorView, now: datetime) -> CredentialTile:
    """Return what the tile of a credential shows."""
    account = credential.grant.account if credential.grant else None
    return CredentialTile(
        id=credential.id,
        name=credential.name,
        connector=connector,
        about=(account.name or account_name(account) if account else "") or _shortened(credential.description),
        status=status_words(credential, connector.provider, now),
        used_in=use_words(credential),
        checked_at=moment(credential.verified_at, now) if credential.verified_at else None,
        check_failed=credential.verified_status == "failed",
        owner=actor_words(credential.created_by),
    )


def use_words(credential: Credential) -> str:
    """Say where a credential is used."""
    counts = [(kind, sum(use.kind == kind for use in credential.used_by)) for kind in ("source", "destination")]
    parts = [f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts if count]
    return f"Used by {' and '.join(parts)}" if parts else "Not used yet"


def _shortened(text: str, longest: int = 120) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
