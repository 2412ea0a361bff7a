"""Addresses of the provider's API in its answers, brought back onto the proxy. Pure."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

_TARGET: Final = re.compile(r"<([^<>]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Brings addresses of the provider's API back onto the proxy, so that who follows them keeps their credentials."""

    base_url: str  # of the provider
    prefix: str  # of its API, such as "api/v2/"
    proxy_url: str  # absolute, under the public URL, without a slash at its end
    asked: str  # the provider's address that was asked; relative links start from it

    def onto_proxy(self, target: str) -> str:
        """Return an address as the caller should follow it; one that isn't the API's stays as it is."""
        try:
            absolute = urlsplit(urljoin(self.asked, target))
            base = urlsplit(self.base_url)
            if _origin(absolute) != _origin(base):
                return target
        except ValueError:
            return target
        path = absolute.path.removeprefix(base.path.rstrip("/"))
        if not path.startswith(f"/{self.prefix}"):
            return target
        return self.proxy_url + urlunsplit(("", "", path, absolute.query, absolute.fragment))

    def rewrite(self, value: str) -> str:
        """Return a Link header (RFC 8288) with its targets on the proxy."""
        return _TARGET.sub(lambda found: f"<{self.onto_proxy(found[1])}>", value)


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or standard
