"""Open where rows come from. What blocks is done in threads; what needs a heavy library, in a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import IO, Final, TypeVar

from consentry.flows.destination import uploads
from consentry.flows.destination.model import RowsSpec
from consentry.flows.destination.origin.asking import of_file, of_warehouse
from consentry.flows.destination.origin.child import Child
from consentry.flows.destination.origin.contract import Reader, next_batch
from consentry.flows.destination.origin.delimited import Delimited
from consentry.flows.destination.origin.inline import Inline
from consentry.flows.destination.origin.json_text import JsonText
from consentry.flows.destination.paths import open_file
from consentry.flows.destination.raw import About, RawRow, refused
from consentry.flows.destination.upload_store import UPLOAD
from consentry.flows.room import Room

_WAYS: Final = ("table", "sql", "file", "inline")
T = TypeVar("T")


class Origin:
    """An open origin. Its rows can be had once."""

    def __init__(self, reader: Reader, after: int) -> None:
        self._reader = reader
        self._after = after

    @property
    def about(self) -> About:
        """Return what is known of it."""
        return self._reader.about

    def rows(self) -> Iterator[RawRow]:
        """Give the rows in order, behind the one that reading goes on from. Blocking.

        Raises InvalidInput, WarehouseBusy and WarehouseRefused.
        """
        return (row for row in self._reader.rows() if row.row > self._after)

    async def batches(self) -> AsyncIterator[list[RawRow]]:
        """Give the rows some hundreds at a time, read in threads."""
        rows = self.rows()
        while batch := await to_its_end(lambda: next_batch(rows)):
            yield batch


@asynccontextmanager
async def open_rows(
    room: Room, spec: RowsSpec, *, after: int = 0, with_deleted: bool = False, limit: int | None = None
) -> AsyncIterator[Origin]:
    """Open an origin; rows up to ``after`` are passed over, and ``limit`` says that no more than so many are wanted.

    ``with_deleted``: also rows of a dataset that are marked as deleted. Raises InvalidInput for what can't be read,
    WarehouseBusy and WarehouseRefused.
    """
    async with AsyncExitStack() as stack:
        yield Origin(await _reader(stack, room, spec, after, with_deleted=with_deleted, limit=limit), after)


async def _reader(
    stack: AsyncExitStack, room: Room, spec: RowsSpec, after: int, *, with_deleted: bool, limit: int | None
) -> Reader:
    match _way(spec):
        case "inline":
            return Inline(spec.inline or ())
        case "file":
            file, suffix = await _file(room, spec.file or "")
            stack.push_async_callback(to_its_end, file.close)
            if suffix != ".parquet":
                return await to_its_end(lambda: _text_reader(file, suffix))
            question = of_file(room.home, file.fileno(), after=after, limit=limit)
        case _:
            question = await of_warehouse(room, spec, after=after, with_deleted=with_deleted, limit=limit)
    child = Child(question)
    stack.push_async_callback(to_its_end, child.end)
    await to_its_end(child.begin, stop=child.stop)
    return child


def _way(spec: RowsSpec) -> str:
    given = [way for way in _WAYS if getattr(spec, way) is not None]
    if len(given) != 1:
        words = f"{' and '.join(given)} are given" if given else "none is given"
        raise refused("file", f"Rows come from one of {', '.join(_WAYS)}; {words}.")
    return given[0]


async def _file(room: Room, name: str) -> tuple[IO[bytes], str]:
    if name.startswith(UPLOAD):
        return await uploads.open_upload(room, name)
    return await to_its_end(lambda: open_file(name, room.home))


def _text_reader(file: IO[bytes], suffix: str) -> Reader:
    return Delimited(file, suffix=suffix) if suffix in (".csv", ".tsv") else JsonText(file)


async def to_its_end(work: Callable[[], T], *, stop: Callable[[], None] = lambda: None) -> T:
    """Do blocking work in a thread; who is cancelled meanwhile stops it, and leaves when it has come to its end."""
    doing = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        stop()
        await asyncio.wait({doing})
        raise
