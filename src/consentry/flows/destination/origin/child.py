"""The process that reads tables, queries and Parquet: rows come out of its standard output as fast as they are taken.

What knows warehouses takes more memory than all of Consentry does when idle, a query can be made to take all there is,
and a file can be made to bring its reader down. None of that reaches who asked. Blocking.
"""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Final

import msgspec

from consentry.errors import (
    ConsentryError,
    FieldError,
    InvalidInput,
    NotFound,
    SettingWrong,
    WarehouseBusy,
    WarehouseRefused,
)
from consentry.flows.destination.origin.asking import LENGTH, Question, Told
from consentry.flows.destination.raw import About, RawRow

_PATIENCE_SECONDS: Final = 1_800.0  # a query over a large dataset takes its time; PostgreSQL stops it before
_LOOK_SECONDS: Final = 60.0
_RAISED: Final[dict[str, type[ConsentryError]]] = {
    error.code: error for error in (NotFound, WarehouseBusy, WarehouseRefused, SettingWrong)
}


class Child:
    """A reader whose work is done by a process of its own. ``end`` must be called."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._patience = _PATIENCE_SECONDS if question.limit is None else _LOOK_SECONDS
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False
        self.about = About()

    def begin(self) -> None:
        """Start the process, and hear about the rows. Raises what it raised."""
        file = self._question.file
        self._process = subprocess.Popen(
            [sys.executable, "-m", "consentry.flows.destination.origin.reading_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")},
            pass_fds=() if file is None else (file,),
        )
        if self._is_stopped:
            self.stop()
        words = msgspec.json.encode(self._question)
        # the line stays open: the process ends when it breaks, for then nobody wants its rows
        self._write(len(words).to_bytes(LENGTH, "big") + words)
        self.about = self._hear(self._patience).about or About()

    def rows(self) -> Iterator[RawRow]:
        """Give the rows. Raises what the process raised."""
        while told := self._hear(_PATIENCE_SECONDS).rows:
            for row, values, fault in told:
                yield RawRow(row=row, values=values, fault=fault)

    def stop(self) -> None:
        """Have the process end at once; may be called from any thread."""
        self._is_stopped = True
        if self._process is not None:
            self._process.kill()

    def end(self) -> None:
        """End the process, and wait for that."""
        self.stop()
        if self._process is not None:
            for line in (self._process.stdin, self._process.stdout):
                if line is not None:
                    line.close()
            self._process.wait()

    def _write(self, words: bytes) -> None:
        if self._process is None or self._process.stdin is None:
            return
        rest = memoryview(words)
        with suppress(BrokenPipeError):  # what it said, or didn't, is heard then
            while rest:
                rest = rest[self._process.stdin.write(rest) or 0 :]

    def _hear(self, patience: float) -> Told:
        """Return what the process says next; raise what that says."""
        length = int.from_bytes(self._read(LENGTH, patience), "big")
        told = msgspec.json.decode(self._read(length, patience), type=Told)
        if told.code:
            raise _error(told)
        return told

    def _read(self, size: int, patience: float) -> bytes:
        line: IO[bytes] | None = self._process.stdout if self._process else None
        parts: list[bytes] = []
        while size and line is not None:
            waiting = select.poll()
            waiting.register(line, select.POLLIN)
            if not waiting.poll(patience * 1000):
                raise WarehouseBusy("The warehouse takes too long to answer.")
            part = line.read(size)
            if not part:
                raise _died(self._question)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _error(told: Told) -> ConsentryError:
    if told.field:
        return InvalidInput(FieldError(field=told.field, message=told.message), message=told.message)
    return _RAISED.get(told.code, WarehouseRefused)(told.message, hint=told.hint)


def _died(question: Question) -> ConsentryError:
    if question.file is not None:
        message = "The Parquet file can't be read: it is damaged, or needs more memory than there is."
        return InvalidInput(FieldError(field="rows.file", message=message), message=message)
    return WarehouseRefused(
        "Reading the warehouse ended before all rows were read.",
        hint="See whether the machine has memory and disk left; then try again, or read fewer columns.",
    )
