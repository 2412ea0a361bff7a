"""What sources and destinations have in common: each is a flow, with a name, a credential, a schedule and runs.

What a kind has beyond that is in sources.py and runs.py, or in destination/.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from consentry import credentials
from consentry.audit import Action, Actor, Outcome
from consentry.credentials import Use
from consentry.errors import Conflict, FieldError, InvalidInput, NotFound
from consentry.flows import flow_store, store
from consentry.flows.destination.model import Destination, NewDestination
from consentry.flows.model import ENDED, FlowKind, NewSource, RunId, RunStatus, Source, Trigger
from consentry.flows.room import Room
from consentry.flows.schedule import next_after

Flow = Source | Destination
NewFlow = NewSource | NewDestination
_CREATE: Final[Mapping[FlowKind, Action]] = {"source": Action.SOURCE_CREATE, "destination": Action.DESTINATION_CREATE}
_EDIT: Final[Mapping[FlowKind, Action]] = {"source": Action.SOURCE_EDIT, "destination": Action.DESTINATION_EDIT}
_DELETE: Final[Mapping[FlowKind, Action]] = {"source": Action.SOURCE_DELETE, "destination": Action.DESTINATION_DELETE}


async def connector_of(room: Room, credential_id: int) -> str:
    """Return the connector of the credential that a description names; raise InvalidInput when there is none."""
    try:
        return (await credentials.get(room.credentials, credential_id)).connector
    except NotFound as error:
        raise InvalidInput(FieldError(field="credential_id", message="There is no such credential.")) from error


async def add(room: Room, connection: AsyncConnection, actor: Actor, new: NewFlow, columns: dict[str, Any]) -> int:
    """Keep a new flow, active from now on, and return its id; raise Conflict when its name or dataset is taken."""
    kind, now = _kind_of(new), room.clock.now()
    values = columns | {
        "credential_id": new.credential_id,
        "is_active": True,
        "next_run_at": next_after(new.schedule, None, now),
        "created_by": actor.name,
        "created_at": now,
        "updated_at": now,
    }
    flow_id = await flow_store.add(connection, kind, values)
    await credentials.add_use(connection, new.credential_id, Use(kind=kind, id=flow_id, name=new.name))
    await _record(room, connection, actor, _CREATE[kind], new.credential_id, new.name)
    return flow_id


def refuse_other_connector(flow: Flow, connector: str) -> None:
    """Raise InvalidInput unless a flow keeps its connector."""
    if flow.connector != connector:
        raise InvalidInput(FieldError(field="credential_id", message=f"must be one for {flow.connector}"))


def refuse_while_running(flow: Flow) -> None:
    """Raise Conflict while a run is under way."""
    if flow.last_run is not None and flow.last_run.status not in ENDED:
        words = f"A run of this {_kind_of(flow)} is under way."
        raise Conflict(words, hint="Wait until it has ended, or cancel it.")


async def edit(
    room: Room, connection: AsyncConnection, actor: Actor, before: Flow, wanted: NewFlow, columns: dict[str, Any]
) -> None:
    """Keep a flow as it is described anew; raise Conflict when its name or dataset is taken."""
    kind, now = _kind_of(before), room.clock.now()
    changes = columns | {"credential_id": wanted.credential_id, "updated_at": now}
    if wanted.schedule != before.schedule:
        changes["next_run_at"] = next_after(wanted.schedule, None, now)
    await flow_store.change(connection, kind, before.id, changes)
    await credentials.remove_use(connection, Use(kind=kind, id=before.id, name=before.name))
    await credentials.add_use(connection, wanted.credential_id, Use(kind=kind, id=before.id, name=wanted.name))
    await _record(room, connection, actor, _EDIT[kind], wanted.credential_id, wanted.name)


async def set_active(room: Room, connection: AsyncConnection, actor: Actor, flow: Flow, *, active: bool) -> None:
    """Let a flow run by its schedule, or only by hand; what was missed meanwhile isn't made up for."""
    kind, now = _kind_of(flow), room.clock.now()
    changes: dict[str, Any] = {"is_active": active, "updated_at": now}
    if active and not flow.is_active:
        changes["next_run_at"] = next_after(flow.schedule, None, now)
    await flow_store.change(connection, kind, flow.id, changes)
    words = f"{flow.name}: {'activated' if active else 'paused'}"
    await _record(room, connection, actor, _EDIT[kind], flow.credential_id, words)


async def remove(room: Room, connection: AsyncConnection, actor: Actor, flow: Flow) -> None:
    """Forget a flow; its runs stay."""
    kind = _kind_of(flow)
    await credentials.remove_use(connection, Use(kind=kind, id=flow.id, name=flow.name))
    await flow_store.remove(connection, kind, flow.id)
    await _record(room, connection, actor, _DELETE[kind], flow.credential_id, flow.name)


async def queue_run(room: Room, connection: AsyncConnection, flow: Flow, trigger: Trigger) -> RunId:
    """Queue a run; raise Conflict when one of the flow hasn't ended."""
    values: dict[str, Any] = {
        "kind": _kind_of(flow),
        "flow_id": flow.id,
        "flow_name": flow.name,
        "trigger": trigger,
        "status": RunStatus.QUEUED,
        "queued_at": room.clock.now(),
        "cancel_asked": False,
    }
    return await store.add_run(connection, values)


async def _record(
    room: Room, connection: AsyncConnection, actor: Actor, action: Action, credential_id: int, detail: str
) -> None:
    await room.trail.record(connection, actor, action, Outcome.DONE, credential_id=credential_id, detail=detail)


def _kind_of(flow: Flow | NewFlow) -> FlowKind:
    return "source" if isinstance(flow, Source | NewSource) else "destination"
