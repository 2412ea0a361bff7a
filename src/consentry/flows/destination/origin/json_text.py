"""JSON Lines, and JSON files that are one list: an object a row, read one at a time. Blocking."""

import re
from collections.abc import Iterator
from typing import IO, Any, Final

import msgspec

from consentry.flows.destination.origin.lines import Encoding, find_encoding, read_lines, read_text
from consentry.flows.destination.raw import LONGEST_ROW, About, RawRow, plain, refused

_STRUCTURE: Final = re.compile(r'["\\{}\[\],]')
_SAYS_STRING: Final = re.compile(r'["\\]')


class JsonText:
    """Reads a JSON file that stands open."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._encoding = find_encoding(file)
        self._is_list = _begins_list(file, self._encoding)
        self.about = About(encoding=self._encoding.title, faults=self._encoding.faults)

    def rows(self) -> Iterator[RawRow]:
        """Give an object a row."""
        found = self._elements() if self._is_list else self._lines()
        for number, (place, text, fault) in enumerate(found, start=1):
            values, wrong = ({}, fault) if fault else read_object(text)
            yield RawRow(row=number, values=values, fault=wrong and f"{place} can't be read: {wrong}.")

    def _lines(self) -> Iterator[tuple[str, str, str | None]]:
        for line in read_lines(self._file, self._encoding):
            if line.fault or line.text.strip():
                yield f"Line {line.number}", line.text, line.fault

    def _elements(self) -> Iterator[tuple[str, str, str | None]]:
        texts = _behind_bracket(read_text(self._file, self._encoding))
        for at, (text, fault) in enumerate(_elements(texts), start=1):
            yield f"Object {at}", text, fault


def _begins_list(file: IO[bytes], encoding: Encoding) -> bool:
    begin = next((text.lstrip() for text in read_text(file, encoding) if text.strip()), "")
    if not begin:
        raise refused("file", "The file is empty.")
    if begin.partition("\n")[0].strip() == "{":  # one object over many lines
        raise refused("file", "A JSON file holds a list of objects, or one object a line.")
    return begin[0] == "["


def read_object(text: str) -> tuple[dict[str, Any], str | None]:
    """Return a row's values, or what is wrong with the text."""
    try:
        found = msgspec.json.decode(text)
        values = plain(found) if isinstance(found, dict) else None
    except RecursionError:
        return {}, "it holds lists and objects too deep in each other"
    except ValueError as error:  # msgspec's errors are of this kind, as are those of plain
        return {}, _words(error)
    return (values, None) if values is not None else ({}, 'it isn\'t an object, such as {"name": "Ann"}')


def _words(error: ValueError) -> str:
    text = str(error)
    if isinstance(error, msgspec.ValidationError):
        return "a number in it is too large"
    if isinstance(error, msgspec.DecodeError):
        return "it breaks off" if "truncated" in text else "it isn't JSON"
    return text


class _Scanner:
    """Finds the elements of a list, without understanding them; begins behind the list's bracket."""

    def __init__(self) -> None:
        self.ended = False
        self._depth = 0  # 0: between elements
        self._in_string = False
        self._escapes = False  # the text ended within an escape
        self._parts: list[str] = []
        self._length = 0

    def feed(self, text: str) -> Iterator[tuple[str, str | None]]:
        """Take more text; give the elements that it completes, and what is wrong with them."""
        start, at = 0, int(self._escapes)
        self._escapes = False
        while mark := (_SAYS_STRING if self._in_string else _STRUCTURE).search(text, at):
            at = mark.end()
            if self._in_string:
                at = self._follow_string(mark[0], at, len(text))
            elif self._ends_element(mark[0]):
                self._keep(text[start : mark.start()])
                start = at
                yield from self._element()
            if self.ended:
                return
        self._keep(text[start:])

    def _follow_string(self, mark: str, at: int, end: int) -> int:
        if mark == '"':
            self._in_string = False
            return at
        self._escapes = at >= end
        return at + 1

    def _ends_element(self, mark: str) -> bool:
        if mark == '"':
            self._in_string = True
        elif mark in "[{":
            self._depth += 1
        elif mark in "]}":
            self.ended = self._depth == 0
            self._depth -= 1
            return self.ended
        return mark == "," and self._depth == 0

    def _keep(self, text: str) -> None:
        self._length += len(text)
        if self._length <= LONGEST_ROW:
            self._parts.append(text)

    def _element(self) -> Iterator[tuple[str, str | None]]:
        text, length = "".join(self._parts), self._length
        self._parts, self._length = [], 0
        if length > LONGEST_ROW:
            yield "", f"it is longer than {LONGEST_ROW:,} characters"
        elif text.strip() or not self.ended:
            yield text, None


def _elements(texts: Iterator[str]) -> Iterator[tuple[str, str | None]]:
    scanner = _Scanner()
    for text in texts:
        yield from scanner.feed(text)
        if scanner.ended:
            return
    yield "", "the file breaks off before its list is closed"


def _behind_bracket(texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        if text.strip():
            yield text.lstrip()[1:]
            break
    yield from texts
