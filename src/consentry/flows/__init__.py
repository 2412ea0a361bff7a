"""Sources, their runs, and the datasets that they keep up to date. Use cases take the room first."""

from consentry.flows.addresses import FORMS as WAREHOUSE_FORMS
from consentry.flows.arrow import ArrowTables
from consentry.flows.engine import Claimed, claim, finish, work
from consentry.flows.estimate import Estimate, StreamEstimate, estimate
from consentry.flows.fields import read_changed, read_new, write_length, write_schedule
from consentry.flows.history import list_recent
from consentry.flows.hooks.deliveries import find_hook, take_delivery
from consentry.flows.hooks.model import Hook, HookState, events_of, why_unreachable
from consentry.flows.hooks.rounds import look_again, notice_credentials, tend_due
from consentry.flows.looking import Look, TableSeen, look
from consentry.flows.manual import manual_stream
from consentry.flows.model import (
    DEFAULT_FULL_LISTING,
    ENDED,
    OWN_KINDS,
    Counts,
    Deletions,
    ManualRead,
    NewSource,
    Run,
    RunStatus,
    Schedule,
    Source,
    StreamRun,
    StreamStatus,
    Trouble,
    WarehouseKind,
    WarehouseSpec,
)
from consentry.flows.room import Room
from consentry.flows.runs import begin_run, cancel, get_run, has_work, list_runs, queue_due, queue_hinted
from consentry.flows.sampling import Sample, estimate_source, sample
from consentry.flows.schedule import parse_length
from consentry.flows.sources import (
    activate,
    change,
    create,
    delete,
    edit,
    find_address,
    get,
    list_sources,
    pause,
)

EVERY_SECOND = (queue_due, queue_hinted)
EVERY_MINUTE = (notice_credentials,)

__all__ = [
    "DEFAULT_FULL_LISTING",
    "ENDED",
    "EVERY_MINUTE",
    "EVERY_SECOND",
    "OWN_KINDS",
    "WAREHOUSE_FORMS",
    "ArrowTables",
    "Claimed",
    "Counts",
    "Deletions",
    "Estimate",
    "Hook",
    "HookState",
    "Look",
    "ManualRead",
    "NewSource",
    "Room",
    "Run",
    "RunStatus",
    "Sample",
    "Schedule",
    "Source",
    "StreamEstimate",
    "StreamRun",
    "StreamStatus",
    "TableSeen",
    "Trouble",
    "WarehouseKind",
    "WarehouseSpec",
    "activate",
    "begin_run",
    "cancel",
    "change",
    "claim",
    "create",
    "delete",
    "edit",
    "estimate",
    "estimate_source",
    "events_of",
    "find_address",
    "find_hook",
    "finish",
    "get",
    "get_run",
    "has_work",
    "list_recent",
    "list_runs",
    "list_sources",
    "look",
    "look_again",
    "manual_stream",
    "notice_credentials",
    "parse_length",
    "pause",
    "queue_due",
    "queue_hinted",
    "read_changed",
    "read_new",
    "sample",
    "take_delivery",
    "tend_due",
    "why_unreachable",
    "work",
    "write_length",
    "write_schedule",
]
