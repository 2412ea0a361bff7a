"""Sources, destinations and runs while none can be kept: what will stand there, and the way that is open already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry.web.door import Door
from consentry.web.first_visit import FirstVisit, first_steps
from consentry.web.frame import Page, Section
from consentry.web.visit import SignedInVisit

SOURCES: Final = "A source reads streams of a connector with a credential, and keeps a dataset up to date."
DESTINATIONS: Final = "A destination writes rows of a dataset, a query or a file into a connector with a credential."
NO_SOURCE: Final = "No source is kept yet. You can choose what to read and look at it; keeping it comes next."
NO_DESTINATION: Final = "No destination is kept yet. You can choose where to write and look at what is there."
NO_RUN: Final = "Every run of a source or destination will stand here, with its counts and its log. None can run yet."


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesPage(Page):
    """The way to a first source, step by step."""

    template: ClassVar[str] = "flows.html"
    section: ClassVar[Section] = "sources"
    first_visit: FirstVisit | None
    lead: str = SOURCES  # what a source is
    empty: str = NO_SOURCE  # what would stand here
    new_path: str = "/sources/new"
    new_word: str = "New data source"

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationsPage(Page):
    """What a destination is, and the way to look at where one would write."""

    template: ClassVar[str] = "flows.html"
    section: ClassVar[Section] = "destinations"
    first_visit: FirstVisit | None = None
    lead: str = DESTINATIONS  # what a destination is
    empty: str = NO_DESTINATION  # what would stand here
    new_path: str = "/destinations/new"
    new_word: str = "New data destination"

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Destinations"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsPage(Page):
    """What will stand under Runs."""

    template: ClassVar[str] = "runs.html"
    section: ClassVar[Section] = "runs"
    empty: str = NO_RUN  # what would stand here

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Runs"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the pages that are still empty."""
    return (
        door.for_people("/sources", show_sources),
        door.for_people("/destinations", show_destinations),
        door.for_people("/runs", show_runs),
    )


async def show_sources(visit: SignedInVisit) -> Response:
    """Show the three steps to a first source."""
    return visit.show(SourcesPage(first_visit=await first_steps(visit, above="/sources/new")))


async def show_destinations(visit: SignedInVisit) -> Response:
    """Show that there is no destination yet."""
    return visit.show(DestinationsPage())


async def show_runs(visit: SignedInVisit) -> Response:
    """Show that nothing has run yet."""
    return visit.show(RunsPage())
