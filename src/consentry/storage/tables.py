"""The one picture of the database: every table, for both engines. A room's store alone speaks SQL to its tables.

Those of accounts, destinations and hooks stand beside it. Ids are never given twice (autoincrement), because audit
entries and sealed values name rows by them.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import Boolean

from consentry.storage.account_tables import api_keys, attempts, people, sessions
from consentry.storage.destination_tables import (
    destination_ledger,
    destination_runs,
    destinations,
    run_rows,
    upload_parts,
    uploads,
)
from consentry.storage.hook_tables import hook_hints, hook_queues, hook_rounds, hooks
from consentry.storage.metadata import Id, id_column, metadata
from consentry.storage.types import Moment

__all__ = [
    "api_keys",
    "attempts",
    "audit",
    "authorizations",
    "budgets",
    "changes",
    "client_changes",
    "connect_links",
    "credential_uses",
    "credentials",
    "destination_ledger",
    "destination_runs",
    "destinations",
    "facts",
    "grants",
    "hook_hints",
    "hook_queues",
    "hook_rounds",
    "hooks",
    "journal",
    "key_checks",
    "metadata",
    "people",
    "revocations",
    "run_rows",
    "run_streams",
    "runs",
    "secrets",
    "sessions",
    "sources",
    "upload_parts",
    "uploads",
]


def _credential() -> Column[int]:
    return Column("credential_id", Id, ForeignKey("credentials.id", ondelete="CASCADE"), nullable=False, index=True)


# --- storage

facts = Table(  # one row a fact about this installation, such as the vault's primary key
    "facts", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False)
)

changes = Table(  # on SQLite, what other processes' caches must forget; PostgreSQL tells them by NOTIFY
    "changes",
    metadata,
    id_column(),
    Column("subject", Text, nullable=False),
    Column("at", Float, nullable=False),
    sqlite_autoincrement=True,
)

# --- vault

key_checks = Table(
    "key_checks",
    metadata,
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

secrets = Table(
    "secrets",
    metadata,
    id_column(),
    Column("owner", Text, nullable=False),  # the table of the row that the secret belongs to
    Column("owner_id", Id, nullable=False),
    Column("field", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("key_id", BigInteger, nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("owner", "owner_id", "field"),
    sqlite_autoincrement=True,
)

# --- audit

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),  # counted by the chain, without gaps
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("credential_id", Id, index=True),  # no foreign key: the trail outlives what it tells of
    Column("detail", Text, nullable=False),
    Column("ip", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

# --- credentials

credentials = Table(
    "credentials",
    metadata,
    id_column(),
    Column("connector", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),  # the name as it is compared: without case and outer space
    Column("description", Text, nullable=False, server_default=""),
    Column("created_by", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("secret_version", Integer, nullable=False),
    Column("secret_hint", Text, nullable=False, server_default=""),
    Column("scope", Text, nullable=False, server_default=""),  # as asked; empty means the connector's default
    Column("version", Integer, nullable=False),  # counts what an authorization depends on
    Column("status", Text, nullable=False, index=True),
    Column("status_reason", Text, nullable=False, server_default=""),
    Column("status_code", Text, nullable=False, server_default=""),
    Column("status_since", Moment, nullable=False),
    Column("verified_status", Text),
    Column("verified_detail", Text),
    Column("verified_at", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("refresh_at", Moment, index=True),  # when upkeep should look at it next
    Column("used_at", Moment),
    Column("lease_owner", Text),
    Column("lease_fence", Integer, nullable=False, server_default="0"),
    Column("lease_until", Float),  # by the database's own clock, seconds since 1970
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("connector", "name_key"),
    sqlite_autoincrement=True,
)

client_changes = Table(  # an edit of client ID, secret or scope that waits for consent
    "client_changes",
    metadata,
    Column(
        "credential_id", Id, ForeignKey("credentials.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("secret_version", Integer),  # of the field new_client_secret; null keeps the stored secret
    Column("secret_hint", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
)

grants = Table(
    "grants",
    metadata,
    id_column(),
    _credential(),
    Column("state", Text, nullable=False),  # current | pending
    Column("version", Integer, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("granted_scope", Text, nullable=False),
    Column("has_refresh_token", Boolean, nullable=False),
    Column("issued_at", Moment, nullable=False),
    Column("refreshed_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("account_subdomain", Text),
    Column("account_name", Text),
    Column("account_url", Text),
    Column("upstream_user", Text),
    Index("uq_grants_current", "credential_id", "state", unique=True),
    sqlite_autoincrement=True,
)

authorizations = Table(
    "authorizations",
    metadata,
    id_column(),
    _credential(),
    Column("credential_version", Integer, nullable=False),
    Column("state_hash", Text, unique=True),  # null once taken
    Column("nonce_hash", Text, nullable=False),
    Column("session_id", Id),  # the signed-in session it was begun in; null for a connect link
    Column("actor", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("token_url", Text, nullable=False),
    Column("return_to", Text, nullable=False),
    Column("status", Text, nullable=False),  # begun | taken | connected | pending_account | failed
    Column("code", Text, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("hint", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

connect_links = Table(
    "connect_links",
    metadata,
    id_column(),
    _credential(),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    sqlite_autoincrement=True,
)

journal = Table(  # token requests under way: what a crash leaves is settled from here
    "journal",
    metadata,
    id_column(),
    Column("credential_id", Id, nullable=False, index=True),  # no foreign key: a late reply outlives its credential
    Column("kind", Text, nullable=False),  # refresh | secret_trial | exchange
    Column("state", Text, nullable=False),  # sent | replied | unanswered
    Column("grant_id", Id),
    Column("grant_version", Integer),
    Column("authorization_id", Id),
    Column("owner", Text, nullable=False),
    Column("fence", Integer),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("sent_at", Moment, nullable=False),
    Column("replied_at", Moment),
    Column("lease_until", Float, nullable=False),
    sqlite_autoincrement=True,
)

revocations = Table(  # tokens to be withdrawn at the provider; they outlive their credential
    "revocations",
    metadata,
    id_column(),
    Column("credential_id", Id, nullable=False, index=True),
    Column("connector", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Moment, nullable=False, index=True),
    Column("lease_owner", Text),
    Column("lease_until", Float),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

credential_uses = Table(  # who would break without the credential; written by flows
    "credential_uses",
    metadata,
    Column(
        "credential_id", Id, ForeignKey("credentials.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False
    ),
    Column("kind", Text, primary_key=True),  # source | destination
    Column("flow_id", Id, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
)

budgets = Table(  # the provider's rate limit, one row an upstream user
    "budgets",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("allowance", Integer, nullable=False),  # calls a window
    Column("spent", Integer, nullable=False),
    Column("resets_at", Float, nullable=False),  # epoch seconds, by the provider's clock
)

# --- flows

sources = Table(
    "sources",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("credential_id", Id, ForeignKey("credentials.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("streams", Text),  # JSON list; null means all
    Column("manual", Text),  # JSON
    Column("dataset", Text, nullable=False),
    Column("warehouse_kind", Text, nullable=False),
    Column("warehouse_path", Text),
    Column("warehouse_url", Text),  # without its password
    Column("warehouse_version", Integer, nullable=False, server_default="0"),  # of the sealed address; 0: none
    Column("warehouse_key", Text, nullable=False),  # which place it is, so that no two sources fill one dataset
    Column("deletions", Text, nullable=False),  # mark | remove
    Column("full_listing_seconds", Integer, nullable=False),
    Column("schedule", Text),  # JSON
    Column("is_active", Boolean, nullable=False),
    Column("hooks", Boolean, nullable=False, server_default=false()),  # whether the provider is to tell of changes
    Column("next_run_at", Moment, index=True),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("connector", "name_key"),
    UniqueConstraint("warehouse_key", "dataset"),
    sqlite_autoincrement=True,
)

runs = Table(  # they outlive their source, as the trail does
    "runs",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),  # source | destination
    Column("flow_id", Id, nullable=False),
    Column("flow_name", Text, nullable=False),
    Column("trigger", Text, nullable=False),  # hand | schedule | hook
    Column("status", Text, nullable=False, index=True),
    Column("queued_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("waiting_for", Text, nullable=False, server_default=""),
    Column("waiting_until", Moment),
    Column("cancel_asked", Boolean, nullable=False),
    Column("error", Text),  # JSON
    Column("lease_owner", Text),
    Column("lease_fence", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", Float),
    Index("ix_runs_flow", "kind", "flow_id", "id"),
    sqlite_autoincrement=True,
)
Index(  # a flow has one run at a time
    "ix_runs_open",
    runs.c.kind,
    runs.c.flow_id,
    unique=True,
    sqlite_where=runs.c.finished_at.is_(None),
    postgresql_where=runs.c.finished_at.is_(None),
)

run_streams = Table(
    "run_streams",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("read", BigInteger, nullable=False),
    Column("new", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("deleted", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("expected", BigInteger),
    Column("new_columns", Text, nullable=False),  # JSON list
    Column("error", Text),  # JSON
)
