"""Lists that come in pages, read as one."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

PER_PAGE: Final = 100

Found = TypeVar("Found")
ReadPage = Callable[..., Awaitable[tuple[list[Found], bool]]]


async def every(read: ReadPage[Found], *, at_most: int | None = None) -> list[Found]:
    """Read page after page until there is no next one, or there are enough.

    ``read`` takes ``page`` and ``per_page``, and returns the page and whether there are more.
    """
    found: list[Found] = []
    page, more = 0, True
    while more and (at_most is None or len(found) < at_most):
        page += 1
        records, more = await read(page=page, per_page=PER_PAGE)
        found += records
    return found[:at_most]
