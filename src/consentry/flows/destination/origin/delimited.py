"""CSV and TSV: the delimiter found, broken lines refused one by one, and the rest read on. Blocking."""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any, Final

from consentry.flows.destination.origin.lines import Encoding, Line, find_encoding, read_lines
from consentry.flows.destination.raw import About, RawRow, refused, text_of

_DELIMITERS: Final = (",", ";", "\t", "|")
_SAMPLE: Final = 50
_MOST_COLUMNS: Final = 2_000
_MOST_LINES: Final = 1_000  # of one row: a quotation mark that nobody closes mustn't swallow the file
_LONGEST_NAME: Final = 200
_TITLES: Final[Mapping[str, str]] = {"\t": "tab"}
_SAYS_DELIMITER: Final = re.compile(r'^"?sep=([,;|\t])"?\s*$')
_NEUTRALISED: Final = re.compile(r"'+[=+\-@\t\r]")
"""A formula that an export, or a spreadsheet's user, made a text with an apostrophe before it."""


class Delimited:
    """Reads a CSV file that stands open."""

    def __init__(self, file: IO[bytes], *, suffix: str = ".csv") -> None:
        self._file = file
        self._encoding = find_encoding(file)
        self._skip, self._delimiter = _find_delimiter(_sample(file, self._encoding), suffix)
        self._columns, self._faults, self._after = self._heading()
        self.about = About(
            columns=self._columns,
            encoding=self._encoding.title,
            delimiter=_TITLES.get(self._delimiter, self._delimiter),
            faults=(*self._encoding.faults, *self._faults),
        )

    def rows(self) -> Iterator[RawRow]:
        """Give the rows after the heading."""
        lines = islice(read_lines(self._file, self._encoding), self._after, None)
        number = 0
        for cells, line, fault in _records(lines, self._delimiter):
            if fault is None and not any(cell.strip() for cell in cells):
                continue  # an empty line, or one of delimiters alone, as spreadsheets leave them
            number += 1
            yield self._row(number, cells, line, fault)

    def _row(self, number: int, cells: list[str], line: int, fault: str | None) -> RawRow:
        values: dict[str, Any] = {name: _value(cell) for name, cell in zip(self._columns, cells, strict=False)}
        if fault is None and len(cells) != len(self._columns):
            fault = f"it has {_counted(len(cells))}, but the heading has {len(self._columns)}"
        return RawRow(row=number, values=values, fault=fault and f"Line {line} can't be read: {fault}.")

    def _heading(self) -> tuple[tuple[str, ...], tuple[str, ...], int]:
        """Return the columns' names, what is wrong with them, and how many lines they take."""
        lines = _Feed(islice(read_lines(self._file, self._encoding), self._skip, None))
        for cells, line, fault in _records(lines, self._delimiter):
            if fault is not None:
                raise refused("file", f"The heading in line {line} can't be read: {fault}.")
            if any(cell.strip() for cell in cells):
                names, faults = _named(cells)
                return names, faults, lines.read + self._skip
        raise refused("file", "The file is empty.")


def _value(cell: str) -> str | None:
    if not cell:
        return None
    return text_of(cell[1:] if _NEUTRALISED.match(cell) else cell)


def _counted(number: int) -> str:
    return "1 column" if number == 1 else f"{number} columns"


def _named(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give every column a name of its own."""
    if len(cells) > _MOST_COLUMNS:
        raise refused("file", f"The file has {len(cells):,} columns; {_MOST_COLUMNS:,} are taken.")
    seen: Counter[str] = Counter()
    names: list[str] = []
    faults: list[str] = []
    wanted = [" ".join((_value(cell) or "").split())[:_LONGEST_NAME] for cell in cells]
    for at, name in enumerate(wanted, start=1):
        base = name or f"column {at}"
        seen[base] += 1
        unique = base
        while unique in names or (unique != base and unique in wanted):
            unique = f"{base} ({seen[base]})"
            seen[base] += unique in names or unique in wanted
        if name and unique != name:
            faults.append(f"The heading has {name} more than once; column {at} is called {unique} here.")
        names.append(unique)
    return tuple(names), tuple(faults)


class _Feed(Iterator[Line]):
    """Lines that can be given back."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._back: deque[Line] = deque()
        self.read = 0

    def __next__(self) -> Line:
        line = self._back.popleft() if self._back else next(self._lines)
        self.read += 1
        return line

    def give_back(self, lines: Sequence[Line]) -> None:
        """Have these come again."""
        self._back.extendleft(reversed(lines))
        self.read -= len(lines)


class _Unclosed(Exception):
    """A row took too many lines."""


class _Texts(Iterator[str]):
    """Feeds the parser, and remembers which lines went into the row it is at."""

    def __init__(self, lines: _Feed) -> None:
        self._lines = lines
        self.taken: list[Line] = []

    def __next__(self) -> str:
        if len(self.taken) >= _MOST_LINES:
            raise _Unclosed
        line = next(self._lines)
        self.taken.append(line)
        return line.text


def _records(lines: Iterator[Line], delimiter: str) -> Iterator[tuple[list[str], int, str | None]]:
    """Give the cells of each row, the line it begins in, and what is wrong with it."""
    feed = lines if isinstance(lines, _Feed) else _Feed(lines)
    texts = _Texts(feed)
    parser = csv.reader(texts, delimiter=delimiter, strict=True)
    while True:
        texts.taken = []
        try:
            cells, fault = next(parser), None
        except StopIteration:
            return
        except (csv.Error, _Unclosed) as error:
            cells, fault = [], _words(error)
        first, *others = texts.taken
        bad = first.fault or next((each.fault for each in others if each.fault), None)
        if fault or bad:
            # the row ends with its line, and what follows is read by itself
            feed.give_back(others)
            cells = [] if others else cells
        yield cells, first.number, bad or fault


def _words(error: Exception) -> str:
    text = str(error)
    if isinstance(error, _Unclosed) or "unexpected end" in text:
        return "a quotation mark opens a value and nothing closes it"
    if "field larger" in text:
        return f"a value is longer than {csv.field_size_limit():,} characters"
    if "expected after" in text:
        return "behind a quotation mark that closes a value, something else follows than the delimiter"
    return "it isn't CSV"


def _sample(file: IO[bytes], encoding: Encoding) -> list[str]:
    return [line.text for line in islice(read_lines(file, encoding), _SAMPLE) if line.fault is None]


def _find_delimiter(sample: Sequence[str], suffix: str) -> tuple[int, str]:
    """Return how many lines go before the heading, and the delimiter that the sample's lines agree on best."""
    said = _SAYS_DELIMITER.match(sample[0]) if sample else None
    if said:
        return 1, said[1]
    likely = ("\t", ",", ";", "|") if suffix == ".tsv" else _DELIMITERS
    return 0, max(likely, key=lambda each: (_agreement(sample, each), -likely.index(each)))


def _agreement(sample: Sequence[str], delimiter: str) -> tuple[float, int]:
    lines = (Line(number=at, text=text) for at, text in enumerate(sample, start=1))
    found = [cells for cells, _, fault in _records(lines, delimiter) if fault is None and cells]
    if not found or len(found[0]) < 2:
        return (0.0, 0)
    return (sum(len(cells) == len(found[0]) for cells in found) / len(found), len(found[0]))
