"""Which hooks a source wants. Called in the transaction that changes the source; the provider is asked later."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.connectors import Connector
from consentry.flows.hooks import hints, store
from consentry.flows.hooks.model import Hook, HookState, events_of
from consentry.flows.model import Source
from consentry.flows.reading import streams_of


async def want(
    connection: AsyncConnection, source: Source, connector: Connector, now: datetime, *, nudges: bool = True
) -> None:
    """Write down which events a source wants to be told of; a paused one wants none.

    ``nudges``: whoever looks after hooks is told, unless it is they who ask.
    """
    is_listening = source.hooks and source.is_active and source.manual is None
    wanted = {event.name: event for event in events_of(connector, streams_of(source, connector)) if is_listening}
    before = (await store.list_of_sources(connection, [source.id]))[source.id]
    own = {hook.event: hook for hook in before if hook.credential_id == source.credential_id and hook.event in wanted}
    unwanted = [hook for hook in before if hook not in own.values()]
    again = [hook for hook in own.values() if hook.state is HookState.LEAVING]
    new = [name for name in wanted if name not in own]
    await _let_go(connection, unwanted)
    await store.change(connection, again, state=HookState.WAITING, reason="")
    for rank, name in enumerate(wanted):
        if name in new:
            await store.add(connection, source.id, source.credential_id, wanted[name], rank, now)
    if not wanted:
        await hints.drop(connection, source.id)
    changed = {hook.credential_id for hook in unwanted if hook.state is not HookState.LEAVING}
    if nudges:
        for credential_id in changed | ({source.credential_id} if again or new else set()):
            await store.nudge(connection, credential_id, now)


async def want_nothing(connection: AsyncConnection, source_id: int, now: datetime) -> None:
    """Let go of all hooks of a source that is deleted."""
    hooks = (await store.list_of_sources(connection, [source_id]))[source_id]
    await _let_go(connection, hooks)
    for credential_id in {hook.credential_id for hook in hooks}:
        await store.nudge(connection, credential_id, now)


async def _let_go(connection: AsyncConnection, unwanted: list[Hook]) -> None:
    """Have the provider told, where it may know of them; their addresses answer 410 from now on."""
    await store.change(connection, unwanted, state=HookState.LEAVING, reason="")
    await store.remove(connection, [hook for hook in unwanted if hook.token_hash is None])
