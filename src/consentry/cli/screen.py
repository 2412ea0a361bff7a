"""What a command shows: tables for people, one JSON document for scripts, and errors that say whose move it is.

Standard output carries the answer alone; everything that is said on the way goes to standard error.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from consentry.errors import (
    CallerError,
    ConsentryError,
    DataError,
    InvalidInput,
    OperatorError,
    OwnerError,
    PassingError,
    ProviderError,
)

WIDTH_WITHOUT_TERMINAL: Final = 200
NOTHING: Final = "-"

_MOVES: Final[tuple[tuple[type[ConsentryError], str], ...]] = (
    (CallerError, "yours"),
    (OwnerError, "the owner of the outside account"),
    (OperatorError, "whoever runs Consentry"),
    (PassingError, "nobody's; it passes"),
    (ProviderError, "the provider's"),
    (DataError, "whoever looks after this record"),
)
"""Whose move it is, for each branch of the error tree."""

Advance = Callable[[int, int], None]
"""Told how much is done, and of how much."""


class Screen:
    """Where one command shows its answer."""

    def __init__(self, *, json: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.json = json
        self._stream = out or sys.stdout
        self._out = _console(self._stream)
        self._err = _console(err or sys.stderr)

    @property
    def is_watched(self) -> bool:
        """Whether a person seems to look at it, so that questions and a browser make sense."""
        return not self.json and self._err.is_terminal and sys.stdin.isatty()

    @property
    def has_terminal(self) -> bool:
        """Whether moving pictures make sense beside the answer."""
        return not self.json and self._err.is_terminal

    @property
    def beside(self) -> Console:
        """Where moving pictures go."""
        return self._err

    def answer(self, document: object, *pictures: RenderableType) -> None:
        """Show the command's answer: the document to a script, the pictures to a person."""
        if self.json:
            self._stream.write(to_json(document))
            self._stream.flush()
            return
        for picture in pictures:
            self._out.print(picture)

    def pour(self, piece: bytes) -> None:
        """Write a piece of a file as it is."""
        self._stream.flush()
        self._stream.buffer.write(piece)
        self._stream.buffer.flush()

    def line(self, text: str) -> None:
        """Print one bare line, such as a token, for people and scripts alike."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def say(self, words: RenderableType) -> None:
        """Tell what is happening, beside the answer."""
        self._err.print(plain(words) if isinstance(words, str) else words)

    def fail(self, error: ConsentryError) -> None:
        """Tell what happened, whose move it is, and what to do."""
        if self.json:
            self.answer({"error": describe(error)})
            return
        self._err.print(Text.assemble(("Failed: ", "bold red"), plain(error.message)))
        for field in error.errors if isinstance(error, InvalidInput) else ():
            self._err.print(Text.assemble("  ", (plain(field.field).plain, "bold"), ": ", plain(field.message)))
        self._err.print(Text.assemble(("Whose move: ", "bold"), whose_move(error), "."))
        if error.hint:
            self._err.print(Text.assemble(("What to do: ", "bold"), plain(error.hint)))

    @contextmanager
    def progress(self, words: str) -> Iterator[Advance]:
        """Show a bar while something counted goes on; only words at its end where nobody watches."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._err, disable=self.json or not self._err.is_terminal) as bar:
            task = bar.add_task(words, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @contextmanager
    def waiting(self, words: str) -> Iterator[None]:
        """Show that something is being waited for."""
        if self.json or not self._err.is_terminal:
            self.say(words)
            yield
            return
        with self._err.status(plain(words)):
            yield


def whose_move(error: ConsentryError) -> str:
    """Return who has to act, in words."""
    return next((who for branch, who in _MOVES if isinstance(error, branch)), "whoever runs Consentry")


def describe(error: ConsentryError) -> dict[str, object]:
    """Return an error as scripts read it."""
    document: dict[str, object] = {
        "code": error.code,
        "detail": error.message,
        "hint": error.hint,
        "whose_move": whose_move(error),
    }
    if isinstance(error, InvalidInput):
        document["errors"] = [{"field": each.field, "message": each.message} for each in error.errors]
    if isinstance(error, PassingError):
        document["retry_after"] = error.retry_after
    return document


def to_json(document: object) -> str:
    """Return one JSON document, indented, with the moments in RFC 3339."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def plain(text: str) -> Text:
    """Return text as it is: no markup in it is obeyed, and no control character reaches the terminal."""
    return Text(
        "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, nothing: str) -> RenderableType:
    """Draw rows under their headings, or say in a sentence that there is nothing."""
    if not rows:
        return Text(nothing)
    drawn = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        drawn.add_column(column, overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(value) for value in row))
    return drawn


def facts(pairs: Sequence[tuple[str, object]]) -> RenderableType:
    """Draw names and values, one pair a line."""
    drawn = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    drawn.add_column(style="bold", no_wrap=True)
    drawn.add_column(overflow="fold")
    for name, value in pairs:
        drawn.add_row(name, _cell(value))
    return drawn


def moment(value: datetime | None) -> str:
    """Return a moment in words, or a dash."""
    return value.strftime("%Y-%m-%d %H:%M UTC") if value else NOTHING


def _cell(value: object) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, datetime):
        return Text(moment(value))
    return plain(NOTHING if value is None or value == "" else str(value))


def _console(stream: TextIO) -> Console:
    extra: dict[str, Any] = {} if stream.isatty() else {"width": WIDTH_WITHOUT_TERMINAL}
    return Console(file=stream, highlight=False, **extra)
