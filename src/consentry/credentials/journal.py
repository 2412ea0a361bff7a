"""The journal of token requests: an intent is durable before a token is spent, a reply before anything else can fail.

What a crash leaves here is settled by whoever holds the credential's lease next, or by upkeep.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import BindParameter, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.core.process import is_surely_dead
from consentry.core.secret import Secret
from consentry.oauth import Client, ClientAuth, TokenReply
from consentry.storage import database_now
from consentry.storage.tables import grants, journal
from consentry.vault import SecretRef, Vault

Kind = Literal["refresh", "secret_trial", "exchange"]
State = Literal["sent", "unanswered", "replied"]
GRACE_SECONDS: Final = 60.0
"""How long a request may be under way before others believe that whoever sent it has died."""


_NEVER: Final = 1e15
_THIS: Final[BindParameter[int]] = bindparam("this")
_DELETE: Final = delete(journal).where(journal.c.id == _THIS)
_LIST: Final = select(journal).where(journal.c.credential_id == _THIS).order_by(journal.c.id)
_CHANGE: Final = update(journal).where(journal.c.id == _THIS)
_OPEN: Final = insert(journal).values(lease_until=database_now() + GRACE_SECONDS).returning(*journal.c)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One token request, as far as it has come."""

    id: int
    credential_id: int
    kind: Kind
    state: State
    grant_id: int | None
    grant_version: int | None
    authorization_id: int | None
    owner: str
    attempts: int
    sent_at: datetime


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A provider's reply together with the client that it was given to: all that is needed to adopt or withdraw it."""

    access_token: str
    refresh_token: str | None
    scope: str | None
    lifetime_seconds: float | None
    extra: dict[str, Any]
    received_at: datetime
    connector: str
    client_id: str
    client_secret: str
    client_auth: str

    def __repr__(self) -> str:
        return "Issued([hidden])"

    @property
    def client(self) -> Client:
        """The application that the tokens were issued to."""
        return Client(
            client_id=self.client_id, client_secret=Secret(self.client_secret), auth=ClientAuth(self.client_auth)
        )

    @property
    def lifetime(self) -> timedelta | None:
        """How long the access token lives, if the reply said it."""
        return None if self.lifetime_seconds is None else timedelta(seconds=self.lifetime_seconds)


def issue(reply: TokenReply, client: Client, connector: str, received_at: datetime) -> Issued:
    """Join a reply with its client."""
    return Issued(
        access_token=reply.access_token.reveal(),
        refresh_token=reply.refresh_token.reveal() if reply.refresh_token else None,
        scope=reply.scope,
        lifetime_seconds=reply.lifetime.total_seconds() if reply.lifetime else None,
        extra=dict(reply.extra),
        received_at=received_at,
        connector=connector,
        client_id=client.client_id,
        client_secret=client.client_secret.reveal(),
        client_auth=client.auth,
    )


def pack(issued: Issued) -> Secret:
    """Return the reply as one text, to be sealed."""
    return Secret(msgspec.json.encode(issued).decode())


def unpack(text: Secret) -> Issued:
    """Return the reply that was packed."""
    issued = msgspec.json.decode(text.reveal(), type=Issued)
    Secret(issued.access_token)  # known to the log's redaction from here on
    if issued.refresh_token:
        Secret(issued.refresh_token)
    return issued


async def open_entry(
    connection: AsyncConnection,
    *,
    credential_id: int,
    kind: Kind,
    owner: str,
    sent_at: datetime,
    grant_id: int | None = None,
    grant_version: int | None = None,
    authorization_id: int | None = None,
    fence: int | None = None,
) -> JournalEntry:
    """Write down that a token request is about to leave."""
    values: dict[str, Any] = {
        "credential_id": credential_id,
        "kind": kind,
        "state": "sent",
        "grant_id": grant_id,
        "grant_version": grant_version,
        "authorization_id": authorization_id,
        "owner": owner,
        "fence": fence,
        "sent_at": sent_at,
    }
    return _entry((await connection.execute(_OPEN, values)).one())


async def put_reply(
    connection: AsyncConnection, vault: Vault, entry: JournalEntry, reply: Secret, at: datetime
) -> None:
    """Keep the sealed reply; an entry that somebody took for dead and cleared comes back with it."""
    values: dict[str, Any] = {"state": "replied", "replied_at": at}
    if (await connection.execute(_CHANGE, values | {"this": entry.id})).rowcount == 0:
        values |= {name: getattr(entry, name) for name in JournalEntry.__slots__ if name != "state"}
        await connection.execute(insert(journal).values(values | {"lease_until": 0.0}))
    await vault.put(connection, _ref(entry.id), reply)


async def open_reply(connection: AsyncConnection, vault: Vault, entry_id: int) -> Issued:
    """Return the reply of an entry; raise SealBroken when it can't be opened."""
    return unpack(await vault.open(connection, _ref(entry_id)))


async def mark_unanswered(connection: AsyncConnection, entry_id: int, *, for_good: bool = False) -> None:
    """Write down that no answer came, so that whether the token was spent can't be known.

    ``for_good``: nobody works on it any more. The entry stays only to tell the next refresh what may have happened.
    """
    values: dict[str, Any] = {"state": "unanswered"}
    if for_good:
        values |= {"owner": "", "lease_until": _NEVER}
    query = update(journal).where(journal.c.id == entry_id, journal.c.state != "replied").values(values)
    await connection.execute(query)


async def close_entry(connection: AsyncConnection, vault: Vault, entry_id: int) -> None:
    """Let go of a request that is settled."""
    await vault.forget(connection, "journal", entry_id)
    await connection.execute(_DELETE, {"this": entry_id})


async def list_of(connection: AsyncConnection, credential_id: int) -> list[JournalEntry]:
    """Return the entries of a credential, oldest first."""
    return [_entry(row) for row in (await connection.execute(_LIST, {"this": credential_id})).all()]


async def list_left_behind(connection: AsyncConnection, limit: int) -> list[JournalEntry]:
    """Return entries that nobody works on any more: their time is over, or their process has surely died."""
    is_over = (journal.c.lease_until < database_now()).label("is_over")
    query = select(*journal.c, is_over).where(journal.c.lease_until < _NEVER).order_by(journal.c.id).limit(limit)
    rows = (await connection.execute(query)).all()
    return [_entry(row) for row in rows if row.is_over or is_surely_dead(row.owner)]


async def list_moot(connection: AsyncConnection, limit: int) -> list[int]:
    """Return unanswered requests that say nothing any more: the refresh token they may have spent is gone."""
    still_there = select(grants.c.id).where(grants.c.id == journal.c.grant_id).exists()
    query = select(journal.c.id).where(journal.c.state == "unanswered", ~still_there).limit(limit)
    return list((await connection.execute(query)).scalars())


def _ref(entry_id: int) -> SecretRef:
    return SecretRef(owner="journal", owner_id=entry_id, field="reply", version=1)


def _entry(row: Any) -> JournalEntry:
    return JournalEntry(
        id=row.id,
        credential_id=row.credential_id,
        kind=row.kind,
        state=row.state,
        grant_id=row.grant_id,
        grant_version=row.grant_version,
        authorization_id=row.authorization_id,
        owner=row.owner,
        attempts=row.attempts,
        sent_at=row.sent_at,
    )
