"""Where secrets rest, sealed: each opens only in its own row, field and version, with a key kept elsewhere."""

from consentry.vault.envelope import SecretRef
from consentry.vault.store import Vault, open_keyring

__all__ = ["SecretRef", "Vault", "open_keyring"]
