"""Where a request comes from, and where it may be sent on to: against forged forms and open redirects. Pure."""

import unicodedata
from collections.abc import Mapping
from urllib.parse import urlsplit


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address, as browsers write an origin."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def path_of(address: str) -> str:
    """Return the path of an address without its last slash: empty unless Consentry lives under a sub-path."""
    return urlsplit(address).path.rstrip("/")


def path_within(path: str, prefix: str) -> str:
    """Return a request's path as seen from the root of Consentry."""
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        return path[len(prefix) :] or "/"
    return path


def is_from_own_page(headers: Mapping[str, str], public_url: str) -> bool:
    """Tell whether a request was sent by one of our own pages, as far as the browser tells.

    A browser always sends Origin with a form's POST. Requests that carry neither header come from no browser; the
    form's token still has to be right for those. The host that was asked for counts as our own: a page elsewhere
    can't choose it.
    """
    site = headers.get("sec-fetch-site", "same-origin")
    if site not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    asked = f"{urlsplit(public_url).scheme}://{headers.get('host', '')}"
    return origin.lower() in (origin_of(public_url), asked.lower())


def local_path(wanted: str, *, otherwise: str) -> str:
    """Return a path on this site to go on to, or another one when it would lead elsewhere or can't be trusted.

    Browsers take a backslash for a slash and drop tabs and line breaks: ``/\\host`` and ``/<tab>/host`` lead away.
    """
    if not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted or len(wanted) > 2000:
        return otherwise
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") or sign == " " for sign in wanted):
        return otherwise
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc else wanted
