"""What the options of ``consentry destination`` mean, as the REST API's fields."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from consentry.cli.source_fields import schedule_of

if TYPE_CHECKING:
    from consentry.desk import Desk

UPLOAD: Final = "upload:"
_PIECE: Final = 256 * 1024


async def rows_of(desk: "Desk", *, file: str, path: str, table: str, sql: str, source: str) -> dict[str, Any] | None:
    """Return where rows come from, if it was said; a file of this machine is uploaded."""
    given = {"--file": file, "--path": path, "--table": table, "--sql": sql}
    named = [option for option, value in given.items() if value]
    if len(named) > 1:
        raise typer.BadParameter(f"Choose one of {', '.join(given)}.")
    if source and not (table or sql):
        raise typer.BadParameter("--source says whose warehouse --table or --sql is about.")
    if not named:
        return None
    if file:
        return {"file": file if file.startswith(UPLOAD) else await upload(desk, file)}
    found: dict[str, Any] = {"table": table} if table else {"sql": sql} if sql else {"file": path}
    if source:
        found["source_id"] = (await desk.flows.get_source(source)).id
    return found


async def upload(desk: "Desk", file: str) -> str:
    """Hand a file of this machine in, and return how rows name it."""
    path = find_file(file)
    return (await desk.destinations.upload(path.name, _pieces(path))).file


def find_file(file: str) -> Path:
    """Return a file of this machine that an option names."""
    path = Path(file).expanduser()
    if not path.is_file():
        raise typer.BadParameter(f"There is no file {file}.")
    return path


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def mapping_of(columns: Sequence[str], values: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what fills each field: --map names a column, --set the same value for every row."""
    found: dict[str, dict[str, Any]] = {}
    for option, key, pairs in (("--map", "column", columns), ("--set", "value", values)):
        for pair in pairs:
            field, between, text = pair.partition("=")
            if not between or not field.strip():
                raise typer.BadParameter(f"Write {option} as FIELD={'COLUMN' if key == 'column' else 'VALUE'}.")
            if field.strip() in found:
                raise typer.BadParameter(f"The field {field.strip()} is given twice.")
            found[field.strip()] = {key: text}
    return found


async def schedule_with_source(
    desk: "Desk", every: str, daily_at: str, cron: str, timezone: str, after: str
) -> dict[str, Any] | None:
    """Return when the destination runs by itself, if ever."""
    chosen = schedule_of(every, daily_at, cron, timezone)
    if not after:
        return chosen
    if chosen is not None:
        raise typer.BadParameter("Choose one of --every, --daily-at, --cron and --after-source.")
    return {"after_source": (await desk.flows.get_source(after)).id}


def manual_of(method: str, path: str, body: str) -> dict[str, Any] | None:
    """Return the request of one's own, if it was described."""
    if not (method or path or body):
        return None
    if not (method and path):
        raise typer.BadParameter("A request of your own needs --manual-method and --manual-path.")
    return {"method": method.upper(), "path": path, "body": _json(body) if body else None}


def mended_of(pairs: Sequence[str], stored: Mapping[int, Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return the mended rows: --mend names a row, a column and the value that it is to have."""
    found: dict[int, dict[str, Any]] = {}
    for pair in pairs:
        row, column, value = _mend(pair)
        if row not in stored:
            raise typer.BadParameter(f"Row {row} is none that can be tried again.")
        found.setdefault(row, dict(stored[row]))[column] = value
    return found


def _mend(pair: str) -> tuple[int, str, str]:
    number, colon, rest = pair.partition(":")
    column, between, value = rest.partition("=")
    if not (colon and between and column and number.strip().isdecimal()):
        raise typer.BadParameter("Write --mend as ROW:COLUMN=VALUE, such as 3:email=ada@example.com.")
    return int(number), column, value


def _json(text: str) -> Any:
    import msgspec

    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise typer.BadParameter("--manual-body must be JSON.") from error
