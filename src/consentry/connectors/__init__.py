"""What is known about outside systems: the contract, the catalogue, and one folder a system."""

from consentry.connectors.catalogue import Catalogue, list_names
from consentry.connectors.contract import (
    Account,
    Answer,
    Connector,
    Field,
    FieldKind,
    FormField,
    HookEvent,
    Hooks,
    OAuthFacts,
    Page,
    RateLimit,
    Record,
    Scope,
    SignedInClient,
    Stream,
    WritingClient,
)
from consentry.connectors.hooking import ADDRESS_PATH, address_of, token_of
from consentry.connectors.paging import read_record, read_records
from consentry.connectors.reading import (
    MOST_MISSING,
    Course,
    first_path,
    read,
    read_by_ids,
    read_children,
    read_deleted,
    read_page,
)
from consentry.oauth import ClientAuth

__all__ = [
    "ADDRESS_PATH",
    "MOST_MISSING",
    "Account",
    "Answer",
    "Catalogue",
    "ClientAuth",
    "Connector",
    "Course",
    "Field",
    "FieldKind",
    "FormField",
    "HookEvent",
    "Hooks",
    "OAuthFacts",
    "Page",
    "RateLimit",
    "Record",
    "Scope",
    "SignedInClient",
    "Stream",
    "WritingClient",
    "address_of",
    "first_path",
    "list_names",
    "read",
    "read_by_ids",
    "read_children",
    "read_deleted",
    "read_page",
    "read_record",
    "read_records",
    "token_of",
]
