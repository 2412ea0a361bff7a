"""Uploads in the database: their only SQL."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NewType

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from consentry.storage.tables import upload_parts, uploads

UploadId = NewType("UploadId", int)
UPLOAD: Final = "upload:"
"""How a destination's rows name an upload; its id follows."""
_UNDER_WAY: Final = "under way"


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


async def begin(connection: AsyncConnection, *, name: str, by: str, at: datetime) -> UploadId:
    """Add an upload that nobody can use before it is whole."""
    values = {"name": name, "size": 0, "sha256": _UNDER_WAY, "created_by": by, "created_at": at, "used_at": at}
    return UploadId((await connection.execute(insert(uploads).values(values).returning(uploads.c.id))).scalar_one())


async def add_part(connection: AsyncConnection, upload_id: UploadId, position: int, content: bytes) -> None:
    """Add the next piece."""
    values: dict[str, Any] = {"upload_id": upload_id, "position": position, "content": content}
    await connection.execute(insert(upload_parts).values(values))


async def complete(connection: AsyncConnection, upload_id: UploadId, *, size: int, sha256: str, at: datetime) -> None:
    """Say that an upload is whole."""
    values = {"size": size, "sha256": sha256, "used_at": at}
    await connection.execute(update(uploads).where(uploads.c.id == upload_id).values(values))


async def find(connection: AsyncConnection, upload_id: int) -> Upload | None:
    """Return a whole upload."""
    query = select(uploads).where(uploads.c.id == upload_id, uploads.c.sha256 != _UNDER_WAY)
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else Upload(**found)


async def list_page(connection: AsyncConnection, *, page: int, per_page: int) -> tuple[list[Upload], bool]:
    """Return a page of whole uploads, the newest first, and whether there are more."""
    query = select(uploads).where(uploads.c.sha256 != _UNDER_WAY).order_by(uploads.c.id.desc())
    found = await connection.execute(query.offset((page - 1) * per_page).limit(per_page + 1))
    rows = [Upload(**row) for row in found.mappings()]
    return rows[:per_page], len(rows) > per_page


async def use(connection: AsyncConnection, upload_id: int, at: datetime) -> None:
    """Note that an upload was used."""
    await connection.execute(update(uploads).where(uploads.c.id == upload_id).values(used_at=at))


async def count_parts(connection: AsyncConnection, upload_id: int) -> int:
    """Return how many pieces there are."""
    query = select(func.count()).where(upload_parts.c.upload_id == upload_id)
    return (await connection.execute(query)).scalar_one()


async def find_part(connection: AsyncConnection, upload_id: int, position: int) -> bytes:
    """Return one piece, nothing where it isn't there."""
    query = select(upload_parts.c.content).where(
        upload_parts.c.upload_id == upload_id, upload_parts.c.position == position
    )
    found: bytes | None = (await connection.execute(query)).scalar_one_or_none()
    return found or b""


async def remove(connection: AsyncConnection, upload_id: int) -> None:
    """Drop an upload with its pieces."""
    await connection.execute(delete(upload_parts).where(upload_parts.c.upload_id == upload_id))
    await connection.execute(delete(uploads).where(uploads.c.id == upload_id))


async def list_unused(connection: AsyncConnection, before: datetime, *, but: Collection[int]) -> list[int]:
    """Return uploads that weren't used since then, whole or not."""
    found = await connection.execute(select(uploads.c.id).where(uploads.c.used_at < before))
    return [upload_id for (upload_id,) in found if upload_id not in but]
