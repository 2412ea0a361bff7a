"""Rows out of files of this machine and uploads: which are let in, and what comes out."""

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select, update

from consentry.audit import Actor
from consentry.core.clock import FakeClock
from consentry.errors import InvalidInput, NotFound, TooLarge
from consentry.flows import Room
from consentry.flows.destination import uploads
from consentry.flows.destination.looking_at_rows import look_at_rows
from consentry.flows.destination.model import RowsSpec
from consentry.flows.destination.origin import open_rows
from consentry.flows.destination.raw import RawRow
from consentry.flows.destination.uploads import PART, Upload, put_upload
from consentry.storage.tables import upload_parts

ADA = Actor(name="person:ada@example.com")


async def rows_of(room: Room, spec: RowsSpec, *, after: int = 0) -> list[RawRow]:
    async with open_rows(room, spec, after=after) as origin:
        return [row async for batch in origin.batches() for row in batch]


async def refusal_of(room: Room, spec: RowsSpec) -> str:
    with pytest.raises(InvalidInput) as caught:
        await rows_of(room, spec)
    assert caught.value.errors[0].message == caught.value.message
    return caught.value.message


async def pieces(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def test_rows_of_a_file_are_read_and_taken_up_anywhere(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "people.CSV"
    path.write_text("n\n" + "".join(f"{number}\n" for number in range(1, 1_801)))
    found = await rows_of(room, RowsSpec(file=str(path)))
    assert [(row.row, row.values["n"]) for row in found] == [(number, str(number)) for number in range(1, 1_801)]
    assert await rows_of(room, RowsSpec(file=str(path)), after=1_799) == found[1_799:]


async def test_rows_are_inline_too(room: Room) -> None:
    spec = RowsSpec(inline=({"a": 1, "b": [Decimal("1.50"), date(2025, 4, 3)]}, {"a": {"deep": None}}))
    assert [row.values for row in await rows_of(room, spec)] == [
        {"a": 1, "b": ["1.5", "2025-04-03"]},
        {"a": {"deep": None}},
    ]


async def test_rows_come_from_one_place(room: Room) -> None:
    assert "none is given" in await refusal_of(room, RowsSpec())
    assert "sql and inline are given" in await refusal_of(room, RowsSpec(sql="SELECT 1", inline=()))


@dataclass(frozen=True, kw_only=True)
class Place:
    """A file that rows must not come from."""

    path: str
    words: str


async def test_only_table_files_outside_the_home_are_read(room: Room, home: Path, tmp_path: Path) -> None:
    secret, outside = home / "kept.csv", tmp_path / "rows.csv"
    secret.write_text("a\n1\n")
    outside.write_text("a\n1\n")
    (tmp_path / "keyset.json").symlink_to(home / "keyset.json")
    (tmp_path / "linked.csv").symlink_to(secret)
    (tmp_path / "hidden.csv").symlink_to(tmp_path / "notes.txt")
    (tmp_path / "notes.txt").write_text("a\n1\n")
    (tmp_path / "circle.csv").symlink_to(tmp_path / "circle.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "round").symlink_to(home)
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "hard.csv").hardlink_to(secret)
    for place in (
        Place(path="rows.csv", words="whole path"),
        Place(path=str(tmp_path / "notes.txt"), words="must end in"),
        Place(path=str(tmp_path / "gone.csv"), words="There is no file"),
        Place(path=str(tmp_path / "rows.csv" / "x.csv"), words="There is no file"),
        Place(path=str(secret), words="home"),
        Place(path=f"{tmp_path}/elsewhere/../home/kept.csv", words="no file"),
        Place(path=f"{home}/../home/kept.csv", words="home"),
        Place(path=str(tmp_path / "linked.csv"), words="home"),
        Place(path=str(tmp_path / "keyset.json"), words="home"),
        Place(path=str(tmp_path / "round" / "kept.csv"), words="home"),
        Place(path=f"/proc/self/root{secret}", words="home"),
        Place(path=str(tmp_path / "hard.csv"), words="home"),
        Place(path=str(tmp_path / "hidden.csv"), words="must end in"),
        Place(path=str(tmp_path / "circle.csv"), words="can't be opened"),
        Place(path=str(tmp_path / "folder.csv"), words="regular files"),
        Place(path=str(tmp_path / "pipe.csv"), words="regular files"),
        Place(path=f"/{'x' * 5_000}.csv", words="can't be opened"),
        Place(path="/a\0.csv", words="whole path"),
        Place(path="upload:", words="named by its id"),
        Place(path="upload:5", words="no such upload"),
        Place(path="upload:" + "9" * 30, words="named by its id"),
    ):
        assert place.words in await refusal_of(room, RowsSpec(file=place.path)), place.path[:100]
    (tmp_path / "good.csv").symlink_to(outside)
    assert len(await rows_of(room, RowsSpec(file=str(tmp_path / "good.csv")))) == 1


def parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=700)
    return path


async def test_parquet_is_read_with_values_as_json_has_them(room: Room, tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "all.parquet",
        text=["Ä\0", None],
        number=pa.array([2**62, None], pa.int64()),
        large=pa.array([2**63, 1], pa.uint64()),
        amount=pa.array([Decimal("12.500000000"), Decimal(0)], pa.decimal128(38, 9)),
        share=[0.1, float("nan")],
        flag=[True, False],
        day=[date(2025, 4, 3), None],
        at=pa.array([datetime(2025, 4, 3, 10, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
        lists=[["a", "b"], []],
        objects=[{"a": [1]}, None],
        raw=[b"bytes", b"\xff"],
    )
    first, second = await rows_of(room, RowsSpec(file=str(path)))
    assert first.values == {
        "text": "Ä\ufffd",
        "number": 2**62,
        "large": str(2**63),
        "amount": "12.5",
        "share": 0.1,
        "flag": True,
        "day": "2025-04-03",
        "at": "2025-04-03T10:00:00+00:00",
        "lists": ["a", "b"],
        "objects": {"a": [1]},
        "raw": "bytes",
    }
    assert (second.values["share"], second.values["raw"], second.values["amount"]) == ("nan", "\ufffd", "0")


async def test_parquet_is_taken_up_anywhere(room: Room, tmp_path: Path) -> None:
    path = parquet(tmp_path / "many.parquet", n=list(range(1, 2_501)))
    found = await rows_of(room, RowsSpec(file=str(path)), after=2_400)
    assert [(row.row, row.values["n"]) for row in found] == [(number, number) for number in range(2_401, 2_501)]


async def test_damaged_parquet_is_refused_with_words(room: Room, tmp_path: Path) -> None:
    whole = parquet(tmp_path / "whole.parquet", n=list(range(5_000))).read_bytes()
    for number, content in enumerate((b"", b"PAR1", whole[:-100], b"PAR1" + bytes(500) + whole[504:])):
        path = tmp_path / f"broken{number}.parquet"
        path.write_bytes(content)
        assert "damaged" in await refusal_of(room, RowsSpec(file=str(path)))


async def upload(room: Room, content: bytes, name: str = "people.csv") -> Upload:
    return await put_upload(room, ADA, name, pieces(content))


async def test_an_upload_is_kept_whole_and_read_back(room: Room) -> None:
    content = b"n\n" + b"".join(b"%d,\n" % number for number in range(400_000))
    kept = await upload(room, content, "../C:\\Temp\\pe\x00ople \u202e?.csv")
    assert (kept.name, kept.size, kept.created_by) == ("pe ople .csv", len(content), ADA.name)
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert kept.file == f"upload:{kept.id}"
    file, suffix = await uploads.open_upload(room, kept.file)
    with file:
        assert (file.read(), suffix) == (content, ".csv")
    async with room.database.reading() as connection:
        parts = await connection.scalar(select(func.count()).select_from(upload_parts))
    assert parts == len(content) // PART + 1


async def test_rows_come_out_of_uploads_of_every_kind(room: Room, tmp_path: Path) -> None:
    kept = await upload(room, b"a\n1\n")
    assert [row.values for row in await rows_of(room, RowsSpec(file=kept.file))] == [{"a": "1"}]
    kept = await upload(room, parquet(tmp_path / "x.parquet", a=[1]).read_bytes(), "x.parquet")
    assert [row.values for row in await rows_of(room, RowsSpec(file=kept.file))] == [{"a": 1}]
    kept = await upload(room, b'[{"a": 1}]', "x.json")
    assert [row.values for row in await rows_of(room, RowsSpec(file=kept.file))] == [{"a": 1}]


async def test_what_is_no_upload_leaves_nothing_behind(room: Room) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * (PART + 1)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await put_upload(room, ADA, "a.csv", broken())
    with pytest.raises(InvalidInput):
        await upload(room, b"")
    with pytest.raises(InvalidInput) as caught:
        await upload(room, b"x", "evil.exe")
    assert caught.value.errors[0].field == "name"
    assert await uploads.list_uploads(room) == ([], False)
    async with room.database.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(upload_parts)) == 0


async def test_more_than_is_taken_is_not_taken() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield shared

    async def count() -> int:
        return sum([len(part) async for part in uploads.in_parts(endless())])

    shared = bytes(8 * PART)
    with pytest.raises(TooLarge, match="200 MB"):
        await count()


async def test_an_upload_that_was_changed_is_not_read(room: Room) -> None:
    kept = await upload(room, b"a\n1\n")
    async with room.database.transaction() as connection:
        await connection.execute(update(upload_parts).values(content=b"a\n2\n"))
    assert "isn't whole" in await refusal_of(room, RowsSpec(file=kept.file))


async def test_uploads_that_nobody_uses_go_after_thirty_days(room: Room, clock: FakeClock) -> None:
    unused, used, named = [await upload(room, b"a\n1\n", f"{name}.csv") for name in ("unused", "used", "named")]
    clock.advance(timedelta(days=29))
    await rows_of(room, RowsSpec(file=used.file))
    clock.advance(timedelta(days=2))
    assert await uploads.remove_old_uploads(room, [named.file, "/data/rows.csv"]) == 1
    found, more = await uploads.list_uploads(room, per_page=1)
    assert ([each.id for each in found], more) == ([named.id], True)
    with pytest.raises(NotFound):
        await uploads.get_upload(room, unused.id)
    assert (await uploads.get_upload(room, used.id)).used_at > used.used_at


async def test_a_look_at_rows_has_columns_with_what_they_hold_and_the_first_rows(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    lines = "".join(f"Ann {number};{number},5;00{number};{number};2025-04-03;yes;\n" for number in range(1_000))
    path.write_bytes(("name;size;phone;n;born;vip;note\nÄ;1;2\n" + lines).encode("cp1252"))
    found = await look_at_rows(room, RowsSpec(file=str(path)))
    assert {column.name: column.guess for column in found.columns} == {
        "name": "text",
        "size": "text",
        "phone": "text",
        "n": "integer",
        "born": "date",
        "vip": "boolean",
        "note": "empty",
    }
    assert len(found.rows) == 20
    assert (found.about.encoding, found.about.delimiter) == ("Windows-1252", ";")
    assert found.faults[1] == "Row 1: Line 2 can't be read: it has 3 columns, but the heading has 7."


async def test_a_look_at_json_gathers_its_columns(room: Room) -> None:
    found = await look_at_rows(room, RowsSpec(inline=({"a": 1}, {"b": [1], "a": 1.5}, {"c": {"x": 1}})))
    assert {column.name: column.guess for column in found.columns} == {"a": "decimal", "b": "list", "c": "json"}
    assert found.about.count == 3
