"""Faults on order: the sandbox is slow, fails, drops the line or breaks its word, for the next calls of one kind."""

import threading
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

Target = Literal["authorise", "token", "revoke", "api"]
Oddity = Literal[
    "no_access_token",
    "no_refresh_token",
    "no_expires_in",
    "wrong_token_type",
    "expires_in_negative",
    "expires_in_huge",
    "expires_in_text",
    "extra_keys",
    "other_scope",
    "other_subdomain",
]
TARGETS: Final[dict[str, Target]] = {
    "/oauth/authorise": "authorise",
    "/oauth/token": "token",
    "/oauth/token/revoke": "revoke",
    "/oauth/revoke": "revoke",
}
Calls = Annotated[int, Meta(ge=1, description="How many calls it hits.")]


class _Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """What every fault has: whom it hits, how often, and optionally only below one path."""

    target: Target
    calls: Calls = 1
    path: str = ""


class Slow(_Fault, frozen=True, kw_only=True, tag="slow"):
    """Wait before the call is processed, or after that and before it is answered."""

    seconds: Annotated[float, Meta(ge=0, le=600)]
    processed: bool = False


class Fail(_Fault, frozen=True, kw_only=True, tag="fail"):
    """Answer with this status instead; `processed` calls have their effect all the same."""

    status: Annotated[int, Meta(ge=300, le=599)] = 503
    body: Literal["json", "html", "truncated", "empty"] = "json"
    retry_after: int | None = None
    location: str | None = None
    processed: bool = False


class Drop(_Fault, frozen=True, kw_only=True, tag="drop"):
    """Close the connection without an answer, by default after the call had its effect."""

    processed: bool = True


class Odd(_Fault, frozen=True, kw_only=True, tag="odd"):
    """Answer a token request with a reply that breaks the contract in one way."""

    oddity: Oddity
    target: Target = "token"


Fault = Slow | Fail | Drop | Odd


@dataclass(slots=True, kw_only=True)
class _Ordered:
    fault: Fault
    left: int


class Faults:
    """The faults on order. Each kind waits in a line of its own, so that slow and fail can hit one call together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[_Ordered] = []

    def order(self, fault: Fault) -> None:
        """Put a fault in line."""
        with self._lock:
            self._ordered.append(_Ordered(fault=fault, left=fault.calls))

    def clear(self) -> None:
        """Forget every fault that is still to come."""
        with self._lock:
            self._ordered.clear()

    def waiting(self) -> list[tuple[Fault, int]]:
        """Return the faults in line, each with the calls it will still hit."""
        with self._lock:
            return [(each.fault, each.left) for each in self._ordered]

    def take(self, path: str) -> tuple[Fault, ...]:
        """Return what hits the call to this path, at most one fault of each kind, and count it down."""
        target = target_of(path)
        if target is None or not self._ordered:
            return ()
        with self._lock:
            hits: dict[type[Fault], Fault] = {}
            for each in self._ordered:
                fault = each.fault
                if fault.target == target and path.startswith(fault.path) and type(fault) not in hits:
                    hits[type(fault)] = fault
                    each.left -= 1
            self._ordered = [each for each in self._ordered if each.left > 0]
            return tuple(hits.values())


def target_of(path: str) -> Target | None:
    """Return what a path is part of, or None for pages and knobs."""
    return "api" if path.startswith("/api/") else TARGETS.get(path)
