"""What the process that carries rows over is asked, and what it answers; only that process knows dlt."""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Final

import msgspec

from consentry.core.log import get_logger
from consentry.errors import WarehouseBusy, WarehouseRefused
from consentry.flows.model import WarehouseKind

REMOVED: Final = "_consentry_removed"
"""The column that tells dlt which rows go; no row that stays has anything in it."""
_PATIENCE_SECONDS: Final = 6 * 3_600.0
_PASSED_ON: Final = (
    *("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TZ"),
    *("ODBCSYSINI", "ODBCINI", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""What the process gets of our environment. dlt takes any variable for a setting, so it sees no other."""
_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

log = get_logger("flows.warehouse.carrying")


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one table, in a Parquet file."""

    table: str
    columns: str
    file: str
    is_own: bool  # a stream's own table, whose key is _key; otherwise that of a list, which goes with its parent
    is_whole: bool  # it takes the place of what is there
    marks_removed: bool  # it has the column that tells which rows go


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to do, over its standard input; it holds a password."""

    kind: WarehouseKind
    address: str
    dataset: str
    known: list[str]  # tables that must be there, because they were carried before
    parcels: list[Parcel]

    def __repr__(self) -> str:
        return f"Order({self.kind!r}, {self.dataset!r}, {[each.table for each in self.parcels]!r})"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: all arrived when nothing is said."""

    gone: list[str] = []  # known tables that aren't there any more: nothing was carried
    is_busy: bool = False
    message: str = ""
    hint: str | None = None
    kinds: list[str] = []  # the names of the errors behind the message, for the log


def carry(order: Order, folder: Path, held: int) -> set[str]:
    """Let a process of its own carry rows over; return known tables that turned out to be gone. Blocking.

    Raises WarehouseBusy or WarehouseRefused.
    """
    work = folder / "dlt"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    said = asyncio.run(_ask(order, work, held))
    try:
        reply = msgspec.json.decode(said, type=Reply)
    except msgspec.DecodeError as error:
        raise WarehouseBusy("The process that carries rows to the warehouse ended too early.") from error
    if reply.message:
        log.warning("rows could not be carried over", type=order.kind, dataset=order.dataset, errors=reply.kinds)
        raised = WarehouseBusy if reply.is_busy else WarehouseRefused
        raise raised(reply.message, hint=reply.hint)
    return set(reply.gone)


async def _ask(order: Order, work: Path, held: int) -> bytes:
    """Hand over the order, and wait. The process ends with this one, which has the other end of its line open."""
    its, ours = os.pipe()
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "consentry.flows.warehouse.carry_child", str(its)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=work,
            env=_environment(work),
            pass_fds=(its, held),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                said, _ = await child.communicate(msgspec.json.encode(order))
        except TimeoutError as error:
            raise WarehouseBusy("The warehouse takes too long to take what changed.") from error
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
    finally:
        os.close(its)
        os.close(ours)
    return said


def _environment(work: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in (*_PASSED_ON, *_PROXIES) if name in os.environ}
    return kept | {"HOME": str(work)}
