"""Where Alembic enters; it is handed the open connection and never opens one itself."""

from alembic import context

from consentry.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
