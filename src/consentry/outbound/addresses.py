"""Where a request may go (OWASP SSRF prevention): judged on the address as written, and again on what it resolves to.

The connection is made to the very addresses that were judged, so a name that changes its mind in between gains nothing.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Any, Final, Protocol

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from consentry.errors import AddressRefused

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_VISIBLE: Final = re.compile(r"[!-\[\]-~]+")  # visible ASCII without the backslash, which some parsers take for a slash
_HOST_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*\.?", re.IGNORECASE)
_ENDS_IN_NUMBER: Final = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?$")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ipaddress.ip_network("2000::/3")
_NOT_REALLY_PUBLIC: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # a cloud's own server, at an address that looks like any other
        "192.0.0.0/24",  # protocol assignments, one cloud's metadata among them; not every Python knows them all
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)
_HINT: Final = "Only public addresses are reached, over https. For a private one set the connector's base URL."


class Resolve(Protocol):
    """Finds the addresses of a host name, as an event loop's ``getaddrinfo`` does."""

    async def __call__(self, host: str, port: int) -> list[str]:
        """Return IP addresses as text; raise OSError when there are none."""


def is_public(address: IPAddress) -> bool:
    """Tell whether an address lies out in the open, whatever form it is dressed in."""
    if any(address in network for network in _NOT_REALLY_PUBLIC):
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    # outside 2000::/3 lie loopback, mapped, translated, link-local, site-local, private and multicast addresses
    return address in _GLOBAL_UNICAST and address.is_global


class AddressRules:
    """Decides which URLs and addresses may be reached; ``operator_bases`` are trusted, because an operator set them."""

    def __init__(self, operator_bases: Iterable[str] = ()) -> None:
        self._origins = frozenset(_origin(URL(base)) for base in operator_bases)
        self._trusted = frozenset((host, port) for _, host, port in self._origins)

    def check(self, url: str) -> URL:
        """Return the URL, ready to be used as it is, or raise AddressRefused."""
        if not _VISIBLE.fullmatch(url):
            raise AddressRefused("An outgoing address has characters that can't stand in one.")
        try:
            parsed = URL(url, encoded=True)
            origin = _origin(parsed)
        except ValueError:
            raise AddressRefused("An outgoing address can't be read.") from None
        if parsed.user is not None or parsed.password is not None or parsed.raw_fragment:
            raise AddressRefused("An outgoing address names a user or a fragment.")
        if origin not in self._origins:
            _check_foreign(origin)
        return parsed

    def check_resolved(self, host: str, port: int, addresses: Iterable[str]) -> None:
        """Raise AddressRefused when one of the addresses that a name resolves to isn't public."""
        if (host.lower(), port) in self._trusted:
            return
        for address in addresses:
            if not is_public(ipaddress.ip_address(address.partition("%")[0])):
                raise AddressRefused(f"{host} leads to an address that isn't public.", hint=_HINT)


def _origin(url: URL) -> tuple[str, str, int]:
    return url.scheme, (url.raw_host or "").lower(), url.port or 0


def _check_foreign(origin: tuple[str, str, int]) -> None:
    scheme, host, _ = origin
    if scheme != "https":
        raise AddressRefused("An outgoing address must begin with https://.", hint=_HINT)
    literal = _literal(host)
    if literal is not None:
        if not is_public(literal):
            raise AddressRefused(f"{host} isn't a public address.", hint=_HINT)
        return
    # 0x7f.1, 017700000001 and 2130706433 are all taken for 127.0.0.1 by some resolvers; a real name ends in a word
    if not _HOST_NAME.fullmatch(host) or _ENDS_IN_NUMBER.search(host):
        raise AddressRefused("An outgoing address names no host that can be trusted.", hint=_HINT)


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the resolver of this machine."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class CheckedResolver(AbstractResolver):
    """Hands out only addresses that were judged; the client connects to these and no others."""

    def __init__(self, rules: AddressRules, resolve: Resolve) -> None:
        self._rules = rules
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host; raise AddressRefused when one of them may not be reached."""
        addresses = await self._resolve(host, port)
        self._rules.check_resolved(host, port, addresses)
        return [_result(host, port, address) for address in addresses]

    async def close(self) -> None:
        """Do nothing; there is nothing to give back."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    family: Any = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
