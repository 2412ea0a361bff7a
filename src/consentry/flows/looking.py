"""A look into a source's dataset: its tables, and the first rows of one.

What knows warehouses takes more memory than all of Consentry does when idle, so the look happens in a short-lived
process of its own.
"""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from consentry.core.secret import Secret
from consentry.errors import (
    ConsentryError,
    NotFound,
    PassingError,
    SettingWrong,
    WarehouseBusy,
    WarehouseRefused,
)
from consentry.flows import sources
from consentry.flows.model import Source
from consentry.flows.room import Room

PATIENCE_SECONDS: Final = 30.0
ROWS: Final = 20
_RAISED: Final[dict[str, type[ConsentryError]]] = {
    error.code: error for error in (NotFound, WarehouseBusy, WarehouseRefused, PassingError, SettingWrong)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSeen:
    """One table or view of a dataset."""

    name: str
    columns: tuple[tuple[str, str], ...]  # name and type
    count: int  # live rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a dataset holds; values are as JSON has them, times and decimals as text."""

    tables: tuple[TableSeen, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()  # of the table that was asked for

    def table(self, name: str) -> TableSeen:
        """Return the table of this name; raise NotFound."""
        found = next((table for table in self.tables if table.name == name), None)
        if found is None:
            raise NotFound("There is no such table in this dataset.", hint="Look at the list of its tables.")
        return found


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is asked, over its standard input; it may hold a password."""

    source: Source
    home: str
    address: str | None
    table: str | None
    limit: int

    def __repr__(self) -> str:
        return f"Question({self.source.name!r}, {self.table!r})"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the process answers: a look, or the error that ours becomes again."""

    look: Look | None = None
    code: str = ""
    message: str = ""
    hint: str = ""


async def look(room: Room, source_id: int, *, table: str | None = None, limit: int = ROWS) -> Look:
    """Return the tables of a source's dataset, and the first rows of one of them if it is there.

    Raises NotFound for the source, WarehouseBusy or WarehouseRefused. A dataset that no run has filled yet is empty.
    """
    source = await sources.get(room, source_id)
    address = await sources.find_address(room, source_id)
    return await look_at(source, room.home, address, table=table, limit=limit)


async def look_at(source: Source, home: Path, address: Secret | None, *, table: str | None, limit: int) -> Look:
    """Ask a process of its own."""
    question = Question(
        source=source, home=str(home), address=address.reveal() if address else None, table=table, limit=limit
    )
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "consentry.flows.look_child"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("CONSENTRY_")},
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            said, _ = await child.communicate(msgspec.json.encode(question))
    except TimeoutError as error:
        raise WarehouseBusy("The warehouse takes too long to answer.") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return _read(said)


def _read(said: bytes) -> Look:
    try:
        reply = msgspec.json.decode(said, type=Reply)
    except msgspec.DecodeError as error:
        raise WarehouseRefused(
            "The look into the dataset failed.", hint="Its source's next run may say why."
        ) from error
    if reply.look is None:
        raise _RAISED.get(reply.code, WarehouseRefused)(reply.message, hint=reply.hint)
    return reply.look
