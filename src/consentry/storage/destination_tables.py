"""The tables of destinations: what they are, their runs' rows, what was sent, and files that were handed over."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint
from sqlalchemy.types import Boolean

from consentry.storage.metadata import Id, id_column, metadata
from consentry.storage.types import Moment

destinations = Table(
    "destinations",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("connector", Text, nullable=False),
    Column("credential_id", Id, ForeignKey("credentials.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("template", Text, nullable=False),
    Column("origin", Text, nullable=False),  # JSON: where rows come from
    Column("mapping", Text, nullable=False),  # JSON, by field
    Column("match_on", Text),  # null: the template's first way
    Column("nested", Text, nullable=False),  # replace | add
    Column("clear_with_null", Boolean, nullable=False),
    Column("stop_after_refusals", Integer),
    Column("dataset", Text, unique=True),  # where answers are kept; null: nowhere
    Column("manual", Text),  # JSON
    Column("schedule", Text),  # JSON
    Column("after_source", Id, index=True),  # of the schedule: the source whose runs it follows
    Column("is_active", Boolean, nullable=False),
    Column("next_run_at", Moment, index=True),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("connector", "name_key"),
    sqlite_autoincrement=True,
)

destination_runs = Table(  # what a run of a destination has beyond other runs; counts change with the rows they count
    "destination_runs",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("origin", Text),  # JSON: where its rows come from; null: from where the destination says
    Column("retry_of", Id),  # the run whose rows are tried again
    Column("mended", Text),  # JSON: values by row that somebody mended for the retry
    Column("stage", Text, nullable=False),  # taking_in | sorting | writing
    Column("position", BigInteger, nullable=False, server_default="0"),  # rows up to here have their outcomes
    Column("total", BigInteger, nullable=False, server_default="0"),
    *(
        Column(outcome, BigInteger, nullable=False, server_default="0")
        for outcome in ("created", "changed", "unchanged", "deleted", "refused", "failed")
    ),
    Column("requests", BigInteger, nullable=False, server_default="0"),
    Column("forgotten_at", Moment),  # when its rows were let go of
)

run_rows = Table(  # the rows of destinations' runs, each with its one outcome
    "run_rows",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),  # what identifies it; empty where that can't be told
    Column("given", Text, nullable=False),  # JSON by column, as they came
    Column("state", Text, nullable=False, server_default=""),  # sent: a request left, or was about to
    Column("outcome", Text),
    Column("record_id", BigInteger),
    Column("changes", Text),  # JSON
    Column("errors", Text),  # JSON
    Index("ix_run_rows_key", "run_id", "key"),
    Index("ix_run_rows_outcome", "run_id", "outcome", "number"),
)
Index(
    "ix_run_rows_record",
    run_rows.c.run_id,
    run_rows.c.record_id,
    sqlite_where=run_rows.c.record_id.is_not(None),
    postgresql_where=run_rows.c.record_id.is_not(None),
)

destination_ledger = Table(  # what was sent for each key, and what came of it, across runs
    "destination_ledger",
    metadata,
    Column(
        "destination_id", Id, ForeignKey("destinations.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("space", Text, primary_key=True),  # the outside account and the collection that record ids belong to
    Column("key", Text, primary_key=True),  # template, what identifies by it, and the row's key
    Column("state", Text, nullable=False),  # sent | written | deleted
    Column("record_id", BigInteger),
    Column("content", Text, nullable=False),  # hash of the row's values by field
    Column("run_id", Id, nullable=False),
    Column("sent_at", Moment, nullable=False),  # by the provider's clock, a little early
    Column("request", Text),  # JSON, while the answer is out
    Column("deed", Text, nullable=False),  # create | change | delete
    Column("attempts", Integer, nullable=False),
    Column("owner", Text, nullable=False),  # the process that sent it
    Index("ix_destination_ledger_record", "space", "record_id"),
)

uploads = Table(  # files that rows come from; their content is in the parts, so that every node has it
    "uploads",
    metadata,
    id_column(),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=False, index=True),
    sqlite_autoincrement=True,
)

upload_parts = Table(
    "upload_parts",
    metadata,
    Column("upload_id", Id, ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)
