"""What a run would do, with nothing written."""

from typing import Final

from consentry.audit import Actor
from consentry.connectors import Planned
from consentry.flows.destination import form
from consentry.flows.destination.carrying import sign_in, writing_of
from consentry.flows.destination.destinations import connector_of, description_of, get_destination
from consentry.flows.destination.keys import match_value
from consentry.flows.destination.kit import take_bearings
from consentry.flows.destination.model import NewDestination, Preview, RowOutcome, RowResult
from consentry.flows.destination.origin import open_rows
from consentry.flows.destination.records import AtProvider
from consentry.flows.destination.taking_in import key_for
from consentry.flows.model import RowCounts
from consentry.flows.room import Room

_OUTCOMES: Final = {
    "create": RowOutcome.CREATED,
    "change": RowOutcome.CHANGED,
    "delete": RowOutcome.DELETED,
    "nothing": RowOutcome.UNCHANGED,
    "refuse": RowOutcome.REFUSED,
}


async def preview(room: Room, actor: Actor, destination_id: int, limit: int) -> Preview:
    """Return what a run of a destination would do."""
    return await preview_new(room, actor, description_of(await get_destination(room, destination_id)), limit)


async def preview_new(room: Room, actor: Actor, new: NewDestination, limit: int) -> Preview:
    """Return what a run would do of a destination that needn't be there."""
    connector = room.catalogue.get(await connector_of(room, new))
    form.check(new, connector)
    writing, template = writing_of(connector), form.template_of(connector, new.template)
    client = await sign_in(room, new, connector, template)
    bearings = await take_bearings(client, connector, writing, template, new)
    records = AtProvider(client=client, writing=writing, template=template, known=bearings.known)
    results: list[RowResult] = []
    async with open_rows(room, new.rows) as origin:
        async for batch in origin.batches():
            for raw in batch:
                mapped = bearings.map_row(raw.values)
                key = key_for(template, bearings.by, mapped)
                if mapped.errors:
                    results.append(
                        RowResult(
                            row=raw.row, key=key, outcome=RowOutcome.REFUSED, errors=mapped.errors, values=raw.values
                        )
                    )
                    continue
                current = None
                if bearings.by is not None:
                    value = match_value(template, bearings.by, mapped.values)
                    current = next(iter((await records.find(bearings.by, [value])).get(value, ())), None)
                planned: Planned = writing.plan(
                    template, mapped.values, current, wish=bearings.wish, known=bearings.known
                )
                results.append(
                    RowResult(
                        row=raw.row,
                        key=key,
                        outcome=_OUTCOMES[planned.deed],
                        record_id=planned.record_id,
                        changes=planned.changes,
                        errors=planned.errors,
                        values=raw.values,
                    )
                )
    counts: dict[str, int] = {}
    for each in results:
        name = each.outcome.value if each.outcome else "waiting"
        counts[name] = counts.get(name, 0) + 1
    return Preview(counts=RowCounts(**counts), rows=tuple(results[:limit]), total=len(results), looked_at=len(results))
