"""Proof Key for Code Exchange (RFC 7636): always S256, never plain, never left out."""

import base64
import hashlib
from typing import Final

from consentry.core.ids import Randomness
from consentry.core.secret import Secret

METHOD: Final = "S256"


def make_verifier(randomness: Randomness) -> Secret:
    """Make a code verifier of 64 characters (RFC 7636 §4.1 wants 43 to 128)."""
    return Secret(randomness.token(48))


def challenge(verifier: Secret) -> str:
    """Return the code challenge: the verifier's SHA-256, URL-safe and without padding (RFC 7636 §4.2)."""
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
