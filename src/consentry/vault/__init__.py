"""Where secrets rest, sealed: each opens only in its own row, field and version, with a key kept elsewhere."""

from consentry.vault.checks import Rotation, Stage
from consentry.vault.envelope import SecretRef
from consentry.vault.rotate import STEPS, Rotated, Rotating, prepare, rotate
from consentry.vault.status import KeysetStatus, KeyStatus, find_status
from consentry.vault.store import SEALED_SUFFIX, Vault, open_keyring

__all__ = [
    "SEALED_SUFFIX",
    "STEPS",
    "KeyStatus",
    "KeysetStatus",
    "Rotated",
    "Rotating",
    "Rotation",
    "SecretRef",
    "Stage",
    "Vault",
    "find_status",
    "open_keyring",
    "prepare",
    "rotate",
]
