"""Create, edit, pause and delete destinations. The credential knows who uses it."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry import credentials
from consentry.audit import Action, Actor, Outcome
from consentry.credentials import Use
from consentry.errors import Conflict, FieldError, InvalidInput, NotFound
from consentry.flows import store as flow_store
from consentry.flows.destination import form, store
from consentry.flows.destination.model import Destination, NewDestination
from consentry.flows.form import place_of, slug
from consentry.flows.model import ENDED, WarehouseSpec
from consentry.flows.room import Room
from consentry.flows.schedule import next_after


async def create_destination(room: Room, actor: Actor, new: NewDestination) -> Destination:
    """Add a destination; raise InvalidInput with every field that can't be, or Conflict when its name is taken."""
    connector = await connector_of(room, new)
    new = replace(new, name=" ".join(new.name.split()))
    form.check(new, room.catalogue.get(connector))
    now = room.clock.now()
    async with room.database.transaction() as connection:
        values = await _columns(room, connection, new) | {
            "connector": connector,
            "is_active": True,
            "next_run_at": next_after(new.schedule, None, now),
            "created_by": actor.name,
            "created_at": now,
            "updated_at": now,
        }
        destination_id = await store.add(connection, values)
        use = Use(kind="destination", id=destination_id, name=new.name)
        await credentials.add_use(connection, new.credential_id, use)
        await _record(room, connection, actor, Action.DESTINATION_CREATE, new.credential_id, new.name)
        return await store.get(connection, destination_id)


async def connector_of(room: Room, new: NewDestination) -> str:
    """Return the connector of the credential that is named; raise InvalidInput when there is none."""
    try:
        return (await credentials.get(room.credentials, new.credential_id)).connector
    except NotFound as error:
        raise InvalidInput(FieldError(field="credential_id", message="There is no such credential.")) from error


async def _columns(room: Room, connection: AsyncConnection, new: NewDestination) -> dict[str, Any]:
    """Check what only the database knows, and return the columns."""
    if new.schedule is not None and new.schedule.after_source is not None:
        try:
            await flow_store.get(connection, new.schedule.after_source)
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
    connector = await connector_of(room, wanted)
    async with room.database.transaction() as connection:
        before = await store.get(connection, destination_id)
        if before.connector != connector:
            raise InvalidInput(FieldError(field="credential_id", message=f"must be one for {before.connector}"))
        _refuse_while_running(before)
        form.check(wanted, room.catalogue.get(connector))
        now = room.clock.now()
        changes = await _columns(room, connection, wanted) | {"updated_at": now}
        if wanted.schedule != before.schedule:
            changes["next_run_at"] = next_after(wanted.schedule, None, now)
        await store.change(connection, destination_id, changes)
        await credentials.remove_use(connection, Use(kind="destination", id=destination_id, name=before.name))
        use = Use(kind="destination", id=destination_id, name=wanted.name)
        await credentials.add_use(connection, wanted.credential_id, use)
        await _record(room, connection, actor, Action.DESTINATION_EDIT, wanted.credential_id, wanted.name)
        return await store.get(connection, destination_id)


async def change_destination(room: Room, actor: Actor, destination_id: int, given: Mapping[str, Any]) -> Destination:
    """Change the given fields of a destination, named as `NewDestination` names them; raises as `edit` does."""
    described = description_of(await get_destination(room, destination_id))
    return await edit_destination(room, actor, destination_id, replace(described, **given))


def description_of(destination: Destination) -> NewDestination:
    """Return a destination as it would be described."""
    return NewDestination(**{each.name: getattr(destination, each.name) for each in fields(NewDestination)})


def _refuse_while_running(destination: Destination) -> None:
    if destination.last_run is not None and destination.last_run.status not in ENDED:
        raise Conflict("A run of this destination is under way.", hint="Wait until it has ended, or cancel it.")


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
    now = room.clock.now()
    async with room.database.transaction() as connection:
        destination = await store.get(connection, destination_id)
        changes: dict[str, Any] = {"is_active": active, "updated_at": now}
        if active and not destination.is_active:
            changes["next_run_at"] = next_after(destination.schedule, None, now)
        await store.change(connection, destination_id, changes)
        words = f"{destination.name}: {'activated' if active else 'paused'}"
        await _record(room, connection, actor, Action.DESTINATION_EDIT, destination.credential_id, words)
        return await store.get(connection, destination_id)


async def delete_destination(room: Room, actor: Actor, destination_id: int) -> None:
    """Delete a destination and what it remembers; its runs stay. Raises NotFound, or Conflict while it runs."""
    async with room.database.transaction() as connection:
        destination = await store.get(connection, destination_id)
        _refuse_while_running(destination)
        use = Use(kind="destination", id=destination_id, name=destination.name)
        await credentials.remove_use(connection, use)
        await store.remove(connection, destination_id)
        await _record(room, connection, actor, Action.DESTINATION_DELETE, destination.credential_id, destination.name)


async def _record(
    room: Room, connection: AsyncConnection, actor: Actor, action: Action, credential_id: int, detail: str
) -> None:
    await room.trail.record(connection, actor, action, Outcome.DONE, credential_id=credential_id, detail=detail)
