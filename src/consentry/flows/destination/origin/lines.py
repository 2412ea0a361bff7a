"""Text files as lines: which encoding they are in, and their lines one after the other, none too long. Blocking."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Final

from consentry.flows.destination.raw import LONGEST_ROW, refused

_CHUNK: Final = 1 << 18
_BEYOND_ASCII: Final = re.compile(rb"[\x80-\xff]")
_KNOWN: Final = (
    (b"PK\x03\x04", "a spreadsheet or ZIP file; save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet; save the sheet as CSV"),
    (b"\x1f\x8b", "compressed; unpack it first"),
    (b"PAR1", "a Parquet file; let its name end in .parquet"),
    (b"%PDF", "a PDF; save the rows as CSV"),
)
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How a file's bytes are characters."""

    name: str  # utf-8, utf-16-le, utf-16-be, cp1252
    skip: int = 0  # bytes of the mark at its beginning
    is_mixed: bool = False  # some lines are in another one
    end: bytes = b"\n"  # of a line

    @property
    def title(self) -> str:
        """Return what people call it."""
        return {"utf-8": "UTF-8", "cp1252": "Windows-1252"}.get(self.name, "UTF-16")

    @property
    def faults(self) -> tuple[str, ...]:
        """Say what a person should know."""
        if self.is_mixed:
            words = "Some lines are in another encoding than the rest, which is read as"
            return (f"{words} {self.title}; those lines are refused. Save the file in one encoding.",)
        if self.name == "cp1252":
            return ("The file isn't in UTF-8; it is read as Windows-1252. See whether letters with accents are right.",)
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as text, with its end."""

    number: int
    text: str
    fault: str | None = None


def find_encoding(file: IO[bytes]) -> Encoding:
    """Read a file through and decide on one encoding for all of it; raise InvalidInput when it is no text."""
    file.seek(0)
    head = file.read(_CHUNK)
    if not head.strip():
        raise refused("file", "The file is empty.")
    _refuse_known(head)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name=name, skip=len(mark), end=_line_end(head) if name == "utf-8" else b"\n")
    if head.count(0) * 20 > len(head) + 100:
        raise refused("file", "The file isn't text. If it is UTF-16, save it with a byte order mark, or as UTF-8.")
    end = _line_end(head)
    file.seek(0)
    good, bad = _count(file)
    name = "utf-8" if good >= bad else "cp1252"
    return Encoding(name=name, is_mixed=bool(good and bad), end=end)


def _refuse_known(head: bytes) -> None:
    for mark, words in _KNOWN:
        if head.startswith(mark):
            raise refused("file", f"The file is {words}.")


def _line_end(head: bytes) -> bytes:
    return b"\r" if b"\r" in head and b"\n" not in head else b"\n"


def _count(file: IO[bytes]) -> tuple[int, int]:
    """Count lines beyond ASCII that are UTF-8, and those that aren't."""
    good = bad = 0
    for piece in _pieces(file):
        try:
            piece.decode("utf-8")
        except UnicodeDecodeError:
            for line in piece.split(b"\n"):
                if _BEYOND_ASCII.search(line):
                    is_good = _is_utf8(line)
                    good, bad = good + is_good, bad + (not is_good)
        else:
            good += not piece.isascii()
    return good, bad


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Read pieces that end with a line where lines aren't longer than a piece."""
    rest = b""
    while chunk := file.read(_CHUNK):
        whole, found, after = chunk.rpartition(b"\n")
        if found:
            yield rest + whole
            rest = after
        elif len(rest) > LONGEST_ROW:
            rest = b""  # such a line is refused in any case
        else:
            rest += chunk
    yield rest


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_lines(file: IO[bytes], encoding: Encoding) -> Iterator[Line]:
    """Give the lines, each with its end; one that is too long or in another encoding has a fault instead."""
    for number, raw in enumerate(_split(_recoded(file, encoding), encoding.end), start=1):
        yield Line(number=number, text="", fault=_TOO_LONG) if raw is None else _decoded(number, raw, encoding)


def read_text(file: IO[bytes], encoding: Encoding) -> Iterator[str]:
    """Give the text piece by piece, wherever lines end; NUL stands for what is in another encoding."""
    file.seek(encoding.skip)
    decoder = codecs.getincrementaldecoder(encoding.name)(errors=_AS_NUL)
    while chunk := file.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


_AS_NUL: Final = "consentry.nul"


def _nul(error: UnicodeError) -> tuple[str, int]:
    return "\0", error.end if isinstance(error, UnicodeDecodeError) else 0


codecs.register_error(_AS_NUL, _nul)

_TOO_LONG: Final = f"the line is longer than {LONGEST_ROW:,} characters"


def _recoded(file: IO[bytes], encoding: Encoding) -> Iterator[bytes]:
    file.seek(encoding.skip)
    if not encoding.name.startswith("utf-16"):
        while chunk := file.read(_CHUNK):
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
    while chunk := file.read(_CHUNK):
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _split(chunks: Iterator[bytes], end: bytes) -> Iterator[bytes | None]:
    """Split at line ends; None stands for a line that is too long."""
    rest, is_too_long = b"", False
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(end)
        for line in whole:
            yield None if is_too_long or len(line) > LONGEST_ROW else line + end
            is_too_long = False
        if len(rest) > LONGEST_ROW:
            rest, is_too_long = b"", True
    if rest or is_too_long:
        yield None if is_too_long else rest


def _decoded(number: int, raw: bytes, encoding: Encoding) -> Line:
    name = "cp1252" if encoding.name == "cp1252" else "utf-8"
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return Line(
            number=number,
            text=raw.decode(name, "replace"),
            fault=f"the line isn't in {encoding.title}, as the file is",
        )
    if encoding.is_mixed and name == "cp1252" and not raw.isascii() and _is_utf8(raw):
        return Line(number=number, text=text, fault="the line is in UTF-8, but the file is in Windows-1252")
    if "\0" in text:
        return Line(number=number, text=text.replace("\0", "\ufffd"), fault="the line holds a NUL character")
    return Line(number=number, text=text)
