"""Hooks and hints as values, and the rules that need nothing but values."""

import hashlib
import ipaddress
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from consentry.connectors import Connector, HookEvent, Stream, address_of, token_of
from consentry.settings import is_loopback

EVERYTHING: Final = ""
"""Stands for a hint's stream where no single records are named: read all changes."""


class HookState(StrEnum):
    """How one event of a source is doing."""

    WAITING = "waiting"  # the provider will be asked in a moment
    SUBSCRIBED = "subscribed"
    NO_ROOM = "no_room"  # the account has as many hooks as it may have
    REFUSED = "refused"  # by the provider; asked again every hour
    UNREACHABLE = "unreachable"  # the provider can't call this Consentry
    LEAVING = "leaving"  # not wanted any more; the provider will be told in a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One event that a source wants to be told of."""

    id: int
    source_id: int
    credential_id: int
    event: str
    stream: str
    state: HookState
    reason: str  # why it isn't subscribed, in words; or empty
    token_hash: str | None = field(repr=False)
    remote_id: str | None
    subscribed_at: datetime | None
    last_delivery_at: datetime | None
    deliveries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteHook:
    """A hook as the provider lists it."""

    id: str
    event: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the provider's list says about our hooks."""

    alive: tuple[tuple[Hook, RemoteHook], ...]  # as they should be
    unwanted: tuple[RemoteHook, ...]  # ours, and needed by nobody
    dropped: tuple[Hook, ...]  # wanted, had an address, and aren't in the list as they should be
    left: tuple[Hook, ...]  # unwanted, and nothing will be left of them once the unwanted ones are removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A record that may have changed, or everything; told again while it is read, it isn't forgotten."""

    stream: str
    record: str  # the id, as JSON
    told: int


def hash_of(token: str) -> str:
    """Return what is kept of an address's secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def compare(
    hooks: Sequence[Hook], listed: Iterable[RemoteHook], *, public_url: str, known: Collection[str]
) -> Comparison:
    """Compare a credential's hooks with the list; ``known`` are the hashes of all other hooks of this Consentry."""
    by_hash = {hook.token_hash: hook for hook in hooks if hook.token_hash is not None}
    alive: dict[int, tuple[Hook, RemoteHook]] = {}
    unwanted: list[RemoteHook] = []
    for remote in listed:
        token = token_of(remote.address)
        if token is None:
            continue  # somebody else's
        hook = by_hash.get(hash_of(token))
        is_here = remote.address == address_of(public_url, token)
        if hook is not None and is_here and hook.event == remote.event and hook.state is not HookState.LEAVING:
            alive[hook.id] = (hook, remote)
        elif hook is not None or (is_here and hash_of(token) not in known):
            unwanted.append(remote)
    asked_for = [hook for hook in hooks if hook.token_hash is not None or hook.state is HookState.SUBSCRIBED]
    return Comparison(
        alive=tuple(alive.values()),
        unwanted=tuple(unwanted),
        dropped=tuple(hook for hook in asked_for if hook.id not in alive and hook.state is not HookState.LEAVING),
        left=tuple(hook for hook in hooks if hook.state is HookState.LEAVING),
    )


def events_of(connector: Connector, streams: Collection[Stream]) -> tuple[HookEvent, ...]:
    """Return the events that tell of changes in these streams, those that matter most first."""
    names = {stream.name for stream in streams}
    return tuple(event for event in connector.hooks.events if event.stream in names) if connector.hooks else ()


def why_unreachable(public_url: str, provider: str, base_url: str) -> str:
    """Say why a provider can't call this Consentry in principle; nothing when it can."""
    address = urlsplit(public_url)
    if is_loopback(address.hostname) and is_loopback(urlsplit(base_url).hostname):
        return ""  # a sandbox on this machine
    if address.scheme != "https" or is_loopback(address.hostname) or _is_private(address.hostname or ""):
        return f"{provider} can't call {public_url}: that takes an https address that can be reached from the internet."
    return ""


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host
