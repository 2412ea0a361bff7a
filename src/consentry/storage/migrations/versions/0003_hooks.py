"""hooks."""

import sqlalchemy as sa
from alembic import op

from consentry.storage.types import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go forward; there is no way back but the backup."""
    op.add_column("sources", sa.Column("hooks", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "hooks",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("source_id", _ID, nullable=False),
        sa.Column("credential_id", _ID, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("remote_id", sa.Text(), nullable=True),
        sa.Column("subscribed_at", Moment(), nullable=True),
        sa.Column("last_delivery_at", Moment(), nullable=True),
        sa.Column("deliveries", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_hooks_token_hash")),
        sa.UniqueConstraint("source_id", "event", "credential_id", name=op.f("uq_hooks_source_id_event_credential_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hooks_credential_id"), "hooks", ["credential_id"], unique=False)
    op.create_table(
        "hook_rounds",
        sa.Column("credential_id", _ID, autoincrement=False, nullable=False),
        sa.Column("asked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("standing", sa.Text(), server_default="", nullable=False),
        sa.Column("checked_at", Moment(), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_hook_rounds")),
    )
    op.create_index(op.f("ix_hook_rounds_due_at"), "hook_rounds", ["due_at"], unique=False)
    op.create_table(
        "hook_queues",
        sa.Column("source_id", _ID, autoincrement=False, nullable=False),
        sa.Column("next_at", Moment(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_hook_queues_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_hook_queues")),
    )
    op.create_index(op.f("ix_hook_queues_next_at"), "hook_queues", ["next_at"], unique=False)
    op.create_table(
        "hook_hints",
        sa.Column("source_id", _ID, autoincrement=False, nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("told", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_hook_hints_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "stream", "record", name=op.f("pk_hook_hints")),
    )
