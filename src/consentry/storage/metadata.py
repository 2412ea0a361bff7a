"""What every declaration of a table shares: how constraints are named, and what an id is."""

from sqlalchemy import BigInteger, Column, Integer, MetaData

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")


def id_column() -> Column[int]:
    """Return the column of a table's own ids."""
    return Column("id", Id, primary_key=True, autoincrement=True)
