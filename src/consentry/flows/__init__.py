"""Sources, their runs, and the datasets that they keep up to date. Use cases take the room first."""

from consentry.flows.arrow import ArrowTables
from consentry.flows.engine import Claimed, claim, finish, work
from consentry.flows.fields import read_new, write_length, write_schedule
from consentry.flows.model import (
    ENDED,
    Counts,
    ManualRead,
    NewSource,
    Run,
    RunStatus,
    Schedule,
    Source,
    StreamRun,
    StreamStatus,
    Trouble,
    WarehouseSpec,
)
from consentry.flows.room import Room
from consentry.flows.runs import begin_run, cancel, get_run, has_work, list_runs, queue_due
from consentry.flows.sampling import Sample, sample
from consentry.flows.schedule import parse_length
from consentry.flows.sources import activate, create, delete, edit, find_address, get, list_sources, pause

EVERY_SECOND = (queue_due,)

__all__ = [
    "ENDED",
    "EVERY_SECOND",
    "ArrowTables",
    "Claimed",
    "Counts",
    "ManualRead",
    "NewSource",
    "Room",
    "Run",
    "RunStatus",
    "Sample",
    "Schedule",
    "Source",
    "StreamRun",
    "StreamStatus",
    "Trouble",
    "WarehouseSpec",
    "activate",
    "begin_run",
    "cancel",
    "claim",
    "create",
    "delete",
    "edit",
    "find_address",
    "finish",
    "get",
    "get_run",
    "has_work",
    "list_runs",
    "list_sources",
    "parse_length",
    "pause",
    "queue_due",
    "read_new",
    "sample",
    "work",
    "write_length",
    "write_schedule",
]
