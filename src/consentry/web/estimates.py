"""What a first run takes, before it is begun: requests and time under the provider's limit, in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from consentry import credentials
from consentry.audit import Action
from consentry.connectors import Connector, RateLimit, Stream
from consentry.errors import FieldError, InvalidInput
from consentry.flows import Estimate, StreamEstimate, estimate, manual_stream
from consentry.web.amounts import counted, figure, lasted
from consentry.web.source_form import TypedSource, read_manual
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRow:
    """What one stream takes."""

    title: str
    records: str  # about how many, where that could be told
    requests: str
    problem: str  # why it can't be read, or empty


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateView:
    """What all that was chosen takes."""

    words: str  # requests and time in one sentence
    rows: tuple[EstimateRow, ...]


def read_what(chosen: TypedSource, connector: Connector) -> Sequence[Stream]:
    """Return the streams that were chosen, or the one that was described; raise InvalidInput when there is none."""
    if chosen.mode == "manual":
        return (manual_stream(connector, read_manual(chosen, connector)),)
    streams = [stream for stream in connector.streams if stream.name in chosen.streams]
    if not streams:
        raise InvalidInput(FieldError(field="stream", message="Choose at least one stream."))
    return streams


async def take_estimate(
    visit: SignedInVisit, connector: Connector, credential_id: int, streams: Sequence[Stream]
) -> EstimateView:
    """Count what a first run of the streams takes; it costs requests of its own."""
    client = await credentials.client(visit.app.credentials, visit.actor, credential_id, action=Action.TEST)
    found = await estimate(client, connector, streams, clock=visit.app.clock)
    return estimate_view(found, connector, {stream.name: stream.title for stream in streams})


def estimate_view(found: Estimate, connector: Connector, titles: Mapping[str, str]) -> EstimateView:
    """Return an estimate in words."""
    limit = connector.rate_limit
    under = f", under {connector.provider}'s limit of {limit.calls:,} an hour" if limit and _is_hourly(limit) else ""
    words = f"About {counted(found.requests, 'request')} and {_about(found.takes)}{under}."
    closed = sum(stream.requests is None for stream in found.streams)
    if closed:
        words += f" {counted(closed, 'stream')} can't be read with this credential."
    return EstimateView(words=words, rows=tuple(_row(stream, titles) for stream in found.streams))


def _row(stream: StreamEstimate, titles: Mapping[str, str]) -> EstimateRow:
    about = "" if stream.is_exact else "about "
    return EstimateRow(
        title=titles.get(stream.name, stream.name),
        records="not known before" if stream.records is None else f"{about}{figure(stream.records)}",
        requests="can't be read" if stream.requests is None else f"{about}{figure(stream.requests)}",
        problem=stream.trouble.message if stream.trouble else "",
    )


def _is_hourly(limit: RateLimit) -> bool:
    return limit.window == timedelta(hours=1)


def _about(takes: timedelta) -> str:
    seconds = takes.total_seconds()
    return "less than a minute" if seconds < 60 else lasted(60 * math.ceil(seconds / 60))
