"""Files that people upload to take rows from: kept in the database piece by piece, so that every node has them."""

import asyncio
import hashlib
import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Final, NewType

from sqlalchemy import delete, func, insert, select, update

from consentry.audit import Actor
from consentry.errors import FieldError, InvalidInput, TooLarge
from consentry.flows.destination.paths import SUFFIXES, UPLOAD, suffix_of
from consentry.flows.destination.raw import refused
from consentry.flows.room import Room
from consentry.storage.tables import upload_parts, uploads

LARGEST: Final = 200 * 1024 * 1024
PART: Final = 1024 * 1024
KEPT: Final = timedelta(days=30)
"""So long an upload is kept after it was used last, unless a destination names it."""
_LONGEST_NAME: Final = 150
_NOT_OF_NAMES: Final = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_UNDER_WAY: Final = "under way"
_USED_AGAIN: Final = timedelta(hours=1)

UploadId = NewType("UploadId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that was uploaded whole."""

    id: UploadId
    name: str
    size: int
    sha256: str
    created_by: str
    created_at: datetime
    used_at: datetime

    @property
    def file(self) -> str:
        """Return how a destination's rows name it."""
        return f"{UPLOAD}{self.id}"


async def put_upload(room: Room, actor: Actor, name: str, chunks: AsyncIterator[bytes]) -> Upload:
    """Keep a file; each piece is committed by itself, and only a whole file can be used.

    Raises InvalidInput for a name that no rows are read from or an empty file, TooLarge beyond 200 MB.
    """
    name = clean_name(name)
    upload_id = await _begin(room, actor, name)
    try:
        size, digest = await _keep_parts(room, upload_id, chunks)
        if not size:
            raise InvalidInput(FieldError(field="file", message="is empty"), message="The file is empty.")
    except BaseException:
        with suppress(asyncio.CancelledError):
            await asyncio.shield(_remove(room, [upload_id]))
        raise
    async with room.database.transaction() as connection:
        values = {"size": size, "sha256": digest, "used_at": room.clock.now()}
        await connection.execute(update(uploads).where(uploads.c.id == upload_id).values(values))
    return await get_upload(room, upload_id)


def clean_name(name: str) -> str:
    """Return a file's name as it is kept: no folders, nothing that can't be shown; raise InvalidInput for its end."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = " ".join(_NOT_OF_NAMES.sub(" ", "".join(each if each.isprintable() else " " for each in last)).split())
    try:
        suffix = suffix_of(plain)
    except InvalidInput as error:
        words = f"must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise InvalidInput(FieldError(field="name", message=words), message=error.message) from error
    return plain if len(plain) <= _LONGEST_NAME else plain[: _LONGEST_NAME - len(suffix)].rstrip() + suffix


async def _begin(room: Room, actor: Actor, name: str) -> UploadId:
    now = room.clock.now()
    values = {"name": name, "size": 0, "sha256": _UNDER_WAY, "created_by": actor.name, "created_at": now}
    async with room.database.transaction() as connection:
        made = await connection.execute(insert(uploads).values(values | {"used_at": now}).returning(uploads.c.id))
        return UploadId(made.scalar_one())


async def _keep_parts(room: Room, upload_id: UploadId, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
    digest, size, position = hashlib.sha256(), 0, 0
    async for part in _in_parts(chunks):
        size += len(part)
        digest.update(part)
        values = {"upload_id": upload_id, "position": position, "content": part}
        async with room.database.transaction() as connection:
            await connection.execute(insert(upload_parts).values(values))
        position += 1
    return size, digest.hexdigest()


async def _in_parts(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
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
    """Return an upload that is whole; raise InvalidInput when there is none."""
    async with room.database.reading() as connection:
        query = select(uploads).where(uploads.c.id == upload_id, uploads.c.sha256 != _UNDER_WAY)
        found = (await connection.execute(query)).mappings().one_or_none()
    if found is None:
        raise refused("file", "There is no such upload any more; upload the file again.")
    return Upload(**found)


async def list_uploads(room: Room, *, page: int = 1, per_page: int = 50) -> tuple[list[Upload], bool]:
    """Return a page of uploads, the newest first, and whether there are more."""
    query = select(uploads).where(uploads.c.sha256 != _UNDER_WAY).order_by(uploads.c.id.desc())
    async with room.database.reading() as connection:
        found = await connection.execute(query.offset((page - 1) * per_page).limit(per_page + 1))
        rows = [Upload(**row) for row in found.mappings()]
    return rows[:per_page], len(rows) > per_page


async def remove_old_uploads(room: Room, named: Iterable[str] = ()) -> int:
    """Drop uploads that weren't used for 30 days; return how many.

    ``named`` are the files that destinations name, such as upload:5: they stay.
    """
    kept = {id_of(each) for each in named if each.startswith(UPLOAD)}
    async with room.database.reading() as connection:
        query = select(uploads.c.id).where(uploads.c.used_at < room.clock.now() - KEPT)
        old = [upload_id for (upload_id,) in await connection.execute(query) if upload_id not in kept]
    await _remove(room, old)
    return len(old)


async def _remove(room: Room, ids: Iterable[int]) -> None:
    for upload_id in ids:
        async with room.database.transaction() as connection:
            await connection.execute(delete(upload_parts).where(upload_parts.c.upload_id == upload_id))
            await connection.execute(delete(uploads).where(uploads.c.id == upload_id))


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
    upload = await get_upload(room, id_of(file))
    await _touch(room, upload)
    copy = await asyncio.to_thread(lambda: tempfile.TemporaryFile(dir=room.home))  # noqa: SIM115 - the caller closes it
    try:
        digest = hashlib.sha256()
        for position in range(await _count(room, upload.id)):
            part = await _part(room, upload.id, position)
            digest.update(part)
            await asyncio.to_thread(copy.write, part)
        if digest.hexdigest() != upload.sha256:
            raise refused("file", "The upload isn't whole any more; upload the file again.")
        await asyncio.to_thread(copy.seek, 0)
    except BaseException:
        copy.close()
        raise
    return copy, suffix_of(upload.name)


async def _touch(room: Room, upload: Upload) -> None:
    now = room.clock.now()
    if now - upload.used_at < _USED_AGAIN:
        return
    async with room.database.transaction() as connection:
        await connection.execute(update(uploads).where(uploads.c.id == upload.id).values(used_at=now))


async def _count(room: Room, upload_id: UploadId) -> int:
    query = select(func.count()).where(upload_parts.c.upload_id == upload_id)
    async with room.database.reading() as connection:
        return (await connection.execute(query)).scalar_one()


async def _part(room: Room, upload_id: UploadId, position: int) -> bytes:
    query = select(upload_parts.c.content).where(
        upload_parts.c.upload_id == upload_id, upload_parts.c.position == position
    )
    async with room.database.reading() as connection:
        found: bytes | None = (await connection.execute(query)).scalar_one_or_none()
    return found or b""
