"""What can be said of the keyset without touching a secret."""

from dataclasses import dataclass

from consentry.storage import Database
from consentry.vault import checks
from consentry.vault.checks import Rotation
from consentry.vault.store import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatus:
    """One key, as this node's keyset and the database know it."""

    id: int
    is_primary: bool  # it seals what is sealed now
    in_keyset: bool
    in_database: bool  # it has a check value: it is or was in use, and is not dropped yet
    secrets: int  # that are sealed with it


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysetStatus:
    """The keys, and the rotation that is under way, if one is."""

    primary: int | None
    keys: tuple[KeyStatus, ...]
    secrets: int
    rotation: Rotation | None

    @property
    def moved(self) -> int:
        """How many secrets are under the key that a rotation leads to."""
        return sum(key.secrets for key in self.keys if self.rotation and key.id == self.rotation.new)


async def find_status(vault: Vault, database: Database) -> KeysetStatus:
    """Return what keyset file and database say now."""
    vault.keyring.follow()
    async with database.reading() as connection:
        primary, rotation = await checks.find_primary(connection), await checks.find_rotation(connection)
        rows, known = await checks.count_rows(connection), await checks.list_checked(connection)
    at_hand = vault.keyring.keyset.keys
    keys = tuple(
        KeyStatus(
            id=key_id,
            is_primary=key_id == primary,
            in_keyset=key_id in at_hand,
            in_database=key_id in known,
            secrets=rows.get(key_id, 0),
        )
        for key_id in dict.fromkeys([*at_hand, *known, *rows])
    )
    return KeysetStatus(primary=primary, keys=keys, secrets=sum(rows.values()), rotation=rotation)
