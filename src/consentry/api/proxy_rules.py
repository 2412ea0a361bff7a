"""What may pass through the proxy: paths, headers both ways, and links that must stay on it. Pure."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from consentry.api.proxy_links import Links
from consentry.errors import NotFound, Unreadable

METHODS: Final = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
READING: Final = frozenset(["GET", "HEAD", "OPTIONS"])
IDEMPOTENT: Final = frozenset(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])

LONGEST_WAIT: Final = timedelta(minutes=2)

_LONGEST_PATH: Final = 8192
_PATH_CHARACTERS: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_QUERY_SAFE: Final = "!\"$%&'()*+,-./:;<=>?@[]^_`{|}~"  # all that is visible, but for fragments and backslashes
_QUERY_CONTROLS: Final = re.compile(rb"[\x00-\x20\x7f]")
_STILL_ENCODED: Final = re.compile(rb"%(?:2[eEfF]|5[cC]|00)")
_WAIT: Final = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(?=$|[,;])", re.IGNORECASE)

# RFC 9110 §7.6.1, and what old proxies send for the same purpose
_HOP_BY_HOP: Final = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    "upgrade http2-settings".split()
)
_NOT_UPSTREAM: Final = _HOP_BY_HOP | frozenset(
    "host authorization cookie expect forwarded via x-real-ip x-csrf-token origin referer prefer "
    "client-ip true-client-ip cf-connecting-ip x-client-ip x-api-key".split()
)
_NOT_UPSTREAM_BEGINNINGS: Final = ("x-forwarded-", "x-original-", "x-rewrite-", "sec-", "consentry-", "access-control-")
_NOT_BACK: Final = _HOP_BY_HOP | frozenset(
    "set-cookie set-cookie2 date server alt-svc strict-transport-security clear-site-data "
    "public-key-pins report-to reporting-endpoints nel refresh service-worker-allowed sourcemap".split()
)
_NOT_BACK_BEGINNINGS: Final = ("access-control-", "consentry-", "proxy-")


def upstream_path(raw: bytes, prefix: str) -> str:
    """Return the provider's path for what stands after `proxy/`, still percent-encoded.

    Raises Unreadable for a path that could be read in two ways, and NotFound outside of the API's prefix.
    """
    if len(raw) > _LONGEST_PATH:
        raise _refused("The path is too long.")
    if not _PATH_CHARACTERS.fullmatch(raw):
        raise _refused("The path has characters that can't stand in one.")
    segments = [segment for segment in raw.split(b"/") if segment]
    for segment in segments:
        _check_segment(segment)
    path = b"/".join(segments).decode("ascii")
    path += "/" if raw.endswith(b"/") and segments else ""
    if not path.startswith(prefix):
        raise NotFound(
            f"Only addresses under {prefix} can be reached through the proxy.",
            hint=f"Let the path after proxy/ begin with {prefix}.",
        )
    return f"/{path}"


def _check_segment(segment: bytes) -> None:
    decoded = unquote_to_bytes(segment)
    if any(byte < 0x20 or byte == 0x7F for byte in decoded) or b"/" in decoded or b"\\" in decoded:
        raise _refused("The path has encoded slashes, backslashes or control characters.")
    if _STILL_ENCODED.search(decoded):
        raise _refused("The path is encoded twice.")
    if decoded.split(b";")[0] in (b".", b".."):  # "..;" is ".." to some servers
        raise _refused("The path has a segment that leads elsewhere.")


def _refused(message: str) -> Unreadable:
    return Unreadable(message, hint="Send the provider's path as its documentation writes it.")


def upstream_query(raw: bytes) -> str:
    """Return the query for the provider with its question mark, or nothing; raise Unreadable for control characters."""
    if _QUERY_CONTROLS.search(raw):
        raise Unreadable("The query has control characters.", hint="Percent-encode them.")
    return "?" + quote_from_bytes(raw, safe=_QUERY_SAFE) if raw else ""


def headers_upstream(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return the request headers that go on to the provider: none that was meant for us, or for the line between us."""
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
    own_line = _named_by_connection(pairs)
    kept = [
        (name, value)
        for name, value in pairs
        if name not in _NOT_UPSTREAM and name not in own_line and not name.startswith(_NOT_UPSTREAM_BEGINNINGS)
    ]
    if not any(name == "accept-encoding" for name, _ in kept):
        kept.append(("accept-encoding", "identity"))
    return kept


def headers_back(headers: Iterable[tuple[bytes, bytes]], links: Links) -> list[tuple[bytes, bytes]]:
    """Return the answer's headers for the caller: links stay on the proxy, cookies and line matters stay behind."""
    pairs = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
    own_line = _named_by_connection(pairs)
    kept = [
        (name, _shown(name, value, links))
        for name, value in pairs
        if name not in _NOT_BACK and name not in own_line and not name.startswith(_NOT_BACK_BEGINNINGS)
    ]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept]


def _named_by_connection(pairs: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the headers that Connection names as its own (RFC 9110 §7.6.1)."""
    named = (word.strip().lower() for name, value in pairs if name == "connection" for word in value.split(","))
    return frozenset(named) - {"content-length", "content-type", "content-encoding"}  # without these the body is lost


def _shown(name: str, value: str, links: Links) -> str:
    if name == "www-authenticate":
        return "Bearer"  # its details tell of a token that isn't the caller's
    if name == "link":
        return links.rewrite(value)
    return links.onto_proxy(value) if name == "location" else value


def wait_of(prefer: Iterable[str]) -> timedelta | None:
    """Return how long the caller prefers to wait (RFC 7240 §4.3), at most as long as we hold a call, or None."""
    for value in prefer:
        found = _WAIT.search(value)
        if found is not None:
            return min(timedelta(seconds=int(found[1])), LONGEST_WAIT)
    return None
