"""The database: how it is opened, what is in it, how its form changes, and how caches learn of changes."""

from consentry.storage.changes import Changes, announce, prune
from consentry.storage.database import Database, connect
from consentry.storage.describe import describe
from consentry.storage.migrate import find_version, head, migrate
from consentry.storage.types import database_now

__all__ = [
    "Changes",
    "Database",
    "announce",
    "connect",
    "database_now",
    "describe",
    "find_version",
    "head",
    "migrate",
    "prune",
]
