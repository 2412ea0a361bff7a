"""Hooks, and the rounds in which they are looked after, in the database: their only SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, delete, false, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.connectors import HookEvent
from consentry.core.process import is_surely_dead
from consentry.flows.hooks.model import Hook, HookState
from consentry.storage import announce, database_now
from consentry.storage.tables import hook_rounds, hooks, sources

_LEASE_SECONDS: Final = 300.0
_SHOWN: Final = tuple(name for name in Hook.__dataclass_fields__ if name != "state")


# --- hooks


async def list_of_sources(connection: AsyncConnection, source_ids: Collection[int]) -> dict[int, list[Hook]]:
    """Return the hooks of sources, those that matter most first."""
    query = select(hooks).where(hooks.c.source_id.in_(source_ids)).order_by(hooks.c.rank, hooks.c.id)
    found: dict[int, list[Hook]] = {source_id: [] for source_id in source_ids}
    for row in (await connection.execute(query)).all():
        found[row.source_id].append(_hook(row))
    return found


async def list_of_credential(connection: AsyncConnection, credential_id: int) -> list[Hook]:
    """Return every hook of a credential, those that matter most first."""
    query = select(hooks).where(hooks.c.credential_id == credential_id)
    return [_hook(row) for row in (await connection.execute(query.order_by(hooks.c.rank, hooks.c.id))).all()]


async def find_by_hash(connection: AsyncConnection, token_hash: str) -> Hook | None:
    """Return the hook whose address hides this, unless it isn't wanted any more."""
    query = select(hooks).where(hooks.c.token_hash == token_hash, hooks.c.state != HookState.LEAVING)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _hook(row)


async def connector_of(connection: AsyncConnection, hook: Hook) -> str:
    """Return the connector of a hook's source; empty when the source is gone."""
    query = select(sources.c.connector).where(sources.c.id == hook.source_id)
    return (await connection.execute(query)).scalar_one_or_none() or ""


async def known_hashes(connection: AsyncConnection, candidates: Collection[str]) -> set[str]:
    """Return which of these hashes belong to a hook of any credential."""
    query = select(hooks.c.token_hash).where(hooks.c.token_hash.in_(candidates))
    return set((await connection.execute(query)).scalars())


async def add(
    connection: AsyncConnection, source_id: int, credential_id: int, event: HookEvent, rank: int, now: datetime
) -> None:
    """Add a hook that the provider is still to be asked for."""
    values = {
        "source_id": source_id,
        "credential_id": credential_id,
        "event": event.name,
        "stream": event.stream,
        "rank": rank,
        "state": HookState.WAITING,
        "created_at": now,
    }
    await connection.execute(insert(hooks).values(values))


async def change(connection: AsyncConnection, changed: Sequence[Hook], **values: Any) -> None:
    """Change columns of hooks, and tell those who show their sources."""
    if changed:
        await connection.execute(update(hooks).where(hooks.c.id.in_([hook.id for hook in changed])).values(values))
        for source_id in {hook.source_id for hook in changed}:
            await announce(connection, f"source:{source_id}")


async def mark(connection: AsyncConnection, changed: Sequence[Hook], state: HookState, reason: str) -> None:
    """Set the state of hooks, but not of those that are not wanted any more."""
    ids = [hook.id for hook in changed]
    if ids:
        query = update(hooks).where(hooks.c.id.in_(ids), hooks.c.state != HookState.LEAVING)
        await connection.execute(query.values(state=state, reason=reason))
        for source_id in {hook.source_id for hook in changed}:
            await announce(connection, f"source:{source_id}")


async def note_delivery(connection: AsyncConnection, hook: Hook, now: datetime) -> None:
    """Count a delivery."""
    counted = {"last_delivery_at": now, "deliveries": hooks.c.deliveries + 1}
    await connection.execute(update(hooks).where(hooks.c.id == hook.id).values(counted))


async def remove(connection: AsyncConnection, gone: Sequence[Hook]) -> None:
    """Forget hooks, unless somebody wants them again meanwhile."""
    ids = [hook.id for hook in gone]
    await connection.execute(delete(hooks).where(hooks.c.id.in_(ids), hooks.c.state == HookState.LEAVING))


async def remove_all_of(connection: AsyncConnection, credential_id: int) -> None:
    """Forget all that belongs to a credential that is gone."""
    await connection.execute(delete(hooks).where(hooks.c.credential_id == credential_id))
    await connection.execute(delete(hook_rounds).where(hook_rounds.c.credential_id == credential_id))


def _hook(row: Row[Any]) -> Hook:
    return Hook(state=HookState(row.state), **{name: getattr(row, name) for name in _SHOWN})


# --- rounds


async def nudge(connection: AsyncConnection, credential_id: int, now: datetime) -> None:
    """Have a credential's hooks looked after now, also when somebody is at it already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    fresh = dialect.insert(hook_rounds).values(credential_id=credential_id, due_at=now)
    again = {"due_at": now, "asked": hook_rounds.c.asked + 1, "failures": 0}
    await connection.execute(fresh.on_conflict_do_update(index_elements=["credential_id"], set_=again))


async def nudge_old(connection: AsyncConnection, credential_id: int, now: datetime, age: timedelta) -> None:
    """Have a credential's hooks looked after now if that was done so long ago."""
    query = update(hook_rounds).where(hook_rounds.c.credential_id == credential_id, hook_rounds.c.due_at > now)
    await connection.execute(query.where(hook_rounds.c.checked_at < now - age).values(due_at=now))


async def nudge_all(connection: AsyncConnection, now: datetime) -> int:
    """Have every credential's hooks looked after now; return how many have some."""
    return (await connection.execute(update(hook_rounds).values(due_at=now))).rowcount


async def list_rounds(connection: AsyncConnection) -> list[tuple[int, str]]:
    """Return the credentials that have hooks, with how each stood when it was looked at last."""
    found = await connection.execute(select(hook_rounds.c.credential_id, hook_rounds.c.standing))
    return [(credential_id, standing) for credential_id, standing in found.all()]


async def list_due_rounds(connection: AsyncConnection, now: datetime, limit: int) -> list[int]:
    """Return the credentials whose hooks are to be looked after."""
    query = select(hook_rounds.c.credential_id).where(hook_rounds.c.due_at <= now).order_by(hook_rounds.c.due_at)
    return list((await connection.execute(query.limit(limit))).scalars())


async def claim_round(connection: AsyncConnection, credential_id: int, owner: str) -> Row[Any] | None:
    """Take a round, unless somebody else is at it."""
    this = hook_rounds.c.credential_id == credential_id
    holder = (await connection.execute(select(hook_rounds.c.lease_owner).where(this))).scalar()
    gone = hook_rounds.c.lease_owner == holder if is_surely_dead(holder or "") else false()
    free = or_(hook_rounds.c.lease_until.is_(None), hook_rounds.c.lease_until < database_now(), gone)
    taken = {"lease_owner": owner, "lease_until": database_now() + _LEASE_SECONDS}
    query = update(hook_rounds).where(this, free).values(taken).returning(*hook_rounds.c)
    return (await connection.execute(query)).one_or_none()


async def end_round(connection: AsyncConnection, held: Row[Any], **values: Any) -> None:
    """Give a round back; what was asked for meanwhile stays due."""
    this = update(hook_rounds).where(hook_rounds.c.credential_id == held.credential_id)
    free = {"lease_owner": None, "lease_until": None}
    if (await connection.execute(this.where(hook_rounds.c.asked == held.asked).values(free | values))).rowcount == 0:
        await connection.execute(this.values(free))


async def drop_round(connection: AsyncConnection, held: Row[Any]) -> None:
    """Look after a credential no more, unless that was asked for meanwhile."""
    this = hook_rounds.c.credential_id == held.credential_id
    await connection.execute(delete(hook_rounds).where(this, hook_rounds.c.asked == held.asked))
