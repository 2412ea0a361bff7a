import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.errors import ConsentryError, InvalidInput, NotAllowed, TooLarge, Unreadable
from consentry.web import multipart
from consentry.web.multipart import MultipartForm

KIND = "multipart/form-data; boundary=line"


def field(name: str, value: str) -> bytes:
    return f'--line\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file(name: str, content: bytes) -> bytes:
    head = f'--line\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: x/y\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = b"--line--\r\n"


class Shelf:
    """Keeps files, and remembers how large the largest piece was that it was handed."""

    def __init__(self, refusal: ConsentryError | None = None) -> None:
        self.kept: dict[str, bytes] = {}
        self.largest = 0
        self._refusal = refusal

    async def keep(self, name: str, pieces: AsyncIterator[bytes]) -> str:
        found = b""
        async for piece in pieces:
            self.largest = max(self.largest, len(piece))
            found += piece
            if self._refusal is not None:
                raise self._refusal
        if self._refusal is not None:
            raise self._refusal
        self.kept[name] = found
        return f"upload:{len(self.kept)}"


def admit(fields: Mapping[str, str]) -> None:
    if fields.get("csrf_token") != "right":
        raise NotAllowed


def read(body: bytes, shelf: Shelf, *, step: int = 7, kind: str = KIND) -> MultipartForm:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), step):
            yield body[start : start + step]

    form = MultipartForm(kind, chunks(), keep=shelf.keep, admit=admit)
    asyncio.run(form.read())
    return form


@given(content=st.binary(max_size=3000), step=st.integers(1, 900))
def test_a_file_comes_through_as_it_was_however_it_is_cut(content: bytes, step: int) -> None:
    shelf = Shelf()
    body = field("csrf_token", "right") + file("people.csv", content) + field("name", "Sales") + END
    form = read(body, shelf, step=step)
    assert shelf.kept == {"people.csv": content}
    assert form.pairs == [("csrf_token", "right"), ("file", "upload:1"), ("name", "Sales")]
    assert shelf.largest <= step, "no piece is larger than what came at once"


def test_a_file_field_without_a_file_is_left_out() -> None:
    shelf = Shelf()
    form = read(field("csrf_token", "right") + file("", b"") + END, shelf)
    assert form.pairs == [("csrf_token", "right")]
    assert shelf.kept == {}


@pytest.mark.parametrize("first", [b"", field("csrf_token", "wrong"), field("name", "x")])
def test_no_file_is_taken_before_the_token(first: bytes) -> None:
    shelf = Shelf()
    with pytest.raises(NotAllowed):
        read(first + file("people.csv", b"1") + field("csrf_token", "right") + END, shelf)
    assert shelf.kept == {}


@pytest.mark.parametrize("refusal", [InvalidInput(message="No."), TooLarge("No.", hint="Split it.")])
def test_what_is_wrong_with_the_file_is_noted_and_the_rest_is_read(refusal: ConsentryError) -> None:
    body = field("csrf_token", "right") + file("people.csv", b"x" * 5000) + field("name", "Sales") + END
    form = read(body, Shelf(refusal))
    assert [fault.field for fault in form.faults] == ["file"]
    assert form.faults[0].message.startswith("No.")
    assert ("name", "Sales") in form.pairs


BROKEN = {
    "cut off in a value": (KIND, field("csrf_token", "right")[:-4]),
    "cut off behind a part": (KIND, field("csrf_token", "right")),
    "no boundary": ("multipart/form-data", b""),
    "an endless boundary": (f"multipart/form-data; boundary={'x' * 100}", b""),
    "another kind": ("multipart/mixed; boundary=line", END),
    "a part without a name": (KIND, b"--line\r\nContent-Disposition: form-data\r\n\r\n1\r\n" + END),
    "not a form": (KIND, b"{}"),
    "a head without an end": (KIND, b"--line\r\n" + b"A: b\r\n" * 9000),
}


@pytest.mark.parametrize(("kind", "body"), BROKEN.values(), ids=BROKEN)
def test_a_broken_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body, Shelf(), kind=kind)


def test_a_form_has_bounds() -> None:
    with pytest.raises(TooLarge):
        read(field("name", "x" * (multipart.LARGEST_FIELDS + 1)) + END, Shelf(), step=65536)
    with pytest.raises(Unreadable):
        read(field("a", "1") * (multipart.MOST_FIELDS + 1) + END, Shelf(), step=65536)


def test_names_of_files_are_read_as_browsers_write_them() -> None:
    shelf = Shelf()
    read(field("csrf_token", "right") + file("Größe %22x%22.csv", b"1") + END, shelf)
    assert list(shelf.kept) == ["Größe %22x%22.csv"]
