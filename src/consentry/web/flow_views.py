"""What pages show of sources and destinations alike. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from consentry.flows import ENDED, Destination, Source
from consentry.web.charts import Chart
from consentry.web.connector_view import ConnectorView
from consentry.web.moments import Moment, moment
from consentry.web.schedules import schedule_words
from consentry.web.status import StatusWords

Flow = Source | Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When it runs by itself."""

    schedule: str
    next_words: str  # what goes before the next run's moment, or why there is none
    next_run_at: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow:
    """A source or destination as the list shows it."""

    id: int
    name: str
    connector: ConnectorView
    does: str  # what it reads or writes, in few words
    status: StatusWords
    ran_at: Moment | None  # the last run
    credential_id: int
    credential_name: str
    credential_status: StatusWords | None
    timing: Timing
    chart: Chart | None


def timing_of(flow: Flow, now: datetime, sources: Mapping[int, str]) -> Timing:
    """Say when it runs by itself; ``sources`` are the names of those that a destination may follow."""
    followed = flow.schedule.after_source if flow.schedule else None
    words = schedule_words(flow.schedule, sources.get(followed, "") if followed is not None else "")
    next_words, next_run_at = _next_run(flow, now)
    return Timing(schedule=words, next_words=next_words, next_run_at=next_run_at)


def _next_run(flow: Flow, now: datetime) -> tuple[str, Moment | None]:
    """Say when it runs next by itself, or why it doesn't."""
    if flow.schedule is None:
        return "Runs when somebody starts it", None
    if not flow.is_active:
        return "Paused: runs only by hand", None
    if flow.schedule.after_source is not None:
        return "Follows the source's next run", None
    if flow.next_run_at is None:
        return "Next run not fixed yet", None
    if flow.next_run_at <= now:
        return "The next run is due", None
    return "Next run", moment(flow.next_run_at, now)


def is_at_work(flow: Flow) -> bool:
    """Tell whether a run of it has not ended."""
    return flow.last_run is not None and flow.last_run.status not in ENDED
