"""The tables of hooks: a part of the one picture of the database, in a file of its own."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, Table, Text, UniqueConstraint

from consentry.storage.metadata import Id, metadata
from consentry.storage.types import Moment

hooks = Table(  # one event of one source; a row outlives its source until the provider has forgotten the hook
    "hooks",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("source_id", Id, nullable=False),
    Column("credential_id", Id, nullable=False, index=True),
    Column("event", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("rank", Integer, nullable=False),  # the less, the sooner it gets room
    Column("state", Text, nullable=False),  # waiting | subscribed | no_room | refused | unreachable | leaving
    Column("reason", Text, nullable=False, server_default=""),
    Column("token_hash", Text, unique=True),  # of the address that the provider was given last
    Column("remote_id", Text),  # what the provider calls the hook
    Column("subscribed_at", Moment),
    Column("last_delivery_at", Moment),
    Column("deliveries", BigInteger, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("source_id", "event", "credential_id"),
    sqlite_autoincrement=True,
)

hook_rounds = Table(  # when a credential's hooks are compared with the provider's list; no row: it has none
    "hook_rounds",
    metadata,
    Column("credential_id", Id, primary_key=True, autoincrement=False),
    Column("asked", Integer, nullable=False, server_default="0"),  # counts, so that a wish during a round isn't lost
    Column("due_at", Moment, nullable=False, index=True),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("standing", Text, nullable=False, server_default=""),  # of the credential, when it was looked at last
    Column("checked_at", Moment),
    Column("lease_owner", Text),
    Column("lease_until", Float),
)

hook_queues = Table(  # when a source's hints are read
    "hook_queues",
    metadata,
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("next_at", Moment, index=True),  # null: there are none
    Column("failures", Integer, nullable=False, server_default="0"),
)

hook_hints = Table(  # records that the provider said have changed; nothing else of what it said
    "hook_hints",
    metadata,
    Column("source_id", Id, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("stream", Text, primary_key=True),  # empty: read all changes
    Column("record", Text, primary_key=True),  # the id, as JSON
    Column("told", Integer, nullable=False, server_default="1"),  # counts, so that news during a reading isn't lost
)
