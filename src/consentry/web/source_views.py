"""Sources as pages show them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from consentry.connectors import Connector
from consentry.flows import ENDED, Run, Source
from consentry.web.amounts import counted, every
from consentry.web.charts import Chart, draw_small
from consentry.web.connector_view import ConnectorView
from consentry.web.moments import Moment, moment
from consentry.web.run_words import flow_status
from consentry.web.schedules import schedule_words
from consentry.web.source_form import OTHERS, WAREHOUSES
from consentry.web.status import StatusWords
from consentry.web.trail import actor_words


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source as the list shows it."""

    id: int
    name: str
    connector: ConnectorView
    reads: str  # what it reads, in few words
    status: StatusWords
    ran_at: Moment | None  # the last run
    credential_id: int
    credential_name: str
    credential_status: StatusWords | None
    schedule: str
    next_words: str  # what goes before the next run's moment, or why there is none
    next_run_at: Moment | None
    chart: Chart | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFacts:
    """What a source was given."""

    streams: str
    stream_titles: tuple[str, ...]  # where they are not simply all
    dataset: str
    warehouse: str
    warehouse_place: str  # the file, folder or address, without any password
    deletions: str
    full_listing: str
    schedule: str
    next_words: str
    next_run_at: Moment | None
    created_at: Moment
    owner: str


def source_row(
    source: Source,
    connector: Connector,
    view: ConnectorView,
    credential: StatusWords | None,
    runs: Sequence[Run],
    now: datetime,
) -> SourceRow:
    """Return what the list shows of a source."""
    last = source.last_run
    next_words, next_run_at = next_run(source, now)
    return SourceRow(
        id=source.id,
        name=source.name,
        connector=view,
        reads=reads_words(source, connector),
        status=flow_status(last, is_active=source.is_active),
        ran_at=moment(last.finished_at or last.queued_at, now) if last else None,
        credential_id=source.credential_id,
        credential_name=source.credential_name,
        credential_status=credential,
        schedule=schedule_words(source.schedule),
        next_words=next_words,
        next_run_at=next_run_at,
        chart=draw_small(runs, now),
    )


def source_facts(source: Source, connector: Connector, now: datetime) -> SourceFacts:
    """Return what a source was given, in words."""
    titles = {stream.name: stream.title for stream in connector.streams}
    next_words, next_run_at = next_run(source, now)
    kind, place = source.warehouse.kind, source.warehouse.url or source.warehouse.path
    return SourceFacts(
        streams=reads_words(source, connector),
        stream_titles=tuple(titles.get(name, name) for name in source.streams or ()),
        dataset=source.dataset,
        warehouse=OTHERS[kind] if kind in OTHERS else WAREHOUSES[kind][0],
        warehouse_place=place or ("warehouse.duckdb in the home" if kind == "duckdb" else "in the home"),
        deletions="are marked" if source.deletions == "mark" else "are removed",
        full_listing=every(source.full_listing_every),
        schedule=schedule_words(source.schedule),
        next_words=next_words,
        next_run_at=next_run_at,
        created_at=moment(source.created_at, now),
        owner=actor_words(source.created_by),
    )


def reads_words(source: Source, connector: Connector) -> str:
    """Say what a source reads, in few words."""
    if source.manual is not None:
        return f"GET {source.manual.path}"
    if source.streams is None:
        return f"All {len(connector.streams)} streams"
    return counted(len(source.streams), "stream")


def next_run(source: Source, now: datetime) -> tuple[str, Moment | None]:
    """Say when a source runs next by itself, or why it doesn't."""
    if source.schedule is None:
        return "Runs when somebody starts it", None
    if not source.is_active:
        return "Paused: runs only by hand", None
    if source.next_run_at is None:
        return "Next run not fixed yet", None
    if source.next_run_at <= now:
        return "The next run is due", None
    return "Next run", moment(source.next_run_at, now)


def is_at_work(source: Source) -> bool:
    """Tell whether a run of the source has not ended."""
    return source.last_run is not None and source.last_run.status not in ENDED


def titles_of(connector: Connector | None) -> dict[str, str]:
    """Return the streams' titles by name."""
    return {stream.name: stream.title for stream in connector.streams} if connector else {}
