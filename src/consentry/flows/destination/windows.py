"""Writes a run's rows window by window: settle what is in doubt, decide, send, settle what was lost."""

from collections.abc import Sequence
from typing import Final

from consentry.flows.destination import ledger, row_store
from consentry.flows.destination.kit import WINDOW, Kit, Line
from consentry.flows.destination.ledger import Entry
from consentry.flows.destination.ledger import Known as Stand
from consentry.flows.destination.matching import Decided, decide
from consentry.flows.destination.model import RowOutcome
from consentry.flows.destination.row_store import Result, Waiting
from consentry.flows.destination.sending import send
from consentry.flows.destination.settling import settle_found, settle_own

_TO_SEND: Final = ("create", "change", "delete")


async def write_all(kit: Kit, position: int) -> None:
    """Give every row behind a position its outcome."""
    while True:
        kit.stop_if_asked()
        async with kit.held.reading() as connection:
            waiting = await row_store.list_waiting(connection, kit.work.run_id, position, WINDOW)
        if not waiting:
            return
        await _write(kit, waiting)
        position = waiting[-1].number
        async with kit.held.transaction() as connection:
            await row_store.advance(connection, kit.work.run_id, position=position)
        await kit.work.steps.reached("window.done")


async def _write(kit: Kit, waiting: Sequence[Waiting]) -> None:
    lines = await _read(kit, waiting)
    async with kit.held.reading() as connection:
        entries = await ledger.find(connection, kit.work.book, [line.key for line in lines])
    doubted = [line for line in lines if line.key in entries and entries[line.key].state is Stand.SENT]
    certain = [line for line in lines if line not in doubted]
    left = await settle_found(kit, doubted, entries)
    if kit.bearings.by is None:
        certain = await _leave_out_written(kit, certain, entries)
    if certain:
        left += await _round(kit, certain, fresh=False)
    while left:
        left = await _round(kit, left, fresh=True)


async def _read(kit: Kit, waiting: Sequence[Waiting]) -> list[Line]:
    """Map rows as they were mapped when they were taken in; refuse those that can't be any more."""
    lines: list[Line] = []
    refused: list[Result] = []
    for each in waiting:
        mapped = kit.bearings.map_row(each.given)
        if mapped.errors:
            refused.append(Result(number=each.number, outcome=RowOutcome.REFUSED, errors=mapped.errors))
        else:
            lines.append(Line(number=each.number, key=each.key, row=mapped.values))
    if refused:
        async with kit.held.transaction() as connection:
            await row_store.write_results(connection, kit.work.run_id, refused)
        kit.refused += len(refused)
    return lines


async def _leave_out_written(kit: Kit, lines: Sequence[Line], entries: dict[str, Entry]) -> list[Line]:
    """Leave out rows that were written by an earlier run, where nothing but the ledger can tell."""
    written = {line.number: entries[line.key].record_id for line in lines if line.key in entries}
    results = [
        Result(number=number, outcome=RowOutcome.UNCHANGED, record_id=record) for number, record in written.items()
    ]
    if results:
        async with kit.held.transaction() as connection:
            await row_store.write_results(connection, kit.work.run_id, results)
        await kit.work.steps.reached("window.decided")
    return [line for line in lines if line.number not in written]


async def _round(kit: Kit, lines: Sequence[Line], *, fresh: bool) -> list[Line]:
    """Decide about rows and send what is to be sent; return those that have to be decided about anew."""
    decided = await decide(kit, lines, fresh=fresh)
    await _write_decided(kit, [each for each in decided if each.planned.deed not in _TO_SEND])
    again = await send(kit, [each for each in decided if each.planned.deed in _TO_SEND])
    return again + await settle_own(kit)


async def _write_decided(kit: Kit, decided: Sequence[Decided]) -> None:
    """Give rows their outcomes for which nothing is to be sent."""
    if not decided:
        return
    results = [_result(each) for each in decided]
    doubted = [each for each in decided if each.line.is_doubted]
    there = {each.line.key: each.planned.record_id for each in doubted if each.planned.deed == "nothing"}
    refused = [each.line.key for each in doubted if each.planned.deed == "refuse"]
    async with kit.held.transaction() as connection:
        await ledger.write_done(connection, kit.work.book, there, Stand.WRITTEN)
        await ledger.forget(connection, kit.work.book, refused)
        await row_store.write_results(connection, kit.work.run_id, results)
    kit.refused += sum(each.outcome is RowOutcome.REFUSED for each in results)
    await kit.work.steps.reached("window.decided")


def _result(decided: Decided) -> Result:
    planned = decided.planned
    if planned.deed == "refuse":
        return Result(number=decided.line.number, outcome=RowOutcome.REFUSED, errors=planned.errors)
    outcome = decided.line.intended or RowOutcome.UNCHANGED
    return Result(number=decided.line.number, outcome=outcome, record_id=planned.record_id)
