"""The database on both engines."""

from sqlalchemy import insert, select

from consentry.storage import Database
from consentry.storage.tables import facts


async def test_what_is_committed_can_be_read(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(insert(facts).values(name="a", value="b"))
    async with database.reading() as connection:
        assert (await connection.execute(select(facts.c.value))).scalar_one() == "b"
