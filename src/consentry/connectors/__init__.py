"""What is known about outside systems: the contract, the catalogue, and one folder a system."""

from consentry.connectors.catalogue import Catalogue, list_names
from consentry.connectors.contract import (
    Account,
    Answer,
    Connector,
    Field,
    FieldKind,
    FormField,
    OAuthFacts,
    Page,
    RateLimit,
    Record,
    Scope,
    SignedInClient,
    Stream,
)
from consentry.connectors.reading import read
from consentry.oauth import ClientAuth

__all__ = [
    "Account",
    "Answer",
    "Catalogue",
    "ClientAuth",
    "Connector",
    "Field",
    "FieldKind",
    "FormField",
    "OAuthFacts",
    "Page",
    "RateLimit",
    "Record",
    "Scope",
    "SignedInClient",
    "Stream",
    "list_names",
    "read",
]
