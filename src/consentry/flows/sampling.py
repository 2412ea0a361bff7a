"""A look at what a source would read and what that takes: nothing is written."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from consentry import credentials
from consentry.audit import Action, Actor
from consentry.connectors import Stream, read
from consentry.errors import ConsentryError
from consentry.flows import sources
from consentry.flows.estimate import Estimate, estimate
from consentry.flows.model import Source, Trouble
from consentry.flows.reading import streams_of
from consentry.flows.room import Room

_AT_ONCE: Final = 4
_MOST_PARENTS: Final = 5
_SECONDS: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The first records of one stream, or why there are none."""

    stream: str
    records: list[dict[str, Any]]
    error: Trouble | None = None


async def sample(room: Room, actor: Actor, source_id: int, limit: int) -> list[Sample]:
    """Ask the provider now for the first records of each stream; raise NotFound."""
    source = await sources.get(room, source_id)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(stream: Stream) -> Sample:
        async with gate:
            return await _read(room, actor, source, stream, limit)

    streams = streams_of(source, room.catalogue.get(source.connector))
    return list(await asyncio.gather(*(one(stream) for stream in streams)))


async def _read(room: Room, actor: Actor, source: Source, stream: Stream, limit: int) -> Sample:
    connector = room.catalogue.get(source.connector)
    records: list[dict[str, Any]] = []
    try:
        client = await credentials.client(room.credentials, actor, source.credential_id, action=Action.TEST)
        async with asyncio.timeout(_SECONDS):
            async for page in read(client, connector, stream, limit=limit, most_parents=_MOST_PARENTS):
                records.extend(page.records)
    except TimeoutError:
        words = f"No answer came within {_SECONDS:.0f} seconds."
        return Sample(
            stream=stream.name, records=[], error=Trouble(code="no_answer", message=words, hint="Try again later.")
        )
    except ConsentryError as error:
        trouble = Trouble(code=error.code, message=error.message, hint=error.hint)
        return Sample(stream=stream.name, records=[], error=trouble)
    return Sample(stream=stream.name, records=records[:limit])


async def estimate_source(room: Room, actor: Actor, source_id: int) -> Estimate:
    """Count what a whole reading of a source takes; it costs some requests. Raises NotFound and what stops them all."""
    source = await sources.get(room, source_id)
    connector = room.catalogue.get(source.connector)
    client = await credentials.client(room.credentials, actor, source.credential_id, action=Action.TEST)
    return await estimate(client, connector, streams_of(source, connector), clock=room.clock)
