"""The error tree: every class says whose move it is. The docstring is the default message and the documentation.

ConsentryError
├── CallerError      ask differently
│   └── NotFound, Gone, Conflict, InvalidInput, Unreadable, TooLarge, NotSignedIn, NotAllowed, TooManyAttempts
├── OwnerError       the account holder must act
│   └── AuthorizationRequired, ReauthorizationRequired, ConsentRefused, AuthorizationFailed, ScopeMissing
├── OperatorError    whoever runs this must act
│   └── ClientRejected, RedirectNotRegistered, AddressRefused, KeyMissing, KeyWrong,
│         SettingWrong, StorageBroken, WarehouseRefused
├── PassingError     nobody; later
│   └── RateLimited, ProviderDown, NoAnswer, RefreshFailing, LeaseTaken, StorageBusy, WarehouseBusy,
│         ServerUnreachable
├── ProviderError    the provider broke its word
│   └── ReplyNotUnderstood, ColumnChanged
└── DataError        this record, not this run
    └── SealBroken, TooManyRefusals
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """What is wrong with one field of the input."""

    field: str
    message: str


class ConsentryError(Exception):
    """Something went wrong in Consentry."""

    code: ClassVar[str] = "error"
    default_hint: ClassVar[str] = ""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().split("\n")[0]
        self.hint = type(self).default_hint if hint is None else hint
        super().__init__(self.message)


# --- the caller asks differently


class CallerError(ConsentryError):
    """The request can't be done as it was asked."""

    code = "bad_request"
    default_hint = "Change the request, then send it again."


class Unreadable(CallerError):
    """The request could not be parsed."""

    code = "unreadable"


class InvalidInput(CallerError):
    """Some fields are not valid."""

    code = "invalid_input"
    default_hint = "Mend the fields named in errors, then send again."

    def __init__(self, *errors: FieldError, message: str | None = None) -> None:
        super().__init__(message)
        self.errors = errors


class NotSignedIn(CallerError):
    """This needs a signed-in person or an API key."""

    code = "not_signed_in"
    default_hint = "Send an API key as a bearer token, or sign in."


class NotAllowed(CallerError):
    """This is not allowed for you."""

    code = "not_allowed"
    default_hint = "Use an API key with the scope that is named, or ask an administrator."


class NotFound(CallerError):
    """There is nothing here."""

    code = "not_found"
    default_hint = "Check the address and the id."


class Gone(CallerError):
    """This link was used already or has expired."""

    code = "gone"
    default_hint = "Ask for a fresh link."


class Conflict(CallerError):
    """This contradicts what is there already."""

    code = "conflict"
    default_hint = "Look at what is there, then decide."


class TooLarge(CallerError):
    """The request is larger than what is taken here."""

    code = "too_large"


class TooManyAttempts(CallerError):
    """Too many attempts in a short time."""

    code = "too_many_attempts"
    default_hint = "Wait, then try again."

    def __init__(self, message: str | None = None, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


# --- the owner of the outside account acts


class OwnerError(ConsentryError):
    """The owner of the outside account must act."""

    code = "owner_must_act"


class AuthorizationRequired(OwnerError):
    """Nobody has given consent for this credential yet."""

    code = "authorization_required"
    default_hint = "Open the credential's connect link and give consent."


class ReauthorizationRequired(OwnerError):
    """The grant of this credential no longer works."""

    code = "reauthorization_required"
    default_hint = "Authorize the credential again."


class ConsentRefused(OwnerError):
    """Consent was refused."""

    code = "consent_refused"
    default_hint = "Start again and approve the access."


class AuthorizationFailed(OwnerError):
    """The authorization could not be completed."""

    code = "authorization_failed"
    default_hint = "Start again from the credential, in one browser."


class ScopeMissing(OwnerError):
    """The grant does not cover this."""

    code = "scope_missing"
    default_hint = "Ask for a wider access scope, then authorize again."


# --- whoever runs Consentry acts


class OperatorError(ConsentryError):
    """Whoever runs Consentry must act."""

    code = "operator_must_act"


class ClientRejected(OperatorError):
    """The provider refused the client ID or client secret."""

    code = "client_rejected"
    default_hint = "Copy the client ID and secret again from the application at the provider, then save."


class RedirectNotRegistered(OperatorError):
    """The provider doesn't know this redirect URI for the application."""

    code = "redirect_not_registered"
    default_hint = "Register the redirect URI shown on the credential, exactly as it stands, at the provider."


class AddressRefused(OperatorError):
    """An outgoing request would have left the addresses that are allowed."""

    code = "address_refused"


class KeyMissing(OperatorError):
    """The keyset that seals this database's secrets is missing or lacks a key."""

    code = "key_missing"
    default_hint = "Put back the keyset that belongs to this database; without it the secrets can't be opened."


class KeyWrong(OperatorError):
    """The keyset does not belong to this database."""

    code = "key_wrong"
    default_hint = "Point CONSENTRY_KEYSET_FILE or CONSENTRY_KEYSET at the keyset that belongs to this database."


class SettingWrong(OperatorError):
    """A setting has a value that can't be used."""

    code = "setting_wrong"


class StorageBroken(OperatorError):
    """The database can't be used as it is."""

    code = "storage_broken"


class WarehouseRefused(OperatorError):
    """The warehouse does not take the dataset."""

    code = "warehouse_refused"
    default_hint = "Mend what the message names in the warehouse, or give the source another one; then run it again."


# --- nobody acts; it passes


class PassingError(ConsentryError):
    """This passes by itself; try again later."""

    code = "try_later"
    default_hint = "Wait, then try again; nobody has to do anything."

    def __init__(self, message: str | None = None, *, hint: str | None = None, retry_after: float = 5.0) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class RateLimited(PassingError):
    """The provider's rate limit leaves no call for now."""

    code = "rate_limited"


class ProviderDown(PassingError):
    """The provider can't be reached or has a fault."""

    code = "provider_down"


class NoAnswer(ProviderDown):
    """The provider may have received the request, but no answer arrived."""

    code = "no_answer"


class RefreshFailing(PassingError):
    """The access token has expired and refreshing it fails for now."""

    code = "refresh_failing"


class LeaseTaken(PassingError):
    """Somebody else is working on this right now."""

    code = "lease_taken"


class StorageBusy(PassingError):
    """The database can't answer right now."""

    code = "storage_busy"


class WarehouseBusy(PassingError):
    """The warehouse can't take or give rows right now."""

    code = "warehouse_busy"
    default_hint = "Close what holds the warehouse, or wait; the run goes on by itself where it was."


class ServerUnreachable(PassingError):
    """The Consentry server that CONSENTRY_URL names can't be reached."""

    code = "server_unreachable"
    default_hint = "Check CONSENTRY_URL, and that Consentry runs there."


# --- the provider broke its word


class ProviderError(ConsentryError):
    """The provider answered against the protocol."""

    code = "provider_error"


class ReplyNotUnderstood(ProviderError):
    """The provider's answer could not be understood."""

    code = "reply_not_understood"
    default_hint = "Try again; if it stays so, the provider has to look into it."


class ColumnChanged(ProviderError):
    """A value no longer fits the type of its column."""

    code = "column_changed"
    default_hint = "Compare the API's answer with the column; for the new type, let the source keep another dataset."


# --- one record


class DataError(ConsentryError):
    """One record can't be used; the others can."""

    code = "data_error"


class SealBroken(DataError):
    """A stored secret can't be opened."""

    code = "seal_broken"
    default_hint = "Authorize the credential again, or restore the backup it belongs to."


class TooManyRefusals(DataError):
    """So many rows were refused that the run was stopped."""

    code = "too_many_refusals"
    default_hint = "Mend the rows, or the mapping; then try those rows again."
