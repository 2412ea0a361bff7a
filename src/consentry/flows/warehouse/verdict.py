"""Whose move it is when rows could not be carried over, by the errors of dlt and of the drivers below it. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from consentry.errors import WarehouseBusy, WarehouseRefused
from consentry.flows.addresses import FORMS
from consentry.flows.model import WarehouseKind
from consentry.flows.warehouse.carrying import Reply

_MISSING: Final = ("ImportError", "ModuleNotFoundError", "MissingDependencyException", "NoSuchModuleError")
_MISCONFIGURED: Final = ("ConfigFieldMissingException", "SystemConfigurationException", "ArgumentError")
_CHANGED: Final = ("DatabaseUndefinedRelation", "DestinationUndefinedEntity", "DestinationSchemaTampered")
_UNKNOWN_PERSON: Final = (
    *("password", "authenticat", "access denied", "login failed", "unauthorized", "invalid credential"),
    *("invalidaccesskeyid", "signaturedoesnotmatch", "invalid_grant", "expired token", "invalid token", "role "),
)
_NOT_ALLOWED: Final = (
    *("permission denied", "insufficient privilege", "not authorized", "forbidden", "read-only", "readonly"),
    *("accessdenied", "command denied"),
)
_FULL: Final = ("disk is full", "no space", "disk full", "quota", "out of space")
_NOT_THERE: Final = ("unknown database", "unable to open database file", "nosuchbucket", "cannot open database")
_NO_DATABASE: Final = re.compile(r'database "[^"]*" does not exist')
_PASSING: Final = (
    *("locked", "deadlock", "timeout", "timed out", "could not connect", "can't connect", "connection refused"),
    *("connection reset", "server closed the connection", "gone away", "unreachable", "temporar", "unavailable"),
    *("could not translate host name", "name or service not known", "name resolution", "failed to resolve"),
    *("connection is bad", "connection failed", "too many connections", "lost connection", "broken pipe"),
    *("starting up", "shutting down"),
)

_PASSING_KINDS: Final = ("Transient", "Timeout", "Connection")
_LONGEST: Final = 500


def judge(error: BaseException, kind: WarehouseKind) -> Reply:
    """Say whose move it is. What drivers say is looked through, never told: it can repeat values and addresses."""
    chain = list(_behind(error))
    kinds = [type(each).__name__ for each in chain]
    for each in chain:
        if isinstance(each, (WarehouseRefused, WarehouseBusy)):
            busy = isinstance(each, WarehouseBusy)
            return Reply(is_busy=busy, message=each.message, hint=each.hint, kinds=kinds)
    title, words = FORMS[kind].title, " ".join(_said(each) for each in chain)
    verdict = _of_kinds(kinds, title, kind) or _of_words(words, title)
    if verdict is None:
        is_busy = not any("Terminal" in each for each in kinds) and any(
            word in each for each in kinds for word in _PASSING_KINDS
        )
        said = "can't take rows right now" if is_busy else "refused what was asked of it"
        verdict = Reply(is_busy=is_busy, message=f"The warehouse ({title}) {said} ({_innermost(kinds)}).")
    return Reply(is_busy=verdict.is_busy, message=verdict.message, hint=verdict.hint, kinds=kinds)


def _of_kinds(kinds: list[str], title: str, kind: WarehouseKind) -> Reply | None:
    if any(each in _MISSING for each in kinds):
        what = "the driver that the address names" if kind == "sqlalchemy" else f'pip install "dlt[{kind}]"'
        return Reply(
            message=f"A library that writes to the warehouse ({title}) isn't installed.",
            hint=f"Install it where Consentry runs: {what}; then run the source again.",
        )
    if any(each in _MISCONFIGURED for each in kinds):
        return Reply(
            message=f"The address of the warehouse ({title}) lacks something.",
            hint=f"Edit the source and enter the address again, such as {FORMS[kind].example}.",
        )
    if any(each in _CHANGED for each in kinds):
        return Reply(
            message=f"Tables in the warehouse ({title}) were changed by somebody else.",
            hint="Drop the dataset there, and the next run carries everything; or give the source another one.",
        )
    return None


def _of_words(words: str, title: str) -> Reply | None:
    if any(each in words for each in _FULL):
        return Reply(
            is_busy=True,
            message=f"The warehouse ({title}) is full.",
            hint="Make room there; the run goes on by itself.",
        )
    if any(each in words for each in _NOT_ALLOWED):
        return Reply(
            message=f"The user of the address may not write the dataset to the warehouse ({title}).",
            hint="Let the user create schemas and tables there, also one called as the dataset with _staging behind.",
        )
    if any(each in words for each in _NOT_THERE):
        return Reply(message=f"The database or folder that the address names isn't there ({title}).")
    if any(each in words for each in _UNKNOWN_PERSON):
        return Reply(message=f"The warehouse ({title}) refused the user or the password of the address.")
    if _NO_DATABASE.search(words):
        return Reply(message=f"The database that the address names doesn't exist ({title}).")
    if any(each in words for each in _PASSING):
        return Reply(is_busy=True, message=f"The warehouse ({title}) is locked, or can't be reached.")
    return None


def _said(error: BaseException) -> str:
    """Return the beginning of what an error says; the statement and its values come after it."""
    return str(error).lower().partition("[sql:")[0][:_LONGEST]


def _innermost(kinds: list[str]) -> str:
    return kinds[-1]


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, the outermost first, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            inner = [getattr(each, name, None) for name in ("exception", "client_exception", "orig")]
            waiting += [each.__context__, each.__cause__, *(one for one in inner if isinstance(one, BaseException))]
