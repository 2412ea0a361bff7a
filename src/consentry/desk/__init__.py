"""One counter for the command line and the library, over the local home or over a server: they can't tell which."""

from consentry.desk.contract import (
    AccountView,
    ApiKeyView,
    Call,
    ConnectorView,
    CredentialView,
    Desk,
    EntryView,
    Lent,
    LinkView,
    Meter,
    NewApiKey,
    PersonView,
    Route,
    TestView,
    TokenView,
    UsedBy,
    UseView,
    VerdictView,
)
from consentry.desk.naming import actor_of
from consentry.desk.opening import open_desk

__all__ = [
    "AccountView",
    "ApiKeyView",
    "Call",
    "ConnectorView",
    "CredentialView",
    "Desk",
    "EntryView",
    "Lent",
    "LinkView",
    "Meter",
    "NewApiKey",
    "PersonView",
    "Route",
    "TestView",
    "TokenView",
    "UseView",
    "UsedBy",
    "VerdictView",
    "actor_of",
    "open_desk",
]
