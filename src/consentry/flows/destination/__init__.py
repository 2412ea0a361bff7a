"""Rows into a connector: what a destination is, and how it writes. Use cases take the room first."""

from consentry.flows.destination.advising import Advice, Trial, TriedRow, advise, try_destination
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
from consentry.flows.destination.downloading import export_rows
from consentry.flows.destination.export import columns_of, write_csv
from consentry.flows.destination.fields import read_changed_destination, read_new_destination, read_rows
from consentry.flows.destination.live_fields import Allowed, LiveField, live_fields
from consentry.flows.destination.looking_at_rows import look_at_rows
from consentry.flows.destination.mending import read_mended
from consentry.flows.destination.model import (
    MOST_INLINE,
    Destination,
    DestinationId,
    ManualWrite,
    Mapped,
    NewDestination,
    Preview,
    RowResult,
    RowsSpec,
)
from consentry.flows.destination.preview import preview, preview_new
from consentry.flows.destination.raw import About, Column, Columns, RawRow
from consentry.flows.destination.runs import (
    begin_destination_run,
    iterate_rows,
    list_rows,
    queue_due_destinations,
    queue_followers,
    retry,
)
from consentry.flows.destination.suggesting import suggest
from consentry.flows.destination.trying import map_rows
from consentry.flows.destination.upkeep import count_rows, forget_old_rows, forget_old_uploads
from consentry.flows.destination.upload_store import UPLOAD, Upload
from consentry.flows.destination.uploads import LARGEST as LARGEST_UPLOAD
from consentry.flows.destination.uploads import get_upload, list_uploads, put_upload, remove_old_uploads

__all__ = [
    "LARGEST_UPLOAD",
    "MOST_INLINE",
    "UPLOAD",
    "About",
    "Advice",
    "Allowed",
    "Column",
    "Columns",
    "Destination",
    "DestinationId",
    "LiveField",
    "ManualWrite",
    "Mapped",
    "NewDestination",
    "Preview",
    "RawRow",
    "RowResult",
    "RowsSpec",
    "Trial",
    "TriedRow",
    "Upload",
    "activate_destination",
    "advise",
    "begin_destination_run",
    "change_destination",
    "columns_of",
    "count_rows",
    "create_destination",
    "delete_destination",
    "description_of",
    "edit_destination",
    "export_rows",
    "forget_old_rows",
    "forget_old_uploads",
    "get_destination",
    "get_upload",
    "iterate_rows",
    "list_destinations",
    "list_rows",
    "list_uploads",
    "live_fields",
    "look_at_rows",
    "map_rows",
    "pause_destination",
    "preview",
    "preview_new",
    "put_upload",
    "queue_due_destinations",
    "queue_followers",
    "read_changed_destination",
    "read_mended",
    "read_new_destination",
    "read_rows",
    "remove_old_uploads",
    "retry",
    "suggest",
    "try_destination",
    "write_csv",
]
