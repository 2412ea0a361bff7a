"""The rows of destinations' runs in the database, and how far each run has come: their only SQL.

What a run writes here goes into a transaction that proves its lease first: see `Held`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.connectors import Change
from consentry.errors import FieldError
from consentry.flows.destination.model import RowCounts, RowOutcome, RowsSpec, RunRequest
from consentry.flows.destination.store import decode_rows, encode, encode_rows
from consentry.storage.tables import destination_runs, run_rows

SENT: Final = "sent"
_MOST_IN_A_QUERY: Final = 500


class Stage(StrEnum):
    """What a run of a destination is at."""

    TAKING_IN = "taking_in"
    SORTING = "sorting"  # finding rows that are for the same record
    WRITING = "writing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a run has come."""

    stage: Stage
    position: int  # rows up to here have their outcomes
    total: int
    refused: int
    request: RunRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A row as it came, on its way in; refused at once where it has errors."""

    number: int
    key: str
    given: Mapping[str, Any]
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A row without an outcome."""

    number: int
    key: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A row whose request is about to leave."""

    number: int
    record_id: int | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a row."""

    number: int
    outcome: RowOutcome
    record_id: int | None = None
    changes: tuple[Change, ...] = ()
    errors: tuple[FieldError, ...] = ()


async def add_run(connection: AsyncConnection, run_id: int, request: RunRequest) -> None:
    """Write down what a run of a destination begins with."""
    values = {
        "run_id": run_id,
        "origin": None if request.rows is None else encode_rows(request.rows),
        "retry_of": request.retry_of,
        "mended": encode({str(number): values for number, values in request.mended.items()})
        if request.mended
        else None,
        "stage": Stage.TAKING_IN,
    }
    await connection.execute(insert(destination_runs).values(values))


async def get_standing(connection: AsyncConnection, run_id: int) -> Standing:
    """Return how far a run has come."""
    row = (await connection.execute(select(destination_runs).where(destination_runs.c.run_id == run_id))).one()
    mended = msgspec.json.decode(row.mended) if row.mended else {}
    rows: RowsSpec | None = decode_rows(row.origin) if row.origin else None
    return Standing(
        stage=Stage(row.stage),
        position=row.position,
        total=row.total,
        refused=row.refused,
        request=RunRequest(
            rows=rows, retry_of=row.retry_of, mended={int(number): values for number, values in mended.items()}
        ),
    )


async def get_counts(connection: AsyncConnection, run_id: int) -> RowCounts:
    """Return a run's rows by outcome."""
    row = (await connection.execute(select(destination_runs).where(destination_runs.c.run_id == run_id))).one()
    ended = {outcome.value: getattr(row, outcome.value) for outcome in RowOutcome}
    return RowCounts(**ended, waiting=max(0, row.total - sum(ended.values())))


async def advance(
    connection: AsyncConnection,
    run_id: int,
    *,
    stage: Stage | None = None,
    position: int | None = None,
) -> None:
    """Write down how far a run has come."""
    given: dict[str, Any] = {"stage": stage, "position": position}
    values = {name: value for name, value in given.items() if value is not None}
    if values:
        await connection.execute(update(destination_runs).where(destination_runs.c.run_id == run_id).values(values))


async def count_requests(connection: AsyncConnection, run_id: int, more: int) -> None:
    """Count requests that a run has made."""
    if more:
        grown = {"requests": destination_runs.c.requests + more}
        await connection.execute(update(destination_runs).where(destination_runs.c.run_id == run_id).values(grown))


async def last_number(connection: AsyncConnection, run_id: int) -> int:
    """Return the number of the last row that was taken in; 0 before the first."""
    found = await connection.execute(select(func.max(run_rows.c.number)).where(run_rows.c.run_id == run_id))
    return int(found.scalar() or 0)


async def take_in(connection: AsyncConnection, run_id: int, rows: Sequence[Taken]) -> None:
    """Insert rows, and count them."""
    if not rows:
        return
    await connection.execute(insert(run_rows), [_columns(run_id, row) for row in rows])
    refused = sum(1 for row in rows if row.errors)
    grown = {"total": destination_runs.c.total + len(rows), "refused": destination_runs.c.refused + refused}
    await connection.execute(update(destination_runs).where(destination_runs.c.run_id == run_id).values(grown))


def _columns(run_id: int, row: Taken) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "number": row.number,
        "key": row.key,
        "given": encode(row.given),
        "outcome": RowOutcome.REFUSED if row.errors else None,
        "errors": encode_errors(row.errors),
    }


async def begin_anew(connection: AsyncConnection, run_id: int) -> None:
    """Let go of the rows that were taken in, of which none was written."""
    await connection.execute(delete(run_rows).where(run_rows.c.run_id == run_id))
    nothing = {"total": 0, "refused": 0}
    await connection.execute(update(destination_runs).where(destination_runs.c.run_id == run_id).values(nothing))


async def list_repeated(connection: AsyncConnection, run_id: int, after: str, limit: int) -> list[str]:
    """Return keys that several rows have, in order, from one on."""
    several = select(run_rows.c.key).where(run_rows.c.run_id == run_id, run_rows.c.key > after)
    query = several.group_by(run_rows.c.key).having(func.count() > 1).order_by(run_rows.c.key).limit(limit)
    return list((await connection.execute(query)).scalars())


async def numbers_of(connection: AsyncConnection, run_id: int, key: str, limit: int | None = None) -> list[int]:
    """Return the numbers of the rows that have a key, in order."""
    query = select(run_rows.c.number).where(run_rows.c.run_id == run_id, run_rows.c.key == key)
    return list((await connection.execute(query.order_by(run_rows.c.number).limit(limit))).scalars())


async def count_of(connection: AsyncConnection, run_id: int, key: str) -> int:
    """Return how many rows have a key."""
    query = select(func.count()).where(run_rows.c.run_id == run_id, run_rows.c.key == key)
    return int((await connection.execute(query)).scalar_one())


async def refuse_all_of(connection: AsyncConnection, run_id: int, key: str, error: FieldError) -> int:
    """Refuse the rows of a key that weren't refused before, and count them; return how many they were."""
    open_rows = update(run_rows).where(run_rows.c.run_id == run_id, run_rows.c.key == key, run_rows.c.outcome.is_(None))
    values = {"outcome": RowOutcome.REFUSED, "errors": encode_errors((error,))}
    refused = (await connection.execute(open_rows.values(values))).rowcount
    grown = {"refused": destination_runs.c.refused + refused}
    await connection.execute(update(destination_runs).where(destination_runs.c.run_id == run_id).values(grown))
    return refused


async def rename_keys(connection: AsyncConnection, run_id: int, names: Mapping[int, str]) -> None:
    """Give rows other keys."""
    renamed = (
        update(run_rows)
        .where(run_rows.c.run_id == run_id, run_rows.c.number == bindparam("of_number"))
        .values(key=bindparam("new_key"))
    )
    if names:
        await connection.execute(renamed, [{"of_number": number, "new_key": key} for number, key in names.items()])


async def list_waiting(connection: AsyncConnection, run_id: int, after: int, limit: int) -> list[Waiting]:
    """Return the next rows without an outcome."""
    query = select(run_rows).where(run_rows.c.run_id == run_id, run_rows.c.number > after, run_rows.c.outcome.is_(None))
    rows = (await connection.execute(query.order_by(run_rows.c.number).limit(limit))).all()
    return [Waiting(number=row.number, key=row.key, given=msgspec.json.decode(row.given)) for row in rows]


async def rows_with_records(connection: AsyncConnection, run_id: int, record_ids: Iterable[int]) -> dict[int, int]:
    """Return which row of the run has which of these records: numbers by record."""
    found: dict[int, int] = {}
    for part in parts_of(list(record_ids)):
        query = select(run_rows.c.record_id, run_rows.c.number).where(
            run_rows.c.run_id == run_id, run_rows.c.record_id.in_(part)
        )
        found |= {record: number for record, number in (await connection.execute(query)).all()}
    return found


async def mark_sent(connection: AsyncConnection, run_id: int, rows: Sequence[Sent]) -> None:
    """Write down that requests for these rows are about to leave."""
    marked = (
        update(run_rows)
        .where(run_rows.c.run_id == run_id, run_rows.c.number == bindparam("of_number"))
        .values(state=SENT, record_id=bindparam("of_record"), changes=bindparam("with_changes"))
    )
    given = [
        {"of_number": row.number, "of_record": row.record_id, "with_changes": encode_changes(row.changes)}
        for row in rows
    ]
    if given:
        await connection.execute(marked, given)


async def mark_unsent(connection: AsyncConnection, run_id: int, numbers: Sequence[int]) -> None:
    """Write down that nothing left for these rows after all."""
    marked = (
        update(run_rows)
        .where(run_rows.c.run_id == run_id, run_rows.c.number == bindparam("of_number"))
        .values(state="", record_id=None, changes=None)
    )
    if numbers:
        await connection.execute(marked, [{"of_number": number} for number in numbers])


async def write_results(connection: AsyncConnection, run_id: int, results: Sequence[Result]) -> None:
    """Give rows their outcomes, each one only once, and count them."""
    if not results:
        return
    written = (
        update(run_rows)
        .where(run_rows.c.run_id == run_id, run_rows.c.number == bindparam("of_number"), run_rows.c.outcome.is_(None))
        .values(
            state="",
            outcome=bindparam("as_outcome"),
            record_id=bindparam("of_record"),
            changes=bindparam("with_changes"),
            errors=bindparam("with_errors"),
        )
    )
    await connection.execute(written, [_ended(each) for each in results])
    counts: dict[str, int] = {}
    for each in results:
        counts[each.outcome.value] = counts.get(each.outcome.value, 0) + 1
    grown = {name: destination_runs.c[name] + count for name, count in counts.items()}
    await connection.execute(update(destination_runs).where(destination_runs.c.run_id == run_id).values(grown))


def _ended(result: Result) -> dict[str, Any]:
    return {
        "of_number": result.number,
        "as_outcome": result.outcome,
        "of_record": result.record_id,
        "with_changes": encode_changes(result.changes),
        "with_errors": encode_errors(result.errors),
    }


def encode_changes(changes: Sequence[Change]) -> str | None:
    """Return changes as a column keeps them."""
    return encode([asdict(each) for each in changes]) if changes else None


def decode_changes(text: str | None) -> tuple[Change, ...]:
    """Return the changes that a column keeps."""
    return () if text is None else tuple(Change(**each) for each in msgspec.json.decode(text))


async def changes_of(connection: AsyncConnection, run_id: int, numbers: Sequence[int]) -> dict[int, tuple[Change, ...]]:
    """Return the changes that were written down for rows, by row."""
    found: dict[int, tuple[Change, ...]] = {}
    for part in parts_of(list(numbers)):
        query = select(run_rows.c.number, run_rows.c.changes).where(
            run_rows.c.run_id == run_id, run_rows.c.number.in_(part)
        )
        found |= {number: decode_changes(text) for number, text in (await connection.execute(query)).all()}
    return found


async def give_up_sent(connection: AsyncConnection, run_id: int, error: FieldError) -> None:
    """Let rows end as failed whose requests nobody knows anything of."""
    these = update(run_rows).where(run_rows.c.run_id == run_id, run_rows.c.outcome.is_(None), run_rows.c.state == SENT)
    values = {"outcome": RowOutcome.FAILED, "state": "", "errors": encode_errors((error,))}
    failed = (await connection.execute(these.values(values))).rowcount
    grown = {"failed": destination_runs.c.failed + failed}
    await connection.execute(update(destination_runs).where(destination_runs.c.run_id == run_id).values(grown))


def encode_errors(errors: Sequence[FieldError]) -> str | None:
    """Return errors as a column keeps them."""
    return encode([asdict(each) for each in errors]) if errors else None


def parts_of(values: list[int]) -> Iterable[list[int]]:
    """Return values in parts that one query takes."""
    for start in range(0, len(values), _MOST_IN_A_QUERY):
        yield values[start : start + _MOST_IN_A_QUERY]
