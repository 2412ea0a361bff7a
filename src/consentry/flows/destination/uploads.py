"""Files that people upload to take rows from: kept in the database piece by piece, so that every node has them."""

import asyncio
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import IO, Final

from consentry.audit import Actor
from consentry.errors import FieldError, InvalidInput, NotFound, TooLarge
from consentry.flows.destination import upload_store
from consentry.flows.destination.paths import SUFFIXES, suffix_of
from consentry.flows.destination.raw import refused
from consentry.flows.destination.upload_store import UPLOAD, Upload, UploadId
from consentry.flows.room import Room

LARGEST: Final = 200 * 1024 * 1024
PART: Final = 1024 * 1024
KEPT: Final = timedelta(days=30)
"""So long an upload is kept after it was used last, unless a destination names it."""
_LONGEST_NAME: Final = 150
_NOT_OF_NAMES: Final = re.compile(r'[:*?"<>|]+')
_USED_AGAIN: Final = timedelta(hours=1)


async def put_upload(room: Room, actor: Actor, name: str, chunks: AsyncIterator[bytes]) -> Upload:
    """Keep a file; each piece is committed by itself, and only a whole file can be used.

    Raises InvalidInput for a name that no rows are read from or an empty file, TooLarge beyond 200 MB.
    """
    name = clean_name(name)
    async with room.database.transaction() as connection:
        upload_id = await upload_store.begin(connection, name=name, by=actor.name, at=room.clock.now())
    try:
        size, digest = await _keep_parts(room, upload_id, chunks)
        if not size:
            raise InvalidInput(FieldError(field="file", message="is empty"), message="The file is empty.")
    except BaseException:
        with suppress(asyncio.CancelledError):
            await asyncio.shield(_remove(room, upload_id))
        raise
    async with room.database.transaction() as connection:
        await upload_store.complete(connection, upload_id, size=size, sha256=digest, at=room.clock.now())
    return await get_upload(room, upload_id)


def clean_name(name: str) -> str:
    """Return a file's name as it is kept: no folders, nothing that can't be shown; raise InvalidInput for its end."""
    last = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(each if each.isprintable() else " " for each in last)
    plain = " ".join(_NOT_OF_NAMES.sub(" ", seen).split())
    try:
        suffix = suffix_of(plain)
    except InvalidInput as error:
        words = f"must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise InvalidInput(FieldError(field="name", message=words), message=error.message) from error
    return plain if len(plain) <= _LONGEST_NAME else plain[: _LONGEST_NAME - len(suffix)].rstrip() + suffix


async def _keep_parts(room: Room, upload_id: UploadId, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
    digest, size, position = hashlib.sha256(), 0, 0
    async for part in in_parts(chunks):
        size += len(part)
        digest.update(part)
        async with room.database.transaction() as connection:
            await upload_store.add_part(connection, upload_id, position, part)
        position += 1
    return size, digest.hexdigest()


async def in_parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give a file piece by piece, each of the size that one row of the database has; raise TooLarge."""
    rest, size = bytearray(), 0
    async for chunk in chunks:
        size += len(chunk)
        if size > LARGEST:
            raise TooLarge(
                f"A file of no more than {LARGEST // PART} MB is taken.",
                hint="Put the file on the machine and name its path, or split it.",
            )
        rest += chunk
        while len(rest) >= PART:
            yield bytes(rest[:PART])
            del rest[:PART]
    if rest:
        yield bytes(rest)


async def get_upload(room: Room, upload_id: int) -> Upload:
    """Return an upload that is whole; raise NotFound."""
    async with room.database.reading() as connection:
        found = await upload_store.find(connection, upload_id)
    if found is None:
        raise NotFound("There is no such upload.", hint="Uploads are kept for 30 days after they were used last.")
    return found


async def list_uploads(room: Room, *, page: int = 1, per_page: int = 50) -> tuple[list[Upload], bool]:
    """Return a page of uploads, the newest first, and whether there are more."""
    async with room.database.reading() as connection:
        return await upload_store.list_page(connection, page=page, per_page=per_page)


async def remove_old_uploads(room: Room, named: Iterable[str] = ()) -> int:
    """Drop uploads that weren't used for 30 days; return how many.

    ``named`` are the files that destinations name, such as upload:5: they stay.
    """
    kept = {id_of(each) for each in named if each.startswith(UPLOAD)}
    async with room.database.reading() as connection:
        old = await upload_store.list_unused(connection, room.clock.now() - KEPT, but=kept)
    for upload_id in old:
        await _remove(room, upload_id)
    return len(old)


async def _remove(room: Room, upload_id: int) -> None:
    async with room.database.transaction() as connection:
        await upload_store.remove(connection, upload_id)


def id_of(file: str) -> int:
    """Return the id that upload:ID names; raise InvalidInput."""
    text = file.removeprefix(UPLOAD)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise refused("file", "An upload is named by its id, such as upload:5.")
    return int(text)


async def open_upload(room: Room, file: str) -> tuple[IO[bytes], str]:
    """Write an upload into a file without a name, and return that with what the upload's name ends in.

    Raises InvalidInput when it isn't there, or isn't what was uploaded any more.
    """
    try:
        upload = await get_upload(room, id_of(file))
    except NotFound as error:
        raise refused("file", "There is no such upload any more; upload the file again.") from error
    await _note_use(room, upload)
    copy = await asyncio.to_thread(_nameless, room)
    try:
        await _fill(room, upload, copy)
    except BaseException:
        copy.close()
        raise
    return copy, suffix_of(upload.name)


def _nameless(room: Room) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=room.home)


async def _note_use(room: Room, upload: Upload) -> None:
    now = room.clock.now()
    if now - upload.used_at >= _USED_AGAIN:
        async with room.database.transaction() as connection:
            await upload_store.use(connection, upload.id, now)


async def _fill(room: Room, upload: Upload, copy: IO[bytes]) -> None:
    digest = hashlib.sha256()
    async with room.database.reading() as connection:
        count = await upload_store.count_parts(connection, upload.id)
    for position in range(count):
        async with room.database.reading() as connection:
            part = await upload_store.find_part(connection, upload.id, position)
        digest.update(part)
        await asyncio.to_thread(copy.write, part)
    if digest.hexdigest() != upload.sha256:
        raise refused("file", "The upload isn't whole any more; upload the file again.")
    await asyncio.to_thread(copy.seek, 0)
