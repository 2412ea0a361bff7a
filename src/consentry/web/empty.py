"""Destinations while none can be kept: what will stand there, and the way that is open already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.visit import SignedInVisit

DESTINATIONS: Final = "A destination writes rows of a dataset, a query or a file into a connector with a credential."
NO_DESTINATION: Final = "No destination is kept yet. You can choose where to write and look at what is there."


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationsPage(Page):
    """What a destination is, and the way to look at where one would write."""

    template: ClassVar[str] = "destinations.html"
    section: ClassVar[Section] = "destinations"
    lead: str = DESTINATIONS  # what a destination is
    empty: str = NO_DESTINATION  # what would stand here

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Destinations"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the pages that are still empty."""
    return (door.for_people("/destinations", show_destinations),)


async def show_destinations(visit: SignedInVisit) -> Response:
    """Show that there is no destination yet."""
    return visit.show(DestinationsPage())
