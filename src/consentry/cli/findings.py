"""What ``consentry doctor`` says: findings and settings as values."""

from dataclasses import dataclass
from typing import Literal

from consentry.errors import ConsentryError

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    name: str
    state: State
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting with its value, unless that is secret, and where it came from."""

    variable: str
    value: str
    source: Literal["environment", "default"]


def ok(name: str, detail: str) -> Finding:
    """Say that something is right."""
    return Finding(name=name, state="ok", detail=detail)


def warn(name: str, detail: str, hint: str = "") -> Finding:
    """Say that something may be on purpose, or will be right soon."""
    return Finding(name=name, state="warn", detail=detail, hint=hint)


def bad(name: str, detail: str, hint: str = "") -> Finding:
    """Say that something keeps Consentry from its work."""
    return Finding(name=name, state="bad", detail=detail, hint=hint)


def failed(name: str, error: ConsentryError) -> Finding:
    """Say what an error says."""
    return bad(name, error.message, error.hint)
