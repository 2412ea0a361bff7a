"""Create, edit, pause and delete destinations."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import Actor
from consentry.errors import Conflict, FieldError, InvalidInput, NotFound
from consentry.flows import flow, flow_store
from consentry.flows.destination import form, store
from consentry.flows.destination.model import Destination, NewDestination
from consentry.flows.form import place_of, slug
from consentry.flows.model import WarehouseSpec
from consentry.flows.room import Room


async def create_destination(room: Room, actor: Actor, new: NewDestination) -> Destination:
    """Add a destination; raise InvalidInput with every field that can't be, or Conflict when its name is taken."""
    connector = await flow.connector_of(room, new.credential_id)
    new = replace(new, name=" ".join(new.name.split()))
    form.check(new, room.catalogue.get(connector))
    async with room.database.transaction() as connection:
        columns = await _columns(room, connection, new) | {"connector": connector}
        destination_id = await flow.add(room, connection, actor, new, columns)
        return await store.get(connection, destination_id)


async def _columns(room: Room, connection: AsyncConnection, new: NewDestination) -> dict[str, Any]:
    """Check what only the database knows, and return the columns."""
    if new.schedule is not None and new.schedule.after_source is not None:
        try:
            await flow_store.get(connection, "source", new.schedule.after_source)
        except NotFound as error:
            fault = FieldError(field="schedule.after_source", message="There is no such source.")
            raise InvalidInput(fault) from error
    dataset = slug(new.name) if new.keep_answers else None
    place = place_of(WarehouseSpec(), room.home)
    if dataset is not None and await store.is_filled_by_source(connection, place, dataset):
        raise Conflict(f"A source fills the dataset {dataset}.", hint="Choose another name for the destination.")
    return store.columns_of(new, dataset=dataset)


async def edit_destination(room: Room, actor: Actor, destination_id: int, wanted: NewDestination) -> Destination:
    """Describe a destination anew; raise InvalidInput, NotFound, or Conflict when it runs or a name is taken."""
    wanted = replace(wanted, name=" ".join(wanted.name.split()))
    connector = await flow.connector_of(room, wanted.credential_id)
    async with room.database.transaction() as connection:
        before = await store.get(connection, destination_id)
        flow.refuse_other_connector(before, connector)
        flow.refuse_while_running(before)
        form.check(wanted, room.catalogue.get(connector))
        columns = await _columns(room, connection, wanted)
        await flow.edit(room, connection, actor, before, wanted, columns)
        return await store.get(connection, destination_id)


async def change_destination(room: Room, actor: Actor, destination_id: int, given: Mapping[str, Any]) -> Destination:
    """Change the given fields of a destination, named as `NewDestination` names them; raises as `edit` does."""
    described = description_of(await get_destination(room, destination_id))
    return await edit_destination(room, actor, destination_id, replace(described, **given))


def description_of(destination: Destination) -> NewDestination:
    """Return a destination as it would be described."""
    return NewDestination(**{each.name: getattr(destination, each.name) for each in fields(NewDestination)})


async def get_destination(room: Room, destination_id: int) -> Destination:
    """Return a destination; raise NotFound."""
    async with room.database.reading() as connection:
        return await store.get(connection, destination_id)


async def list_destinations(
    room: Room,
    *,
    name: str | None = None,
    credential_id: int | None = None,
    page: int = 1,
    per_page: int = 50,
) -> tuple[list[Destination], bool]:
    """Return a page of destinations by name, and whether there are more."""
    async with room.database.reading() as connection:
        return await store.list_page(connection, name=name, credential_id=credential_id, page=page, per_page=per_page)


async def pause_destination(room: Room, actor: Actor, destination_id: int) -> Destination:
    """Let a destination run only by hand until it is activated; raise NotFound."""
    return await _set_active(room, actor, destination_id, active=False)


async def activate_destination(room: Room, actor: Actor, destination_id: int) -> Destination:
    """Let a destination run by its schedule again; what was missed meanwhile isn't made up for. Raises NotFound."""
    return await _set_active(room, actor, destination_id, active=True)


async def _set_active(room: Room, actor: Actor, destination_id: int, *, active: bool) -> Destination:
    async with room.database.transaction() as connection:
        destination = await store.get(connection, destination_id)
        await flow.set_active(room, connection, actor, destination, active=active)
        return await store.get(connection, destination_id)


async def delete_destination(room: Room, actor: Actor, destination_id: int) -> None:
    """Delete a destination and what it remembers; its runs stay. Raises NotFound, or Conflict while it runs."""
    async with room.database.transaction() as connection:
        destination = await store.get(connection, destination_id)
        flow.refuse_while_running(destination)
        await flow.remove(room, connection, actor, destination)
