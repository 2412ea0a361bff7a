"""Proof Key for Code Exchange as the server sees it: RFC 7636."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final, Literal

Method = Literal["plain", "S256"]
_GRAMMAR: Final = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the authorise request bound the code to."""

    value: str
    method: Method

    def accepts(self, verifier: str) -> bool:
        """Tell whether this verifier made the challenge (section 4.6)."""
        if not _GRAMMAR.fullmatch(verifier):
            return False
        expected = s256(verifier) if self.method == "S256" else verifier
        return hmac.compare_digest(expected, self.value)


def s256(verifier: str) -> str:
    """Return the S256 challenge of a verifier (section 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def parse_challenge(value: str, method: str) -> Challenge | None:
    """Return the challenge of an authorise request, or None if it is malformed; no method means plain (section 4.3)."""
    if not _GRAMMAR.fullmatch(value):
        return None
    match method:
        case "S256":
            return Challenge(value=value, method="S256")
        case "plain" | "":
            return Challenge(value=value, method="plain")
        case _:
            return None
