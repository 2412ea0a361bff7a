"""Rows that a program gives to a destination: few of them go with the call, many as a file that is handed in."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from consentry.desk import Desk
from consentry.errors import FieldError, InvalidInput

MOST_WITH_CALL: Final = 500
LARGEST_WITH_CALL: Final = 256 * 1024
_PIECE: Final = 256 * 1024
_NAME: Final = "rows.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Rows at hand: as values, or as an open file with the end of its name."""

    inline: list[Any] | None = None
    file: IO[bytes] | None = None
    name: str = _NAME


Rows = Iterable[Mapping[str, Any]] | str | Path | Given
"""Rows as mappings of column to value, or the path of a CSV, JSON or Parquet file."""


@contextmanager
def taken(rows: Rows | None) -> Iterator[Given | None]:
    """Read rows to their end, here and now; raise InvalidInput for what can't be rows. Blocking."""
    if rows is None or isinstance(rows, Given):
        yield rows
        return
    if isinstance(rows, str | Path):
        path = Path(rows).expanduser()
        with _opened(path) as file:
            yield Given(file=file, name=path.name)
        return
    with tempfile.SpooledTemporaryFile(max_size=8 * 1024 * 1024) as spool:
        number = 0
        for number, row in enumerate(rows, start=1):
            spool.write(_line(number, row))
        size = spool.tell()
        spool.seek(0)
        if number <= MOST_WITH_CALL and size <= LARGEST_WITH_CALL:
            yield Given(inline=[msgspec.json.decode(line) for line in spool])
        else:
            yield Given(file=spool)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInput(FieldError(field="rows", message=f"The file {path} can't be read.")) from error
    with file:
        yield file


def _line(number: int, row: Mapping[str, Any]) -> bytes:
    if not isinstance(row, Mapping):
        raise InvalidInput(FieldError(field="rows", message=f"Row {number} is no mapping of columns to values."))
    return msgspec.json.encode(dict(row), enc_hook=str) + b"\n"


async def hand_in(desk: Desk, given: Given | None) -> Mapping[str, Any] | None:
    """Return rows as a call names them; what doesn't go with a call is uploaded."""
    if given is None:
        return None
    if given.file is None:
        return {"inline": given.inline or []}
    return {"file": (await desk.destinations.upload(given.name, _pieces(given.file.read))).file}


async def _pieces(read: Callable[[int], bytes]) -> AsyncIterator[bytes]:
    while piece := read(_PIECE):
        yield piece
