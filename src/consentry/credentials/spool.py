"""Where a provider's reply waits, sealed, on this node's disk while the database can't take it."""

import os
from pathlib import Path

from consentry.core.secret import Secret
from consentry.vault import SEALED_SUFFIX, Vault


class Spool:
    """A folder of sealed replies; empty on all but the worst of days."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def put(self, name: str, reply: Secret) -> None:
        """Keep a reply durably; raises OSError when the disk won't."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f"{name}.draft"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self._vault.seal_alone(name, reply))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / (name + SEALED_SUFFIX))
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def list_names(self) -> list[str]:
        """Return the names of what waits here."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name.removesuffix(SEALED_SUFFIX) for path in self._folder.glob("*" + SEALED_SUFFIX))

    def open(self, name: str) -> Secret:
        """Return a reply; raises SealBroken or KeyMissing."""
        return self._vault.open_alone(name, (self._folder / (name + SEALED_SUFFIX)).read_bytes())

    def remove(self, name: str) -> None:
        """Let go of a reply that the database has taken over."""
        (self._folder / (name + SEALED_SUFFIX)).unlink(missing_ok=True)
