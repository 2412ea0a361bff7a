"""Create, edit, pause and delete sources. What an address of a warehouse hides, the vault has."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit import Actor
from consentry.core.secret import Secret
from consentry.errors import Conflict
from consentry.flows import addresses, flow, flow_store, form, store
from consentry.flows.destination import store as destination_store
from consentry.flows.hooks.wanting import want, want_nothing
from consentry.flows.model import NewSource, Source, WarehouseSpec
from consentry.flows.room import Room
from consentry.vault import SecretRef


def address_ref(source_id: int, version: int) -> SecretRef:
    """Name the address of a source's warehouse, password included."""
    return SecretRef(owner="sources", owner_id=source_id, field="warehouse_url", version=version)


async def create(room: Room, actor: Actor, new: NewSource) -> Source:
    """Add a source; raise InvalidInput with every field that can't be, or Conflict when name or dataset is taken."""
    connector = await flow.connector_of(room, new.credential_id)
    new = replace(new, name=" ".join(new.name.split()))
    form.check(new, room.catalogue.get(connector))
    url, address = _parts(new.warehouse)
    dataset, place = new.dataset or form.slug(new.name), form.place_of(new.warehouse, room.home)
    columns = store.columns_of(new, dataset=dataset, place=place, url=url) | {"connector": connector}
    async with room.database.transaction() as connection:
        await _refuse_answers_place(connection, place, dataset, room)
        source_id = await flow.add(room, connection, actor, new, columns)
        if address is not None:
            await _keep_address(room, connection, source_id, address)
        return await _with_hooks(room, connection, source_id)


def _parts(spec: WarehouseSpec) -> tuple[str, Secret] | tuple[None, None]:
    """Return what may be seen of a warehouse's address, and the whole of it, where it has one."""
    return addresses.without_secrets(spec.kind, spec.url) if spec.url else (None, None)


async def _keep_address(room: Room, connection: AsyncConnection, source_id: int, address: Secret) -> None:
    version = await store.warehouse_version(connection, source_id) + 1
    await flow_store.change(connection, "source", source_id, {"warehouse_version": version})
    await room.vault.put(connection, address_ref(source_id, version), address)


async def edit(room: Room, actor: Actor, source_id: int, wanted: NewSource) -> Source:
    """Describe a source anew; an absent address of its warehouse keeps the stored one.

    Raises InvalidInput, NotFound, or Conflict when a name is taken or a run is under way.
    """
    wanted = replace(wanted, name=" ".join(wanted.name.split()))
    connector = await flow.connector_of(room, wanted.credential_id)
    async with room.database.transaction() as connection:
        before = await store.get(connection, source_id)
        flow.refuse_other_connector(before, connector)
        flow.refuse_while_running(before)
        keeps = before.warehouse.kind == wanted.warehouse.kind and before.warehouse.url is not None
        form.check(wanted, room.catalogue.get(connector), has_address=keeps)
        columns = _columns(room, before, wanted)
        await _refuse_answers_place(connection, columns["warehouse_key"], columns["dataset"], room)
        await flow.edit(room, connection, actor, before, wanted, columns)
        address = _parts(wanted.warehouse)[1]
        if address is not None:
            await _keep_address(room, connection, source_id, address)
        return await _with_hooks(room, connection, source_id)


async def change(room: Room, actor: Actor, source_id: int, given: Mapping[str, Any]) -> Source:
    """Change the given fields of a source, named as `NewSource` names them; raises as `edit` does."""
    return await edit(room, actor, source_id, replace(description_of(await get(room, source_id)), **given))


def description_of(source: Source) -> NewSource:
    """Return a source as it would be described; the warehouse's address is left to stay as it is."""
    described = NewSource(**{each.name: getattr(source, each.name) for each in fields(NewSource)})
    return replace(described, warehouse=replace(source.warehouse, url=None))


def _columns(room: Room, before: Source, wanted: NewSource) -> dict[str, Any]:
    spec = wanted.warehouse
    url = _parts(spec)[0]
    if url is None and spec.kind == before.warehouse.kind:
        url = before.warehouse.url
    place = form.place_of(replace(spec, url=url), room.home)
    return store.columns_of(wanted, dataset=wanted.dataset or before.dataset, place=place, url=url)


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
        await flow.set_active(room, connection, actor, source, active=active)
        return await _with_hooks(room, connection, source_id)


async def delete(room: Room, actor: Actor, source_id: int) -> None:
    """Delete a source; its dataset and its runs stay. Raises NotFound, or Conflict while a run is under way."""
    async with room.database.transaction() as connection:
        source = await store.get(connection, source_id)
        flow.refuse_while_running(source)
        await _refuse_while_followed(connection, source_id)
        await room.vault.forget(connection, "sources", source_id)
        await want_nothing(connection, source_id, room.clock.now())
        await flow.remove(room, connection, actor, source)


async def _with_hooks(room: Room, connection: AsyncConnection, source_id: int) -> Source:
    """Return a source as it is now, with the hooks that it wants since this transaction."""
    source = await store.get(connection, source_id)
    await want(connection, source, room.catalogue.get(source.connector), room.clock.now())
    return await store.get(connection, source_id) if source.hooks or source.events else source


async def find_address(room: Room, source_id: int) -> Secret | None:
    """Return the address of a source's warehouse, password included, where it has one; raise SealBroken."""
    async with room.database.reading() as connection:
        version = await store.warehouse_version(connection, source_id)
        return await room.vault.open(connection, address_ref(source_id, version)) if version else None
