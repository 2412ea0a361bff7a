"""Faults on order: the sandbox is slow, fails, drops the line or breaks its word, for the next calls of one kind."""

import threading
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from consentry.core.ids import Randomness, SeededRandomness

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
    """What every fault has: whom it hits, how often, and optionally only some methods, below one path, or by lot."""

    target: Target
    calls: Calls = 1
    path: str = ""
    exact: Annotated[bool, Meta(description="Whether it hits this very path, and none below it.")] = False
    methods: tuple[str, ...] = ()
    probability: Annotated[float, Meta(gt=0, le=1, description="Chance that it hits a call that it could hit.")] = 1.0
    seed: Annotated[int, Meta(description="What the lots are drawn from: the same seed hits the same calls.")] = 0


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
    lots: Randomness

    def hits(self, target: Target, path: str, method: str) -> bool:
        """Tell whether the fault strikes this call; where chance decides, a lot is drawn."""
        fault = self.fault
        if fault.target != target or not path.startswith(fault.path) or (fault.exact and path != fault.path):
            return False
        if fault.methods and method not in fault.methods:
            return False
        return fault.probability >= 1 or self.lots.fraction() < fault.probability


class Faults:
    """The faults on order. Each kind waits in a line of its own, so that slow and fail can hit one call together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ordered: list[_Ordered] = []

    def order(self, fault: Fault) -> None:
        """Put a fault in line."""
        with self._lock:
            self._ordered.append(_Ordered(fault=fault, left=fault.calls, lots=SeededRandomness(fault.seed)))

    def clear(self) -> None:
        """Forget every fault that is still to come."""
        with self._lock:
            self._ordered.clear()

    def waiting(self) -> list[tuple[Fault, int]]:
        """Return the faults in line, each with the calls it will still hit."""
        with self._lock:
            return [(each.fault, each.left) for each in self._ordered]

    def take(self, path: str, method: str = "GET") -> tuple[Fault, ...]:
        """Return what hits the call to this path, at most one fault of each kind, and count it down."""
        target = target_of(path)
        if target is None or not self._ordered:
            return ()
        with self._lock:
            hits: dict[type[Fault], Fault] = {}
            for each in self._ordered:
                if type(each.fault) not in hits and each.hits(target, path, method):
                    hits[type(each.fault)] = each.fault
                    each.left -= 1
            self._ordered = [each for each in self._ordered if each.left > 0]
            return tuple(hits.values())


def target_of(path: str) -> Target | None:
    """Return what a path is part of, or None for pages and knobs."""
    return "api" if path.startswith("/api/") else TARGETS.get(path)
