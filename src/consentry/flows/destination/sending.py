"""Sends what was decided: written down first, then sent a few at a time, then the outcomes written down.

Between the first and the last, a crash leaves rows marked as sent, and whoever comes next looks before sending again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, cast

from consentry.connectors import Answer, Planned, Record, Request
from consentry.errors import (
    ConsentryError,
    FieldError,
    LeaseTaken,
    NoAnswer,
    PassingError,
    ProviderDown,
    RateLimited,
    RefreshFailing,
    ReplyNotUnderstood,
    ScopeMissing,
)
from consentry.flows.destination import ledger, row_store
from consentry.flows.destination.keys import content_hash
from consentry.flows.destination.kit import AT_ONCE, GROUP, Kit, Line
from consentry.flows.destination.ledger import Intent
from consentry.flows.destination.ledger import Known as Stand
from consentry.flows.destination.matching import Decided
from consentry.flows.destination.model import RowOutcome
from consentry.flows.destination.row_store import Result, Sent
from consentry.flows.upstream import PATIENCE
from consentry.flows.work import Cancelled

_OUTCOMES: Final = {"create": RowOutcome.CREATED, "change": RowOutcome.CHANGED, "delete": RowOutcome.DELETED}
_STATES: Final = {"create": Stand.WRITTEN, "change": Stand.WRITTEN, "delete": Stand.DELETED}
_UNCLEAR: Final = 408
"""The provider gave up waiting for the request: what it did is as unknown as with no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of one request: an answer, an error, or nothing because it never left."""

    decided: Decided
    answer: Answer | None = None
    record: Record | None = None
    is_lost: bool = False
    error: ConsentryError | None = None

    @property
    def is_done(self) -> bool:
        """Whether the provider did it."""
        return self.answer is not None and 200 <= self.answer.status < 300 and not self.is_lost

    @property
    def is_refused(self) -> bool:
        """Whether the provider won't do it."""
        return self.answer is not None and not self.is_lost and not self.is_done and not self.is_gone

    @property
    def is_gone(self) -> bool:
        """Whether the record vanished between the look and the request."""
        planned = self.decided.planned
        missing = self.answer is not None and self.answer.status == 404 and planned.record_id is not None
        return missing and not self.is_lost and not self.decided.line.was_gone

    @property
    def is_unsent(self) -> bool:
        """Whether surely nothing was done."""
        return self.answer is None and not self.is_lost


async def send(kit: Kit, decided: Sequence[Decided]) -> list[Line]:
    """Send what was decided, all of it but what has to be looked at again, which is returned.

    Answers that never came are left in ``kit.lost``. Raises Cancelled, LeaseTaken, TooManyRefusals, what needs a
    person, and what didn't pass for ten minutes.
    """
    left = list(decided)
    again: list[Line] = []
    while left:
        kit.stop_if_asked()
        await kit.upstream.spare_people()
        if not kit.watch.surely_holds():
            await kit.watch.confirm()
        group, left = left[:GROUP], left[GROUP:]
        replies = await _send_group(kit, group)
        again += [replace(each.decided.line, was_gone=True) for each in replies if each.is_gone]
        kit.lost |= {each.decided.line.number: each.decided.line for each in replies if each.is_lost}
        left = [each.decided for each in replies if each.is_unsent] + left
        await _face(kit, replies)
    return again


async def _send_group(kit: Kit, group: Sequence[Decided]) -> list[Reply]:
    at = kit.upstream.moment()
    await _write_intents(kit, group, at)
    await kit.work.steps.reached("write.intent")
    replies = await _send_all(kit, group)
    await kit.work.steps.reached("write.answered")
    try:
        await kit.answers.keep(*_to_keep(replies))
    finally:
        await _write_outcomes(kit, replies)
    await kit.work.steps.reached("write.committed")
    return replies


def _to_keep(replies: Sequence[Reply]) -> tuple[list[Record], list[int]]:
    records = [each.record for each in replies if each.is_done and each.record is not None]
    plans = [each.decided.planned for each in replies if each.is_done]
    gone = [plan.record_id for plan in plans if plan.deed == "delete" and plan.record_id is not None]
    return records, gone


async def _write_intents(kit: Kit, group: Sequence[Decided], at: datetime) -> None:
    intents = [
        Intent(
            key=each.line.key,
            deed=_deed_of(each.planned),
            record_id=each.planned.record_id,
            request=_request_of(each.planned),
            content=content_hash(each.line.row),
            attempts=each.line.attempts + 1,
        )
        for each in group
    ]
    sent = [
        Sent(number=each.line.number, record_id=each.planned.record_id, changes=each.planned.changes) for each in group
    ]
    work = kit.work
    async with kit.held.transaction() as connection:
        await ledger.write_sent(connection, work.book, intents, run_id=work.run_id, owner=work.owner, at=at)
        await row_store.mark_sent(connection, work.run_id, sent)


def _deed_of(planned: Planned) -> Literal["create", "change", "delete"]:
    return cast(Literal["create", "change", "delete"], planned.deed)


def _request_of(planned: Planned) -> Request:
    if planned.request is None:
        raise LookupError(f"a row is to {planned.deed} a record, but there is no request for it")
    return planned.request


async def _send_all(kit: Kit, group: Sequence[Decided]) -> list[Reply]:
    """Send the requests of a group, a few at a time; after the first that says so, no other one leaves."""
    waiting = list(reversed(group))
    replies: dict[int, Reply] = {}
    is_over = False

    async def go_on() -> None:
        nonlocal is_over
        while waiting:
            decided = waiting.pop()
            if is_over or kit.is_stopped or kit.upstream.is_spent or kit.watch.is_cancelled():
                reply = Reply(decided=decided)
            else:
                reply = await _send_one(kit, decided)
                is_over = is_over or reply.is_unsent
                kit.refused += reply.is_refused
            replies[decided.line.number] = reply

    senders = [asyncio.create_task(go_on(), name=f"sender {number}") for number in range(min(AT_ONCE, len(group)))]
    try:
        await asyncio.gather(*senders)
    finally:
        for sender in senders:
            sender.cancel()
        await asyncio.wait(senders)
    return [replies[each.line.number] for each in group]


async def _send_one(kit: Kit, decided: Decided) -> Reply:
    await kit.work.steps.reached("write.leaving")
    try:
        answer = await kit.upstream.write(_request_of(decided.planned))
    except (NoAnswer, ReplyNotUnderstood):
        return Reply(decided=decided, is_lost=True)
    except Cancelled:
        return Reply(decided=decided)
    except ConsentryError as error:
        return Reply(decided=decided, error=error)
    if 200 <= answer.status < 300:
        return _read(kit, decided, answer)
    if answer.status == _UNCLEAR:
        return Reply(decided=decided, answer=answer, is_lost=True)
    if answer.status == 403 and "insufficient_scope" in answer.headers.get("www-authenticate", ""):
        return Reply(decided=decided, error=ScopeMissing())
    return Reply(decided=decided, answer=answer)


def _read(kit: Kit, decided: Decided, answer: Answer) -> Reply:
    try:
        record = kit.work.writing.record_of(kit.work.template, answer)
    except ReplyNotUnderstood:
        return Reply(decided=decided, answer=answer, is_lost=True)
    return Reply(decided=decided, answer=answer, record=record)


async def _write_outcomes(kit: Kit, replies: Sequence[Reply]) -> None:
    work = kit.work
    done = [each for each in replies if each.is_done]
    refused = [each for each in replies if each.is_refused]
    nothing_done = [each for each in replies if each.is_unsent or each.is_refused or each.is_gone]
    unsent = [each.decided.line.number for each in replies if each.is_unsent or each.is_gone]
    async with kit.held.transaction() as connection:
        for state in (Stand.WRITTEN, Stand.DELETED):
            records = {
                each.decided.line.key: _record_id(each) for each in done if _STATES[each.decided.planned.deed] is state
            }
            await ledger.write_done(connection, work.book, records, state)
        await ledger.forget(connection, work.book, [each.decided.line.key for each in nothing_done])
        await row_store.mark_unsent(connection, work.run_id, unsent)
        results = [*map(_done, done), *(_refused(kit, each) for each in refused)]
        await row_store.write_results(connection, work.run_id, results)
    await kit.records.wrote(*_to_keep(replies))


def _record_id(reply: Reply) -> int | None:
    found = (reply.record or {}).get("id")
    return found if isinstance(found, int) else reply.decided.planned.record_id


def _done(reply: Reply) -> Result:
    planned = reply.decided.planned
    return Result(
        number=reply.decided.line.number,
        outcome=_OUTCOMES[planned.deed],
        record_id=_record_id(reply),
        changes=planned.changes,
    )


def _refused(kit: Kit, reply: Reply) -> Result:
    answer = cast(Answer, reply.answer)
    errors = kit.work.writing.refusal_of(kit.work.template, answer).errors or (
        FieldError(field="", message=f"{kit.work.connector.provider} refused it (HTTP {answer.status})."),
    )
    planned = reply.decided.planned
    return Result(
        number=reply.decided.line.number,
        outcome=RowOutcome.REFUSED,
        record_id=planned.record_id,
        changes=planned.changes,
        errors=errors,
    )


async def _face(kit: Kit, replies: Sequence[Reply]) -> None:
    """Wait where that helps; raise what doesn't pass."""
    errors = [each.error for each in replies if each.error is not None]
    final = next((error for error in errors if not isinstance(error, PassingError)), None)
    if final is not None:
        raise final
    if any(each.answer is not None for each in replies):
        kit.failing_since, kit.failures = None, 0
    limited = next((error for error in errors if isinstance(error, RateLimited)), None)
    if limited is not None:
        await kit.upstream.wait_for_calls(limited)
    elif errors:
        await _back_off(kit, errors[0])


async def _back_off(kit: Kit, error: ConsentryError) -> None:
    now = kit.work.clock.monotonic()
    kit.failures += 1
    if kit.failing_since is None:
        kit.failing_since = now
    passing = cast(PassingError, error)
    if now - kit.failing_since >= PATIENCE.total_seconds():
        raise RefreshFailing(passing.message) if isinstance(passing, LeaseTaken) else passing
    if isinstance(passing, LeaseTaken):
        await kit.watch.confirm()
    if isinstance(passing, ProviderDown) or kit.failures > 1:
        await kit.upstream.back_off(passing, kit.failures)
