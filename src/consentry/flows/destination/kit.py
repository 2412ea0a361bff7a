"""What the steps of one run of a destination have at hand, and what is read for them before the first row."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from consentry.connectors import (
    CUSTOM,
    Connector,
    Known,
    Record,
    Row,
    Template,
    TemplateField,
    Wish,
    Writing,
    WritingClient,
    read,
)
from consentry.core.process import is_surely_dead
from consentry.errors import TooManyRefusals
from consentry.flows.destination.answers import Answers
from consentry.flows.destination.keys import match_of
from consentry.flows.destination.manual import ManualMapper
from consentry.flows.destination.mapping import Mapper
from consentry.flows.destination.model import NewDestination, RowOutcome
from consentry.flows.destination.records import Records
from consentry.flows.destination.work import REQUEST, Held, Holding, MapRow, Work, WritingUpstream
from consentry.flows.work import Cancelled

WINDOW: Final = 500
"""So many rows are looked up and decided about together."""
GROUP: Final = 100
"""So many requests are written down before the first of them leaves."""
AT_ONCE: Final = 8
"""So many requests are under way at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row on its way."""

    number: int
    key: str
    row: Row
    attempts: int = 0  # requests that surely did nothing though no answer came
    was_gone: bool = False  # its record vanished between look and request, once
    intended: RowOutcome | None = None  # what a request was to come to that can't be told from somebody else's
    is_doubted: bool = False  # the ledger still says that a request for it is out


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearings:
    """What is known before the first row: how to read it, and what the provider has."""

    known: Known
    map_row: MapRow
    by: str | None  # the field that records are found by
    wish: Wish


@dataclass(slots=True, kw_only=True)
class Kit:
    """What the steps of a run have at hand."""

    work: Work
    watch: Holding
    upstream: WritingUpstream
    held: Held
    bearings: Bearings
    records: Records
    answers: Answers
    refused: int  # rows so far
    taken_at: datetime  # when this holder took the run
    failing_since: float | None = None  # steady seconds, while nothing gets through
    failures: int = 0
    lost: dict[int, Line] = field(default_factory=dict)  # rows whose answers never came, by number

    @property
    def is_stopped(self) -> bool:
        """Whether so many rows were refused that no more are to be sent."""
        most = self.work.destination.stop_after_refusals
        return most is not None and self.refused >= most

    def stop_if_asked(self) -> None:
        """Raise Cancelled when somebody asked for an end, TooManyRefusals when there were too many."""
        if self.watch.is_cancelled():
            raise Cancelled
        if self.is_stopped:
            rows = "1 row was refused" if self.refused == 1 else f"{self.refused} rows were refused"
            raise TooManyRefusals(f"{rows}, and the run was to stop at {self.work.destination.stop_after_refusals}.")

    def certain_after(self, owners: Iterable[str]) -> datetime:
        """Return when requests that others sent before us have had their effect, if they ever will.

        Who lost the run sends no more, but a request may still be on its way; those of a dead process ended with it.
        """
        gone = all(owner == self.work.owner or is_surely_dead(owner) for owner in owners)
        return self.taken_at + self.work.settle + (timedelta(0) if gone else REQUEST)


async def take_bearings(
    client: WritingClient, connector: Connector, writing: Writing, template: Template, new: NewDestination
) -> Bearings:
    """Read what has to be known before the first row; raise InvalidInput when the mapping doesn't fit it."""
    names = set(new.mapping)
    if new.match_on is not None:
        names.add(new.match_on)
    known = await read_known(client, connector, template, names)
    return Bearings(
        known=known,
        map_row=mapper_of(new, template, writing, known),
        by=match_of(template, new.match_on),
        wish=Wish(nested=new.nested, clear_with_null=new.clear_with_null),
    )


def mapper_of(new: NewDestination, template: Template, writing: Writing, known: Known) -> MapRow:
    """Return what turns columns into fields."""
    if new.manual is not None:
        return ManualMapper(new.manual)
    return Mapper(template, fields_of(template, writing, known), new.mapping, match_on=new.match_on)


def fields_of(template: Template, writing: Writing, known: Known) -> tuple[TemplateField, ...]:
    """Return a template's fields, those included that the account defines itself."""
    if writing.custom_fields is None or template.custom_fields is None:
        return template.fields
    return (*template.fields, *writing.custom_fields(template, known=known))


async def read_known(client: WritingClient, connector: Connector, template: Template, names: set[str]) -> Known:
    """Read what the named fields choose from, each stream once."""
    streams = {each.choices.stream for each in template.fields if each.choices is not None and each.name in names}
    if template.custom_fields is not None and any(name.startswith(CUSTOM) for name in names):
        streams.add(template.custom_fields)
    found: dict[str, list[Record]] = {}
    for name in sorted(streams):
        stream = connector.stream(name)
        if stream is None:
            raise LookupError(f"{template.name} names a stream that doesn't exist: {name}")
        found[name] = [record async for page in read(client, connector, stream) for record in page.records]
    return Known(records=found)
