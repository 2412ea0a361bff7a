"""Takes a run's rows in before the first is written, and finds those that are for the same record. Memory stays flat.

A row that can't be is refused here, and nothing is sent for it.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.connectors import Template
from consentry.errors import FieldError
from consentry.flows.destination import row_store
from consentry.flows.destination.keys import key_of, match_of, match_value
from consentry.flows.destination.kit import Kit
from consentry.flows.destination.mapping import MappedRow
from consentry.flows.destination.raw import RawRow
from consentry.flows.destination.row_store import Stage, Taken
from consentry.flows.destination.work import Batches
from consentry.flows.work import Cancelled

_KEYS_AT_ONCE: Final = 200
_NUMBERED_AT_ONCE: Final = 500
_SHOWN: Final = 5


async def take_in(kit: Kit) -> None:
    """Take in what isn't there yet; a run that died goes on where it was, where its rows keep their order."""
    async with kit.held.reading() as connection:
        last = await row_store.last_number(connection, kit.work.run_id)
    async with kit.work.open_rows(last) as origin:
        if origin.keeps_order or last == 0:
            await _take_batches(kit, origin)
            return
    async with kit.held.transaction() as connection:
        await row_store.begin_anew(connection, kit.work.run_id)
    kit.refused = 0
    async with kit.work.open_rows(0) as origin:
        await _take_batches(kit, origin)


async def _take_batches(kit: Kit, origin: Batches) -> None:
    async for batch in origin.batches():
        taken = [taken_of(kit, raw) for raw in batch]
        async with kit.held.transaction() as connection:
            await row_store.take_in(connection, kit.work.run_id, taken)
        kit.refused += sum(1 for row in taken if row.errors)
        await kit.work.steps.reached("rows.taken")
        if kit.watch.is_cancelled():
            raise Cancelled


def taken_of(kit: Kit, raw: RawRow) -> Taken:
    """Return a row as it is kept, with what is wrong with it."""
    if raw.fault is not None:
        errors = (FieldError(field="", message=raw.fault),)
        return Taken(number=raw.row, key="", given=raw.values, errors=errors)
    mapped = kit.bearings.map_row(raw.values)
    key = key_for(kit.work.template, kit.bearings.by, mapped)
    return Taken(number=raw.row, key=key, given=raw.values, errors=mapped.errors)


def key_for(template: Template, by: str | None, mapped: MappedRow) -> str:
    """Return what identifies a row; nothing where what should do so can't be read."""
    if by is not None and match_value(template, by, mapped.values) is None:
        return ""
    return key_of(template, by, mapped.values)


async def sort_out(kit: Kit) -> None:
    """Refuse rows that are for the same record; where every row makes its own, number those that say the same."""
    by = match_of(kit.work.template, kit.work.destination.match_on)
    after = ""
    while True:
        async with kit.held.transaction() as connection:
            keys = await row_store.list_repeated(connection, kit.work.run_id, after, _KEYS_AT_ONCE)
            for key in keys:
                if by is None:
                    await _number(connection, kit.work.run_id, key)
                else:
                    kit.refused += await _refuse(connection, kit.work.run_id, key, by)
        if not keys:
            return
        after = keys[-1]


async def _refuse(connection: AsyncConnection, run_id: int, key: str, by: str) -> int:
    numbers = await row_store.numbers_of(connection, run_id, key, _SHOWN + 1)
    count = await row_store.count_of(connection, run_id, key)
    return await row_store.refuse_all_of(
        connection, run_id, key, FieldError(field=by, message=same_words(numbers, count))
    )


def same_words(numbers: list[int], count: int) -> str:
    """Say which rows are for the same record."""
    named = [str(number) for number in numbers[:_SHOWN]]
    if count > _SHOWN:
        which = f"{', '.join(named)} and {count - _SHOWN} more"
    else:
        which = f"{', '.join(named[:-1])} and {named[-1]}"
    return f"The rows {which} are for the same record; leave one of them."


async def _number(connection: AsyncConnection, run_id: int, key: str) -> None:
    """Give the second row of a key the number 2, and so on; the first keeps the key."""
    stem, place = key.rpartition(":")[0], 2
    while numbers := (await row_store.numbers_of(connection, run_id, key, _NUMBERED_AT_ONCE + 1))[1:]:
        names = {number: f"{stem}:{place + offset}" for offset, number in enumerate(numbers)}
        await row_store.rename_keys(connection, run_id, names)
        place += len(numbers)


async def enter(kit: Kit, stage: Stage) -> None:
    """Write down that the run has come to another stage."""
    async with kit.held.transaction() as connection:
        await row_store.advance(connection, kit.work.run_id, stage=stage)
    await kit.work.steps.reached(f"stage.{stage}")
