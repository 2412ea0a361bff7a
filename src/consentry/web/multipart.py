"""Forms that bring a file along (RFC 7578): fields are read, the file is handed on in pieces and never held whole."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from consentry.errors import ConsentryError, FieldError, InvalidInput, TooLarge, Unreadable

MOST_FIELDS: Final = 4000
LARGEST_FIELDS: Final = 1024 * 1024
"""Of all that isn't in the file."""
LARGEST_BODY: Final = 1024 * 1024 * 1024
"""So much of a file that is too large is read over, so that the page can say so; a longer body is refused at once."""
_LARGEST_HEAD: Final = 16 * 1024

Keep = Callable[[str, AsyncIterator[bytes]], Awaitable[str]]
"""Keeps a file of this name, and returns how it is called from then on."""
Admit = Callable[[dict[str, str]], None]
"""Judges the fields before the file, and raises when the file must not be taken."""


class MultipartForm:
    """Reads one form. The file's field gets the name under which the file was kept."""

    def __init__(self, content_type: str, chunks: AsyncIterator[bytes], *, keep: Keep, admit: Admit) -> None:
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not 0 < len(boundary) <= 70:
            raise Unreadable("The form could not be read.")
        self.pairs: list[tuple[str, str]] = []
        self.faults: list[FieldError] = []
        self._chunks = chunks
        self._keep = keep
        self._admit = admit
        self._events: deque[tuple[str, bytes]] = deque()
        self._size = self._inside = 0
        self._is_over = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": lambda: self._events.append(("begin", b"")),
                "on_header_field": self._noting("name"),
                "on_header_value": self._noting("value"),
                "on_header_end": lambda: self._events.append(("line", b"")),
                "on_headers_finished": lambda: self._events.append(("head", b"")),
                "on_part_data": self._noting("data"),
                "on_part_end": lambda: self._events.append(("end", b"")),
                "on_end": lambda: self._events.append(("over", b"")),
            },
        )

    async def read(self) -> None:
        """Read it to its end; raises Unreadable, TooLarge and what ``admit`` raises.

        What is wrong with the file itself is noted in ``faults``, and the fields behind it are read all the same.
        """
        while (event := await self._next()) is not None:
            if event[0] == "begin":
                await self._part()
            if event[0] == "over":
                self._is_over = True
        if not self._is_over:
            raise Unreadable("The form came in part only.", hint="Send it again.")

    async def _part(self) -> None:
        name, file_name = await self._head()
        if file_name is None:
            self._add(name, (await self._whole()).decode("utf-8", "replace"))
        elif not file_name:  # a file field in which nothing was chosen
            async for _ in self._data():
                pass
        else:
            self._admit(dict(self.pairs))
            await self._file(name, file_name)

    async def _file(self, name: str, file_name: str) -> None:
        pieces = self._data()
        try:
            self._add(name, await self._keep(file_name, pieces))
        except (InvalidInput, TooLarge) as error:
            self.faults.append(FieldError(field=name, message=_words(error)))
        async for _ in pieces:
            pass

    async def _head(self) -> tuple[str, str | None]:
        name, value, size = b"", b"", 0
        found: dict[bytes, bytes] = {}
        while (event := await self._must()) and event[0] != "head":
            size += len(event[1])
            if size > _LARGEST_HEAD:
                raise Unreadable("The form could not be read.")
            match event[0]:
                case "name":
                    name += event[1]
                case "value":
                    value += event[1]
                case "line":
                    found[name.lower()] = value
                    name, value = b"", b""
        _, options = parse_options_header(found.get(b"content-disposition", b""))
        field, file_name = options.get(b"name"), options.get(b"filename")
        if field is None:
            raise Unreadable("The form could not be read.")
        return field.decode("utf-8", "replace"), None if file_name is None else file_name.decode("utf-8", "replace")

    async def _whole(self) -> bytes:
        found = b""
        async for piece in self._data():
            found += piece
            self._inside += len(piece)
            if self._inside > LARGEST_FIELDS:
                raise TooLarge("The form is larger than what is taken here.", hint="Shorten what you entered.")
        return found

    async def _data(self) -> AsyncIterator[bytes]:
        while (event := await self._must())[0] != "end":
            yield event[1]

    async def _must(self) -> tuple[str, bytes]:
        event = await self._next()
        if event is None:
            raise Unreadable("The form came in part only.", hint="Send it again.")
        return event

    async def _next(self) -> tuple[str, bytes] | None:
        while not self._events:
            try:
                chunk = await anext(self._chunks, None)
            except ClientDisconnect as error:
                raise Unreadable("The form came in part only.", hint="Send it again.") from error
            if chunk is None:
                return None
            self._size += len(chunk)
            if self._size > LARGEST_BODY:
                raise TooLarge("The form is larger than what is taken here.")
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise Unreadable("The form could not be read.") from error
        return self._events.popleft()

    def _noting(self, kind: str) -> Callable[[bytes, int, int], None]:
        return lambda data, start, end: self._events.append((kind, data[start:end]))

    def _add(self, name: str, value: str) -> None:
        if len(self.pairs) >= MOST_FIELDS:
            raise Unreadable("The form has more fields than are taken here.")
        self.pairs.append((name, value))


def _words(error: ConsentryError) -> str:
    return f"{error.message} {error.hint}".strip() if isinstance(error, TooLarge) else error.message
