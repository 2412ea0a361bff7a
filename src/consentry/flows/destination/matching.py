"""Finds the record that each row of a window is for, in as few requests as can be, and decides what is to be done.

A row for which two records could be meant, or whose record an earlier row of the run has, is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consentry.connectors import Known, Planned, Record
from consentry.errors import FieldError
from consentry.flows.destination import ledger, row_store
from consentry.flows.destination.keys import match_value
from consentry.flows.destination.kit import Kit, Line
from consentry.flows.destination.ledger import Entry
from consentry.flows.destination.records import ID

_SHOWN: Final = 5
_NEVER: Final = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A row, and what is to be done about it."""

    line: Line
    planned: Planned


async def decide(kit: Kit, lines: Sequence[Line], *, fresh: bool = False) -> list[Decided]:
    """Look the rows' records up, and decide about each row; ``fresh``: by the provider's own word only."""
    known = kit.bearings.known
    if kit.work.writing.prepare is not None:
        rows = [line.row for line in lines]
        known = await kit.work.writing.prepare(kit.upstream, kit.work.template, rows, known=known)
    by = kit.bearings.by
    if by is None:
        return [Decided(line=line, planned=_plan(kit, line, None, known)) for line in lines]
    found = await look_up(kit, by, lines, fresh=fresh)
    decided = [Decided(line=line, planned=_judge(kit, by, line, found[line.number], known)) for line in lines]
    return await _refuse_second_rows(kit, by, decided)


async def look_up(kit: Kit, by: str, lines: Sequence[Line], *, fresh: bool = False) -> dict[int, Sequence[Record]]:
    """Return the records that each row could be for, by the number of the row."""
    values = {line.number: match_value(kit.work.template, by, line.row) for line in lines}
    records = await kit.records.find(by, list(dict.fromkeys(values.values())), fresh=fresh)
    found = {number: records.get(value, ()) for number, value in values.items()}
    return found | await _remembered(kit, by, [line for line in lines if not found[line.number]])


async def read_by_ids(kit: Kit, record_ids: Sequence[int]) -> dict[int, Record]:
    """Return the records with these ids that are still there, by the provider's own word."""
    writing, known = kit.work.writing, kit.bearings.known
    found = await writing.find(kit.upstream, kit.work.template, ID, record_ids, known=known) if record_ids else {}
    return {number: records[0] for number, records in found.items() if records}


async def _remembered(kit: Kit, by: str, lines: Sequence[Line]) -> dict[int, Sequence[Record]]:
    """Return the records that keys without a match got from this destination earlier.

    A search may not know yet what was made a moment ago; and who renames a record by hand doesn't make it another one.
    """
    if by == ID or not lines:
        return {}
    async with kit.held.reading() as connection:
        entries = await ledger.find(connection, kit.work.book, [line.key for line in lines])
    ids = {line.number: _written(entries.get(line.key)) for line in lines}
    records = await read_by_ids(kit, sorted({each for each in ids.values() if each is not None}))
    return {number: [records[each]] for number, each in ids.items() if each is not None and each in records}


def _written(entry: Entry | None) -> int | None:
    return entry.record_id if entry is not None and entry.state is ledger.Known.WRITTEN else None


def _judge(kit: Kit, by: str, line: Line, records: Sequence[Record], known: Known) -> Planned:
    if len(records) > 1:
        named = ", ".join(f"#{record.get('id')}" for record in records[:_SHOWN])
        more = f" and {len(records) - _SHOWN} more" if len(records) > _SHOWN else ""
        words = f"{len(records)} records have this: {named}{more}. Make it one, or say which one is meant by its id."
        return Planned(deed=_NEVER, errors=(FieldError(field=by, message=words),))
    return _plan(kit, line, records[0] if records else None, known)


def _plan(kit: Kit, line: Line, current: Record | None, known: Known) -> Planned:
    return kit.work.writing.plan(kit.work.template, line.row, current, wish=kit.bearings.wish, known=known)


async def _refuse_second_rows(kit: Kit, by: str, decided: Sequence[Decided]) -> list[Decided]:
    """Refuse rows whose record another row of the run has already."""
    ids = [each.planned.record_id for each in decided if each.planned.record_id is not None]
    async with kit.held.reading() as connection:
        taken = await row_store.rows_with_records(connection, kit.work.run_id, ids)
    judged: list[Decided] = []
    for each in decided:
        record = each.planned.record_id
        if record is None or each.planned.deed == _NEVER:
            judged.append(each)
            continue
        owner = taken.setdefault(record, each.line.number)
        judged.append(each if owner == each.line.number else _second(each, by, record, owner))
    return judged


def _second(decided: Decided, by: str, record: int, owner: int) -> Decided:
    words = f"Row {owner} is for the same record (#{record}); leave one of them."
    planned = Planned(deed=_NEVER, errors=(FieldError(field=by, message=words),))
    return Decided(line=decided.line, planned=planned)
