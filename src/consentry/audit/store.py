"""Write, list and verify the trail: the only SQL of the table `audit`, which is only ever added to."""

from enum import StrEnum
from typing import Any, Final, TypeVar

from sqlalchemy import Row, Select, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.audit.chain import BEGINNING, link
from consentry.audit.model import Action, Actor, Entry, Outcome, Verdict
from consentry.core.clock import Clock
from consentry.core.log import redact
from consentry.storage import Database
from consentry.storage.tables import audit

LONGEST_DETAIL: Final = 500
_LONGEST_NAME: Final = 200
_VERIFIED_AT_ONCE: Final = 1000
_LOCK: Final = 0x617564  # any number will do, as long as every node takes the same
_LAST: Final = select(audit.c.id, audit.c.hash).order_by(audit.c.id.desc()).limit(1)
_INSERT: Final = insert(audit)
_ALONE: Final = select(func.pg_advisory_xact_lock(_LOCK))

Word = TypeVar("Word", bound=StrEnum)


class Trail:
    """Who did what to which credential, written where it can't be changed unnoticed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def record(
        self,
        connection: AsyncConnection,
        actor: Actor,
        action: Action,
        outcome: Outcome,
        *,
        credential_id: int | None = None,
        detail: str = "",
    ) -> None:
        """Add an entry, in the transaction of the thing that it tells of.

        On PostgreSQL other writers wait until that transaction ends: record last, and take no other lock after.
        """
        if connection.dialect.name == "postgresql":  # SQLite has one writer at a time by itself
            await connection.execute(_ALONE)
        last = (await connection.execute(_LAST)).first()
        line: dict[str, Any] = {
            "id": 1 if last is None else last.id + 1,
            "at": self._clock.now(),
            "actor": _clean(actor.name, _LONGEST_NAME),
            "action": action.value,
            "outcome": outcome.value,
            "credential_id": credential_id,
            "detail": _clean(redact(detail), LONGEST_DETAIL),
            "ip": _clean(actor.ip, _LONGEST_NAME),
        }
        line["hash"] = link(BEGINNING if last is None else last.hash, line)
        await connection.execute(_INSERT, line)


async def list_entries(
    connection: AsyncConnection,
    *,
    credential_id: int | None = None,
    action: Action | None = None,
    q: str | None = None,
    page: int = 1,
    per_page: int = 50,
) -> tuple[list[Entry], bool]:
    """Return a page of the trail, newest first, and whether there are more; ``q`` is looked for in every text."""
    chosen = select(audit)
    if credential_id is not None:
        chosen = chosen.where(audit.c.credential_id == credential_id)
    if action is not None:
        chosen = chosen.where(audit.c.action == action.value)
    rows = (await connection.execute(_page(_search(chosen, q), page, per_page))).all()
    return [_entry(row) for row in rows[:per_page]], len(rows) > per_page


async def verify(database: Database) -> Verdict:
    """Walk the whole chain, and say where it breaks: at an entry that was changed, or where one is missing."""
    last_id, last_hash = 0, BEGINNING
    while True:
        async with database.reading() as connection:
            batch = select(audit).where(audit.c.id > last_id).order_by(audit.c.id).limit(_VERIFIED_AT_ONCE)
            rows = (await connection.execute(batch)).all()
        for row in rows:
            if row.id != last_id + 1 or row.hash != link(last_hash, dict(row._mapping)):
                return Verdict(ok=False, entries=last_id, first_broken_id=last_id + 1, head=last_hash)
            last_id, last_hash = row.id, row.hash
        if len(rows) < _VERIFIED_AT_ONCE:
            return Verdict(ok=True, entries=last_id, first_broken_id=None, head=last_hash)


def _search(chosen: Select[Any], q: str | None) -> Select[Any]:
    if not q:
        return chosen
    texts = (audit.c.actor, audit.c.action, audit.c.outcome, audit.c.detail, audit.c.ip)
    return chosen.where(or_(*(text.icontains(q, autoescape=True) for text in texts)))


def _page(chosen: Select[Any], page: int, per_page: int) -> Select[Any]:
    return chosen.order_by(audit.c.id.desc()).limit(per_page + 1).offset((page - 1) * per_page)


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        action=_word(Action, row.action),
        outcome=_word(Outcome, row.outcome),
        credential_id=row.credential_id,
        detail=row.detail,
        ip=row.ip,
    )


def _word(kind: type[Word], value: str) -> Word | str:
    """Return the word for a stored text; one that somebody wrote into the table is shown as it is, not hidden."""
    try:
        return kind(value)
    except ValueError:
        return value


def _clean(text: str, longest: int) -> str:
    """Return one line of text that every database can hold, cut to a length."""
    line = "".join(mark if mark.isprintable() else " " for mark in text)
    return line if len(line) <= longest else line[: longest - 1] + "…"
