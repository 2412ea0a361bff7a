"""Rows into a connector: what a destination is, and how it writes. Use cases take the room first."""

from consentry.flows.destination.destinations import (
    activate_destination,
    change_destination,
    create_destination,
    delete_destination,
    description_of,
    edit_destination,
    get_destination,
    list_destinations,
    pause_destination,
)
from consentry.flows.destination.model import (
    Destination,
    DestinationId,
    ManualWrite,
    Mapped,
    NewDestination,
    Preview,
    RowResult,
    RowsSpec,
)
from consentry.flows.destination.runs import (
    begin_destination_run,
    iterate_rows,
    list_rows,
    queue_due_destinations,
    queue_followers,
    retry,
)

__all__ = [
    "Destination",
    "DestinationId",
    "ManualWrite",
    "Mapped",
    "NewDestination",
    "Preview",
    "RowResult",
    "RowsSpec",
    "activate_destination",
    "begin_destination_run",
    "change_destination",
    "create_destination",
    "delete_destination",
    "description_of",
    "edit_destination",
    "get_destination",
    "iterate_rows",
    "list_destinations",
    "list_rows",
    "pause_destination",
    "queue_due_destinations",
    "queue_followers",
    "retry",
]
