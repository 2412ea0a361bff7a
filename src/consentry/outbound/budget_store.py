"""The table that lets several processes keep one rate budget: read a row, cut a slice, write it back, in one moment."""

from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from consentry.outbound.ledger import Ask, Row, cut
from consentry.storage import Database
from consentry.storage.tables import budgets


class Ledger(Protocol):
    """Where processes agree on who may spend how much."""

    async def claim(self, subject: str, ask: Ask) -> tuple[Row, int]:
        """Cut a slice, and return the row after it with the calls handed out; raise StorageBusy or StorageBroken."""


class SharedLedger:
    """The ledger in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, subject: str, ask: Ask) -> tuple[Row, int]:
        """Cut a slice, and return the row after it with the calls handed out."""
        insert = (sqlite if self._database.dialect == "sqlite" else postgresql).insert(budgets)
        fresh = insert.values(subject=subject, allowance=0, spent=0, resets_at=0.0).on_conflict_do_nothing()
        mine = budgets.c.subject == subject
        async with self._database.transaction() as connection:
            found = (await connection.execute(select(budgets).where(mine).with_for_update())).one_or_none()
            if found is None:
                await connection.execute(fresh)
                found = (await connection.execute(select(budgets).where(mine).with_for_update())).one()
            row = Row(allowance=found.allowance, spent=found.spent, resets_at=found.resets_at)
            row, granted = cut(row, ask)
            await connection.execute(
                update(budgets).where(mine).values(allowance=row.allowance, spent=row.spent, resets_at=row.resets_at)
            )
        return row, granted
