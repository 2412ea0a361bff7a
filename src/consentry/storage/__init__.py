"""The database: how it is opened, what is in it, how its form changes, and how caches learn of changes."""

from consentry.storage.changes import Changes, announce, prune
from consentry.storage.database import Database, connect
from consentry.storage.migrate import migrate

__all__ = ["Changes", "Database", "announce", "connect", "migrate", "prune"]
