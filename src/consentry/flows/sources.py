"""Create, edit, pause and delete sources. The credential knows who uses it; the vault has what an address hides."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry import credentials
from consentry.audit import Action, Actor, Outcome
from consentry.core.secret import Secret
from consentry.credentials import Use
from consentry.errors import Conflict, FieldError, InvalidInput, NotFound
from consentry.flows import form, store
from consentry.flows.destination import store as destination_store
from consentry.flows.model import ENDED, NewSource, Source, SourceId, WarehouseSpec
from consentry.flows.room import Room
from consentry.flows.schedule import next_after
from consentry.vault import SecretRef


def address_ref(source_id: int, version: int) -> SecretRef:
    """Name the address of a source's warehouse, password included."""
    return SecretRef(owner="sources", owner_id=source_id, field="warehouse_url", version=version)


async def create(room: Room, actor: Actor, new: NewSource) -> Source:
    """Add a source; raise InvalidInput with every field that can't be, or Conflict when name or dataset is taken."""
    connector = await _connector_of(room, new)
    new = replace(new, name=" ".join(new.name.split()))
    form.check(new, room.catalogue.get(connector))
    url, address = form.without_password(new.warehouse.url) if new.warehouse.url else (None, None)
    now = room.clock.now()
    dataset = new.dataset or form.slug(new.name)
    values = store.columns_of(new, dataset=dataset, place=form.place_of(new.warehouse, room.home), url=url) | {
        "connector": connector,
        "credential_id": new.credential_id,
        "is_active": True,
        "next_run_at": next_after(new.schedule, None, now),
        "created_by": actor.name,
        "created_at": now,
        "updated_at": now,
    }
    async with room.database.transaction() as connection:
        await _refuse_answers_place(connection, values["warehouse_key"], dataset, room)
        source_id = await store.add(connection, values)
        await credentials.add_use(connection, new.credential_id, Use(kind="source", id=source_id, name=new.name))
        if address is not None:
            await _keep_address(room, connection, source_id, address)
        await _record(room, connection, actor, Action.SOURCE_CREATE, new.credential_id, new.name)
        return await store.get(connection, source_id)


async def _connector_of(room: Room, new: NewSource) -> str:
    try:
        return (await credentials.get(room.credentials, new.credential_id)).connector
    except NotFound as error:
        raise InvalidInput(FieldError(field="credential_id", message="There is no such credential.")) from error


async def _keep_address(room: Room, connection: AsyncConnection, source_id: int, address: Secret) -> None:
    version = await store.warehouse_version(connection, source_id) + 1
    await store.change(connection, source_id, {"warehouse_version": version})
    await room.vault.put(connection, address_ref(source_id, version), address)


async def edit(room: Room, actor: Actor, source_id: int, wanted: NewSource) -> Source:
    """Describe a source anew; an absent PostgreSQL address keeps the stored one.

    Raises InvalidInput, NotFound, or Conflict when a name is taken or a run is under way.
    """
    wanted = replace(wanted, name=" ".join(wanted.name.split()))
    connector = await _connector_of(room, wanted)
    async with room.database.transaction() as connection:
        before = await store.get(connection, source_id)
        if before.connector != connector:
            raise InvalidInput(FieldError(field="credential_id", message=f"must be one for {before.connector}"))
        _refuse_while_running(before)
        keeps = before.warehouse.kind == "postgres" and wanted.warehouse.kind == "postgres"
        form.check(wanted, room.catalogue.get(connector), has_address=keeps)
        changes = _changes(room, before, wanted)
        await _refuse_answers_place(connection, changes["warehouse_key"], changes["dataset"], room)
        await store.change(connection, source_id, changes)
        if wanted.warehouse.url:
            await _keep_address(room, connection, source_id, form.without_password(wanted.warehouse.url)[1])
        await credentials.remove_use(connection, Use(kind="source", id=source_id, name=before.name))
        await credentials.add_use(connection, wanted.credential_id, Use(kind="source", id=source_id, name=wanted.name))
        await _record(room, connection, actor, Action.SOURCE_EDIT, wanted.credential_id, wanted.name)
        return await store.get(connection, source_id)


async def change(room: Room, actor: Actor, source_id: int, given: Mapping[str, Any]) -> Source:
    """Change the given fields of a source, named as `NewSource` names them; raises as `edit` does."""
    return await edit(room, actor, source_id, replace(description_of(await get(room, source_id)), **given))


def description_of(source: Source) -> NewSource:
    """Return a source as it would be described; the address of PostgreSQL is left to stay as it is."""
    warehouse = replace(source.warehouse, url=None)
    return NewSource(
        name=source.name,
        credential_id=source.credential_id,
        streams=source.streams,
        manual=source.manual,
        dataset=source.dataset,
        warehouse=warehouse,
        deletions=source.deletions,
        full_listing_every=source.full_listing_every,
        schedule=source.schedule,
    )


def _changes(room: Room, before: Source, wanted: NewSource) -> dict[str, Any]:
    now = room.clock.now()
    url = form.without_password(wanted.warehouse.url)[0] if wanted.warehouse.url else None
    spec = wanted.warehouse
    if spec.kind == "postgres" and url is None:
        url = before.warehouse.url
    place = form.place_of(replace(spec, url=url), room.home)
    columns = store.columns_of(wanted, dataset=wanted.dataset or before.dataset, place=place, url=url)
    if wanted.schedule != before.schedule:
        columns["next_run_at"] = next_after(wanted.schedule, None, now)
    return columns | {"credential_id": wanted.credential_id, "updated_at": now}


async def _refuse_while_followed(connection: AsyncConnection, source_id: int) -> None:
    names = [f"“{each.name}”" for each in await destination_store.list_followers(connection, source_id, paused=True)]
    if names:
        words = f"These destinations run after each run of this source: {', '.join(names)}."
        raise Conflict(words, hint="Give them another schedule first, or delete them.")


async def _refuse_answers_place(connection: AsyncConnection, place: str, dataset: str, room: Room) -> None:
    """Refuse a dataset in which a destination keeps its answers."""
    own = form.place_of(WarehouseSpec(), room.home)
    if place == own and await destination_store.keeps_answers_in(connection, dataset):
        raise Conflict(f"A destination keeps its answers in the dataset {dataset}.", hint="Choose another dataset.")


def _refuse_while_running(source: Source) -> None:
    if source.last_run is not None and source.last_run.status not in ENDED:
        raise Conflict("A run of this source is under way.", hint="Wait until it has ended, or cancel it.")


async def get(room: Room, source_id: int) -> Source:
    """Return a source; raise NotFound."""
    async with room.database.reading() as connection:
        return await store.get(connection, source_id)


async def list_sources(
    room: Room,
    *,
    name: str | None = None,
    credential_id: int | None = None,
    page: int = 1,
    per_page: int = 50,
) -> tuple[list[Source], bool]:
    """Return a page of sources by name, and whether there are more."""
    async with room.database.reading() as connection:
        return await store.list_page(connection, name=name, credential_id=credential_id, page=page, per_page=per_page)


async def pause(room: Room, actor: Actor, source_id: int) -> Source:
    """Let a source run only by hand until it is activated; raise NotFound."""
    return await _set_active(room, actor, source_id, active=False)


async def activate(room: Room, actor: Actor, source_id: int) -> Source:
    """Let a source run by its schedule again; what was missed meanwhile isn't made up for. Raises NotFound."""
    return await _set_active(room, actor, source_id, active=True)


async def _set_active(room: Room, actor: Actor, source_id: int, *, active: bool) -> Source:
    async with room.database.transaction() as connection:
        source = await store.get(connection, source_id)
        changes: dict[str, Any] = {"is_active": active, "updated_at": room.clock.now()}
        if active and not source.is_active and source.schedule is not None:
            changes["next_run_at"] = next_after(source.schedule, None, room.clock.now())
        await store.change(connection, source_id, changes)
        words = f"{source.name}: {'activated' if active else 'paused'}"
        await _record(room, connection, actor, Action.SOURCE_EDIT, source.credential_id, words)
        return await store.get(connection, source_id)


async def delete(room: Room, actor: Actor, source_id: int) -> None:
    """Delete a source; its dataset and its runs stay. Raises NotFound, or Conflict while a run is under way."""
    async with room.database.transaction() as connection:
        source = await store.get(connection, source_id)
        _refuse_while_running(source)
        await _refuse_while_followed(connection, source_id)
        await credentials.remove_use(connection, Use(kind="source", id=SourceId(source_id), name=source.name))
        await room.vault.forget(connection, "sources", source_id)
        await store.remove(connection, source_id)
        await _record(room, connection, actor, Action.SOURCE_DELETE, source.credential_id, source.name)


async def find_address(room: Room, source_id: int) -> Secret | None:
    """Return the address of a source's warehouse, password included, where it has one; raise SealBroken."""
    async with room.database.reading() as connection:
        version = await store.warehouse_version(connection, source_id)
        return await room.vault.open(connection, address_ref(source_id, version)) if version else None


async def _record(
    room: Room, connection: AsyncConnection, actor: Actor, action: Action, credential_id: int, detail: str
) -> None:
    await room.trail.record(connection, actor, action, Outcome.DONE, credential_id=credential_id, detail=detail)
