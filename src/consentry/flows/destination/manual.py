"""A request of one's own for every row: {column} in path and body stands for the row's value. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from consentry.errors import FieldError
from consentry.flows.destination.mapping import MappedRow
from consentry.flows.destination.model import ManualWrite
from consentry.flows.destination.raw import shown

_PLACE: Final = re.compile(r"\{([^{}]+)\}")


class ManualMapper:
    """Writes rows into the places of a request."""

    def __init__(self, manual: ManualWrite) -> None:
        self._manual = manual

    def __call__(self, given: Mapping[str, Any]) -> MappedRow:
        """Return method, path and body of a row; a column that it doesn't have is an error."""
        errors: list[FieldError] = []
        path = _PLACE.sub(lambda found: quote(str(self._value(found[1], given, "path", errors)), safe=""), self._path)
        body = self._fill(self._manual.body, given, errors)
        values = {"method": self._manual.method, "path": path, "body": body}
        return MappedRow(values=values, errors=tuple(dict.fromkeys(errors)))

    @property
    def _path(self) -> str:
        return self._manual.path

    def _fill(self, part: Any, given: Mapping[str, Any], errors: list[FieldError]) -> Any:
        """Return a part of the body with its places filled: one that is all of a text keeps the value's kind."""
        if isinstance(part, Mapping):
            return {name: self._fill(each, given, errors) for name, each in part.items()}
        if isinstance(part, list):
            return [self._fill(each, given, errors) for each in part]
        if not isinstance(part, str):
            return part
        whole = _PLACE.fullmatch(part)
        if whole:
            return self._value(whole[1], given, "body", errors)
        return _PLACE.sub(lambda found: _text(self._value(found[1], given, "body", errors)), part)

    def _value(self, column: str, given: Mapping[str, Any], field: str, errors: list[FieldError]) -> Any:
        if column not in given:
            errors.append(FieldError(field=field, message=f"The row has no column {shown(column)}."))
            return ""
        value = given[column]
        if field == "path" and (value is None or value == ""):
            errors.append(
                FieldError(field=field, message=f"The column {shown(column)} is empty, and the path needs it.")
            )
        return value


def _text(value: Any) -> str:
    return "" if value is None else str(value)
