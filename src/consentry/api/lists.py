"""Lists in pages, with the address of the next one in the header Link (RFC 8288)."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Response


def link_next(
    response: Response, address: str, *, page: int, per_page: int, has_more: bool, filters: Mapping[str, str | None]
) -> None:
    """Say where the next page is, if there is one; ``address`` is absolute, under the public URL."""
    if has_more:
        chosen = {name: value for name, value in filters.items() if value is not None}
        query = urlencode({**chosen, "page": page + 1, "per_page": per_page})
        response.headers["Link"] = f'<{address}?{query}>; rel="next"'
