"""The process's own side: one question on standard input, rows on standard output.

The warehouse is let go of before the first row is handed out: rows are kept in a file without a name meanwhile, so that
a slow reader keeps neither a DuckDB file from its source nor a transaction of PostgreSQL open.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from consentry.core.secret import Secret
from consentry.errors import ConsentryError, InvalidInput, WarehouseBusy
from consentry.flows.destination.origin.asking import LENGTH, Question, Told
from consentry.flows.destination.origin.contract import next_batch
from consentry.flows.destination.origin.inline import row_of
from consentry.flows.destination.raw import About, RawRow
from consentry.flows.warehouse.handing_out import HandedOut, hand_out

_CHUNK: Final = 1 << 16


def main() -> None:
    """Answer once."""
    question = msgspec.json.decode(_heard(), type=Question)
    threading.Thread(target=_end_with_who_asked, daemon=True).start()
    try:
        if question.file is not None:
            _tell_file(question, question.file)
        else:
            _tell_warehouse(question)
    except ConsentryError as error:
        _tell(sys.stdout.buffer, _told(error))
    sys.stdout.buffer.flush()


def _heard() -> bytes:
    length = int.from_bytes(sys.stdin.buffer.read(LENGTH), "big")
    return sys.stdin.buffer.read(length)


def _end_with_who_asked() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _told(error: ConsentryError) -> Told:
    field = error.errors[0].field if isinstance(error, InvalidInput) and error.errors else ""
    return Told(code=error.code, message=error.message, hint=error.hint, field=field)


def _tell_file(question: Question, file: int) -> None:
    from consentry.flows.destination.origin.parquet import ParquetFile

    with os.fdopen(file, "rb", closefd=False) as opened:
        reader = ParquetFile(opened)
        _tell_rows(sys.stdout.buffer, reader.about, reader.rows(), question)


def _tell_warehouse(question: Question) -> None:
    with tempfile.TemporaryFile(dir=question.home) as kept:
        try:
            with _handed_out(question) as found:
                about = About(columns=tuple(found.columns), keeps_order=False)
                _tell_rows(kept, about, _numbered(found.rows), question)
            kept.flush()
        except OSError as error:
            raise WarehouseBusy("The disk is full that rows are kept on meanwhile.", hint="Make room.") from error
        kept.seek(0)
        while chunk := kept.read(_CHUNK):
            sys.stdout.buffer.write(chunk)


def _handed_out(question: Question) -> AbstractContextManager[HandedOut]:
    return hand_out(
        question.source,
        home=Path(question.home),
        address=Secret(question.address) if question.address else None,
        dataset=question.dataset,
        table=question.table,
        sql=question.sql,
        with_deleted=question.with_deleted,
    )


def _numbered(rows: Iterable[Mapping[str, Any]]) -> Iterator[RawRow]:
    for number, values in enumerate(rows, start=1):
        yield row_of(number, values)


def _tell_rows(line: IO[bytes], about: About, rows: Iterator[RawRow], question: Question) -> None:
    _tell(line, Told(about=about))
    rows = islice(rows, question.after, None if question.limit is None else question.after + question.limit)
    while batch := next_batch(rows):
        _tell(line, Told(rows=[(row.row, dict(row.values), row.fault) for row in batch]))
    _tell(line, Told())


def _tell(line: IO[bytes], told: Told) -> None:
    words = msgspec.json.encode(told)
    line.write(len(words).to_bytes(LENGTH, "big") + words)


if __name__ == "__main__":
    main()
