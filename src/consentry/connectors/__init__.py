"""What is known about outside systems: the contract, the catalogue, and one folder a system."""

from consentry.connectors.contract import (
    Account,
    Answer,
    ClientAuth,
    Connector,
    FormField,
    OAuthFacts,
    Page,
    RateLimit,
    Record,
    Scope,
    SignedInClient,
    Stream,
)

__all__ = [
    "Account",
    "Answer",
    "ClientAuth",
    "Connector",
    "FormField",
    "OAuthFacts",
    "Page",
    "RateLimit",
    "Record",
    "Scope",
    "SignedInClient",
    "Stream",
]
