"""What the steps of a new source and of a new destination have in common, and the words in which they differ."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from consentry.flows import FlowKind
from consentry.web.frame import Page, Section


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowWords:
    """The words of one kind."""

    kind: FlowKind
    section: Section
    title: str
    path: str
    lead: str  # of the first step
    question: str  # of the last step


WORDS: Final[dict[FlowKind, FlowWords]] = {
    "source": FlowWords(
        kind="source",
        section="sources",
        title="New data source",
        path="/sources/new",
        lead="Where should the data come from?",
        question="What should be read?",
    ),
    "destination": FlowWords(
        kind="destination",
        section="destinations",
        title="New data destination",
        path="/destinations/new",
        lead="Where should the data go?",
        question="Which rows go where?",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPage(Page):
    """What the three steps have in common."""

    step: ClassVar[int]
    words: FlowWords

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.words.title

    @property
    def place(self) -> Section:
        """The word of the rail under which the page stands."""
        return self.words.section

    @property
    def path(self) -> str:
        """Where the steps live."""
        return self.words.path


def proposed_name(wanted: str, taken: Iterable[str]) -> str:
    """Return a name that no other of its kind has: the wanted one, or with the first free number behind it."""
    used = {name.casefold() for name in taken}
    number = 1
    name = wanted
    while name.casefold() in used:
        number += 1
        name = f"{wanted} {number}"
    return name
