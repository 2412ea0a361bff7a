"""Finds out what became of requests whose answers never came, before anything is sent for their rows again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from consentry.connectors import Record, Request
from consentry.errors import FieldError
from consentry.flows.destination import ledger, row_store
from consentry.flows.destination.kit import Kit, Line
from consentry.flows.destination.ledger import Deed, Entry
from consentry.flows.destination.ledger import Known as Stand
from consentry.flows.destination.matching import read_by_ids
from consentry.flows.destination.model import RowOutcome
from consentry.flows.destination.row_store import Result

MOST_ATTEMPTS: Final = 5
_WAITING: Final = "requests whose answers were lost to take effect, if they do"
_INTENDED: Final[dict[Deed, RowOutcome]] = {
    "create": RowOutcome.CREATED,
    "change": RowOutcome.CHANGED,
    "delete": RowOutcome.DELETED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A row, and the request of which nobody knows what it did."""

    line: Line
    entry: Entry

    @property
    def is_hopeless(self) -> bool:
        """Whether it was sent so often that it isn't sent again."""
        return self.entry.attempts >= MOST_ATTEMPTS


async def settle_own(kit: Kit) -> list[Line]:
    """Settle what this run lost answers of; return the rows whose requests did nothing, to be decided about anew."""
    lines, kit.lost = list(kit.lost.values()), {}
    if not lines:
        return []
    await kit.watch.wait(_WAITING, kit.work.clock.now() + kit.work.settle)
    return await _settle(kit, await _doubts(kit, lines))


async def settle_found(kit: Kit, lines: Sequence[Line], entries: dict[str, Entry]) -> list[Line]:
    """Settle what an earlier holder, or an earlier run, sent and left without knowing what became of it."""
    doubts = [Doubt(line=line, entry=entries[line.key]) for line in lines]
    if not doubts:
        return []
    await kit.watch.wait(_WAITING, kit.certain_after([doubt.entry.owner for doubt in doubts]))
    return await _settle(kit, doubts)


async def _doubts(kit: Kit, lines: Sequence[Line]) -> list[Doubt]:
    async with kit.held.reading() as connection:
        entries = await ledger.find(connection, kit.work.book, [line.key for line in lines])
    return [Doubt(line=line, entry=entries[line.key]) for line in lines]


async def _settle(kit: Kit, doubts: Sequence[Doubt]) -> list[Line]:
    kit.stop_if_asked()
    creating = [doubt for doubt in doubts if doubt.entry.record_id is None]
    changing = [doubt for doubt in doubts if doubt.entry.record_id is not None]
    found = await _find_made(kit, [doubt for doubt in creating if kit.work.template.finds_written])
    there = await read_by_ids(kit, [doubt.entry.record_id for doubt in changing if doubt.entry.record_id is not None])
    await kit.work.steps.reached("settle.looked")
    results: list[Result] = []
    again: list[Line] = []
    for doubt in doubts:
        judged = _judge(kit, doubt, found, there)
        if isinstance(judged, Result):
            results.append(judged)
        else:
            again.append(judged)
    results = await _with_changes(kit, results)
    records = [*found.values(), *there.values()]
    kept = {result.record_id for result in results if result.outcome in (RowOutcome.CREATED, RowOutcome.CHANGED)}
    gone = [result.record_id for result in results if result.outcome is RowOutcome.DELETED and result.record_id]
    await kit.answers.keep([record for record in records if record.get("id") in kept], gone)
    await _write(kit, doubts, results, again)
    await kit.records.wrote([record for record in records if record.get("id") in kept], gone)
    await kit.work.steps.reached("settle.committed")
    return again


async def _find_made(kit: Kit, doubts: Sequence[Doubt]) -> dict[int, Record]:
    """Return the records that requests have made, by the number of the row: each record for one row only."""
    if not doubts:
        return {}
    requests = [doubt.entry.request for doubt in doubts]
    asked: list[Request] = [request for request in requests if request is not None]
    since: datetime = min(doubt.entry.sent_at for doubt in doubts)
    writing = kit.work.writing
    several = await writing.find_written(kit.upstream, kit.work.template, asked, since=since)
    ids = {record["id"] for records in several for record in records}
    async with kit.held.reading() as connection:
        taken = await ledger.list_owned(connection, kit.work.book, ids)
    found: dict[int, Record] = {}
    for doubt, records in zip(doubts, several, strict=True):
        free = next((record for record in records if record["id"] not in taken), None)
        if free is not None:
            taken.add(free["id"])
            found[doubt.line.number] = free
    return found


def _judge(kit: Kit, doubt: Doubt, found: dict[int, Record], there: dict[int, Record]) -> Result | Line:
    """Say what became of a row, or hand it on to be decided about anew."""
    line, entry = doubt.line, doubt.entry
    if entry.record_id is None:
        if line.number in found:
            return Result(number=line.number, outcome=RowOutcome.CREATED, record_id=found[line.number]["id"])
        if not kit.work.template.finds_written and not (kit.work.is_retry and entry.run_id != kit.work.run_id):
            return _unknown(line, _NOBODY_KNOWS)
    elif _is_done(kit, doubt, there.get(entry.record_id)):
        return Result(number=line.number, outcome=_INTENDED[entry.deed], record_id=entry.record_id)
    if doubt.is_hopeless and entry.run_id == kit.work.run_id:
        return _unknown(line, f"No answer came to {entry.attempts} requests in a row, and none of them did anything.")
    is_ours = entry.run_id == kit.work.run_id
    made = RowOutcome.CREATED if entry.deed == "create" and is_ours else None
    return replace(line, attempts=entry.attempts if is_ours else 0, intended=made, is_doubted=True)


def _is_done(kit: Kit, doubt: Doubt, current: Record | None) -> bool:
    """Tell whether a record is as the request wanted it."""
    if doubt.entry.deed == "delete":
        return current is None
    if current is None:
        return False
    work, bearings = kit.work, kit.bearings
    planned = work.writing.plan(work.template, doubt.line.row, current, wish=bearings.wish, known=bearings.known)
    return planned.deed == "nothing"


_NOBODY_KNOWS: Final = (
    "No answer came to its request, and nobody can look up what it did. See whether it was done; if not, try this row "
    "again."
)


def _unknown(line: Line, words: str) -> Result:
    errors = (FieldError(field="", message=words),)
    return Result(number=line.number, outcome=RowOutcome.FAILED, errors=errors)


async def _with_changes(kit: Kit, results: Sequence[Result]) -> list[Result]:
    """Join results with the changes that were written down before the requests left."""
    async with kit.held.reading() as connection:
        changes = await row_store.changes_of(connection, kit.work.run_id, [each.number for each in results])
    return [replace(each, changes=changes.get(each.number, ())) for each in results]


async def _write(kit: Kit, doubts: Sequence[Doubt], results: Sequence[Result], again: Sequence[Line]) -> None:
    work = kit.work
    keys = {doubt.line.number: doubt.line.key for doubt in doubts}
    written = {keys[each.number]: each.record_id for each in results if each.outcome in _THERE}
    deleted = {keys[each.number]: each.record_id for each in results if each.outcome is RowOutcome.DELETED}
    nothing = [each.number for each in results if each.outcome is RowOutcome.FAILED and work.template.finds_written]
    async with kit.held.transaction() as connection:
        await ledger.write_done(connection, work.book, written, Stand.WRITTEN)
        await ledger.write_done(connection, work.book, deleted, Stand.DELETED)
        await ledger.forget(connection, work.book, [keys[number] for number in nothing])
        await row_store.write_results(connection, work.run_id, results)
        # what did nothing stays written down as sent until it is decided about anew, and looked for once more after a
        # crash: a look too many costs a request, one too few a duplicate


_THERE: Final = (RowOutcome.CREATED, RowOutcome.CHANGED)
