"""What a caller of the API asks for: page, size, embeds, `since`. Whatever is unknown is ignored, as at Capsule."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode

from consentry.sandbox.records import stamp

MOST_PER_PAGE: Final = 100
_DEFAULT_PER_PAGE: Final = 50


class Invalid(Exception):
    """A parameter is missing or wrong; becomes Capsule's 422."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The parameters of one call."""

    parameters: dict[str, str]

    @property
    def page(self) -> int:
        """Return the page asked for, from 1."""
        return max(1, _number(self.parameters.get("page"), 1))

    def per_page(self, most: int = MOST_PER_PAGE) -> int:
        """Return the size of a page; what is too large or too small is brought within bounds."""
        return min(most, max(1, _number(self.parameters.get("perPage"), _DEFAULT_PER_PAGE)))

    @property
    def embeds(self) -> frozenset[str]:
        """Return what the caller wants embedded. Sources disagree on `task` and `tasks`, so both do."""
        asked = self.parameters.get("embed", "")
        return frozenset(asked.split(",")) | ({"tasks"} if "task" in asked else set())

    def since(self) -> str | None:
        """Return the moment as records are stamped, or None; raises Invalid."""
        given = self.parameters.get("since")
        if not given:
            return None
        try:
            moment = datetime.fromisoformat(given)
        except ValueError as error:
            raise Invalid("since", "since is invalid") from error
        return stamp((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC))

    def need_since(self) -> str:
        """Return the moment; raises Invalid when there is none."""
        moment = self.since()
        if moment is None:
            raise Invalid("since", "since is required")
        return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list is shown, and the headers that say so."""

    number: int
    size: int
    total: int

    @property
    def part(self) -> slice:
        """Return the part of the list."""
        return slice((self.number - 1) * self.size, self.number * self.size)

    @property
    def has_more(self) -> bool:
        """Tell whether there is a next page."""
        return self.number * self.size < self.total

    def headers(self, address: str, parameters: dict[str, str]) -> dict[str, str]:
        """Return `Link` and `X-Pagination-Has-More`; the links keep every other parameter."""
        links = []
        if self.has_more:
            links.append(_link(address, parameters, self.number + 1, "next"))
        if self.number > 1:
            links.append(_link(address, parameters, self.number - 1, "prev"))
        headers = {"X-Pagination-Has-More": "true" if self.has_more else "false"}
        return headers | ({"Link": ", ".join(links)} if links else {})


def parse_query(text: str) -> Query:
    """Read a query string; of a parameter that comes twice the last one counts."""
    return Query(parameters=dict(parse_qsl(text, keep_blank_values=True)))


def _link(address: str, parameters: dict[str, str], page: int, relation: str) -> str:
    return f'<{address}?{urlencode({**parameters, "page": str(page)}, safe=",:")}>; rel="{relation}"'


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else default
