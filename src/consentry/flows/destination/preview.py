"""What a run would do, for the first rows whole and for all in counts; nothing is written, here or there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

from consentry.audit import Action, Actor
from consentry.errors import FieldError, RateLimited
from consentry.flows.destination import form, ledger, taking_in
from consentry.flows.destination.answers import NoAnswers
from consentry.flows.destination.carrying import book_of, open_origin, sign_in, writing_of
from consentry.flows.destination.destinations import description_of, get_destination
from consentry.flows.destination.execution import records_of
from consentry.flows.destination.kit import Kit, Line, take_bearings
from consentry.flows.destination.ledger import Entry
from consentry.flows.destination.matching import Decided, decide
from consentry.flows.destination.model import (
    Destination,
    DestinationId,
    NewDestination,
    Preview,
    RowCounts,
    RowOutcome,
    RowResult,
)
from consentry.flows.destination.raw import RawRow
from consentry.flows.destination.work import Held, Work, WritingUpstream
from consentry.flows.flow import connector_of
from consentry.flows.model import StreamRun
from consentry.flows.room import Room

MOST_REQUESTS: Final = 200
MOST_SECONDS: Final = 60.0
MOST_ROWS: Final = 20_000
_WINDOW: Final = 250
_OUTCOMES: Final = {
    "create": RowOutcome.CREATED,
    "change": RowOutcome.CHANGED,
    "delete": RowOutcome.DELETED,
    "nothing": RowOutcome.UNCHANGED,
    "refuse": RowOutcome.REFUSED,
}


async def preview(room: Room, actor: Actor, destination_id: int, limit: int) -> Preview:
    """Say what a run of a destination would do; raises what a run would fail with, and NotFound."""
    return await _preview(room, actor, await get_destination(room, destination_id), limit)


async def preview_new(room: Room, actor: Actor, new: NewDestination, limit: int) -> Preview:
    """Say what a destination that isn't kept yet would do; raises InvalidInput, and what a run would fail with."""
    connector = await connector_of(room, new.credential_id)
    form.check(new, room.catalogue.get(connector))
    now = room.clock.now()
    given: dict[str, Any] = {each.name: getattr(new, each.name) for each in fields(NewDestination)}
    destination = Destination(
        **given,
        id=DestinationId(0),
        connector=connector,
        credential_name="",
        dataset=None,
        is_active=False,
        next_run_at=None,
        created_by=actor.name,
        created_at=now,
        updated_at=now,
    )
    return await _preview(room, actor, destination, limit)


async def _preview(room: Room, actor: Actor, destination: Destination, limit: int) -> Preview:
    kit = await _prepare(room, actor, destination)
    look = _Look(kit=kit, limit=limit, until=room.clock.monotonic() + MOST_SECONDS)
    async with kit.work.open_rows(0) as origin:
        async for batch in origin.batches():
            for start in range(0, len(batch), _WINDOW):
                await look.take(batch[start : start + _WINDOW])
    return look.preview()


async def _prepare(room: Room, actor: Actor, destination: Destination) -> Kit:
    connector = room.catalogue.get(destination.connector)
    template = form.template_of(connector, destination.template)
    client = await sign_in(room, actor, destination, connector, template, action=Action.TEST)
    work = Work(
        destination=destination,
        run_id=0,
        is_retry=False,
        connector=connector,
        writing=writing_of(connector),
        template=template,
        client=client,
        open_rows=open_origin(room, destination.rows),
        book=book_of(destination, template, client.credential),
        fence=0,
        owner=room.owner,
        database=room.database,
        clock=room.clock,
        randomness=room.randomness,
        steps=room.steps,
        settle=room.settle,
    )
    watch = _Impatient()
    upstream = WritingUpstream(work, watch)
    bearings = await take_bearings(upstream, connector, work.writing, template, description_of(destination))
    return Kit(
        work=work,
        watch=watch,
        upstream=upstream,
        held=Held(work, upstream),
        bearings=bearings,
        records=await records_of(room, work, upstream, bearings),
        answers=NoAnswers(),
        refused=0,
        taken_at=room.clock.now(),
    )


class _Impatient:
    """Waits for nothing: who looks at a preview is there, and can try again."""

    async def report(self, stream: StreamRun) -> None:
        """Nobody listens."""

    async def wait(self, words: str, until: datetime) -> None:
        """Say what would be waited for."""
        raise RateLimited(f"The preview would have to wait for {words}.", retry_after=60.0)

    def is_cancelled(self) -> bool:
        """Tell that nobody asked for an end."""
        return False

    def surely_holds(self) -> bool:
        """Nothing is written, so nothing is held."""
        return False

    async def confirm(self) -> None:
        """There is nothing to prolong."""


@dataclass(slots=True, kw_only=True)
class _Look:
    """A preview as it grows."""

    kit: Kit
    limit: int
    until: float  # steady seconds
    total: int = 0
    looked_at: int = 0
    counts: Counter[RowOutcome] = field(default_factory=Counter)
    shown: dict[int, RowResult] = field(default_factory=dict)
    of_key: dict[str, tuple[int, RowOutcome]] = field(default_factory=dict)
    of_record: dict[int, int] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)

    @property
    def is_over(self) -> bool:
        """Whether no more rows are looked at."""
        kit = self.kit
        spent = kit.upstream.requests >= MOST_REQUESTS or kit.work.clock.monotonic() >= self.until
        return spent or self.looked_at >= MOST_ROWS

    async def take(self, batch: Sequence[RawRow]) -> None:
        """Look at some rows, or only count them."""
        self.total += len(batch)
        if self.is_over:
            return
        self.looked_at += len(batch)
        taken = [(raw, taking_in.taken_of(self.kit, raw)) for raw in batch]
        lines: list[Line] = []
        given = {raw.row: raw.values for raw in batch}
        for raw, row in taken:
            self._show(RowResult(row=raw.row, key=row.key, outcome=None, values=raw.values))
            if row.errors:
                self._end(raw.row, row.key, RowOutcome.REFUSED, errors=row.errors)
            else:
                line = Line(number=raw.row, key=row.key, row=self.kit.bearings.map_row(given[raw.row]).values)
                lines.append(line)
        await self._decide(self._keyed(lines))

    def _keyed(self, lines: Sequence[Line]) -> list[Line]:
        """Refuse rows that are for the same record; where every row makes its own, number those that say the same."""
        kept: list[Line] = []
        for line in lines:
            self.times[line.key] += 1
            if self.kit.bearings.by is None:
                key = f"{line.key.rpartition(':')[0]}:{self.times[line.key]}"
                kept.append(Line(number=line.number, key=key, row=line.row))
            elif self.times[line.key] == 1:
                kept.append(line)
            else:
                self._refuse_both(line)
        again = {line.key for line in kept if self.times[line.key] > 1 and self.kit.bearings.by is not None}
        return [line for line in kept if line.key not in again or self._refuse(line, (self._same(line.key),))]

    def _same(self, key: str) -> FieldError:
        words = f"{self.times[key]} rows are for the same record; leave one of them."
        return FieldError(field=self.kit.bearings.by or "", message=words)

    def _refuse_both(self, line: Line) -> None:
        """Refuse a row, and the one before it with the same key if that was decided about already."""
        before = self.of_key.get(line.key)
        if before is not None and before[1] is not RowOutcome.REFUSED:
            self.counts[before[1]] -= 1
            self._end(before[0], line.key, RowOutcome.REFUSED, errors=(self._same(line.key),))
        self._refuse(line, (self._same(line.key),))

    def _refuse(self, line: Line, errors: tuple[FieldError, ...]) -> bool:
        self._end(line.number, line.key, RowOutcome.REFUSED, errors=errors)
        return False

    async def _decide(self, lines: Sequence[Line]) -> None:
        async with self.kit.held.reading() as connection:
            entries = await ledger.find(connection, self.kit.work.book, [line.key for line in lines])
        left = [line for line in lines if not self._is_written(line, entries.get(line.key))]
        for each in await decide(self.kit, left) if left else ():
            self._take(each)

    def _is_written(self, line: Line, entry: Entry | None) -> bool:
        if self.kit.bearings.by is not None or entry is None or entry.state is ledger.Known.SENT:
            return False
        self._end(line.number, line.key, RowOutcome.UNCHANGED, record_id=entry.record_id)
        return True

    def _take(self, decided: Decided) -> None:
        planned, line = decided.planned, decided.line
        record = planned.record_id
        if record is not None and planned.deed != "refuse":
            owner = self.of_record.setdefault(record, line.number)
            if owner != line.number:
                words = f"Row {owner} is for the same record (#{record}); leave one of them."
                self._refuse(line, (FieldError(field=self.kit.bearings.by or "", message=words),))
                return
        self._end(
            line.number,
            line.key,
            _OUTCOMES[planned.deed],
            record_id=record,
            changes=planned.changes,
            errors=planned.errors,
        )

    def _show(self, row: RowResult) -> None:
        if len(self.shown) < self.limit:
            self.shown[row.row] = row

    def _end(self, number: int, key: str, outcome: RowOutcome, **what: Any) -> None:
        self.counts[outcome] += 1
        if key:
            self.of_key[key] = (number, outcome)
        if number in self.shown:
            before = self.shown[number]
            self.shown[number] = RowResult(row=number, key=key, outcome=outcome, values=before.values, **what)

    def preview(self) -> Preview:
        """Return what was found."""
        counted = {outcome.value: self.counts[outcome] for outcome in RowOutcome}
        return Preview(
            counts=RowCounts(**counted, waiting=self.total - self.looked_at),
            rows=tuple(self.shown[number] for number in sorted(self.shown)),
            total=self.total,
            looked_at=self.looked_at,
        )
