"""Rows that a person has mended, out of a file: as a run's rows are exported, as CSV or as JSON. Blocking."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from consentry.flows.destination.export import OURS
from consentry.flows.destination.origin import read_text_file
from consentry.flows.destination.raw import RawRow, refused

_ROW: Final = OURS[0]
_VALUES: Final = "values"


def read_mended(path: Path) -> dict[int, dict[str, Any]]:
    """Return the values by the number that a row has in its run; raise InvalidInput for what can't be read."""
    found: dict[int, dict[str, Any]] = {}
    for row in read_text_file(path):
        if row.fault is not None:
            raise refused("file", row.fault)
        number, values = _mended(row)
        if number in found:
            raise refused("file", f"The row {number} is in the file twice.")
        found[number] = values
    return found


def _mended(row: RawRow) -> tuple[int, dict[str, Any]]:
    held = row.values.get(_VALUES)
    if isinstance(held, Mapping):
        return _number(row, row.values.get(_ROW)), dict(held)
    names = list(row.values)
    ours = dict(zip(OURS, names[-len(OURS) :], strict=False))
    if not all(_is_ours(ours.get(name, ""), name) for name in OURS):  # a person has moved or dropped columns
        ours = {name: name for name in OURS}
    return _number(row, row.values.get(ours[_ROW])), dict(_others(row.values, set(ours.values())))


def _is_ours(column: str, name: str) -> bool:
    return column == name or column.startswith(f"{name} (")


def _others(values: Mapping[str, Any], ours: set[str]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in values.items() if name not in ours)


def _number(row: RawRow, given: object) -> int:
    text = str(given).strip()
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise refused("file", f"Line {row.row} of the rows has no number in the column {_ROW}, as the export has it.")
    return int(text)
