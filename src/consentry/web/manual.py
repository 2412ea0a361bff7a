"""A reading request that a person writes: its path and parameters, held to the connector's API. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from consentry.connectors import Connector
from consentry.errors import FieldError, InvalidInput, ReplyNotUnderstood
from consentry.web.fields import Field

_PATH: Final = re.compile(r"[A-Za-z0-9_.,~-]+(?:/[A-Za-z0-9_.,~-]+)*")
_PARAMETER: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,100}")
_RECORDS: Final = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
LONGEST_PATH: Final = 500
MOST_PARAMETERS: Final = 30

PATH_FIELD: Final = Field(
    name="manual_path",
    label="Path",
    id="manual-path",
    required=True,
    max_length=LONGEST_PATH,
    help="Such as users, or parties/12/people.",
)
PARAMETERS_FIELD: Final = Field(
    name="manual_parameters",
    label="Parameters",
    id="manual-parameters",
    max_length=4000,
    help="One a line, such as embed=tags,fields.",
)
RECORDS_FIELD: Final = Field(
    name="manual_records",
    label="Where the records are",
    id="manual-records",
    max_length=200,
    help="The name of the list in the answer, such as users or report.rows. Empty: the only list there is.",
)


def read_path(text: str, connector: Connector) -> str:
    """Return the path to ask, under the connector's API and nowhere else; raise InvalidInput."""
    path = text.strip().strip("/").removeprefix(connector.api_prefix)
    if not path:
        raise InvalidInput(FieldError(field="manual_path", message="Enter the path to read."))
    if len(path) > LONGEST_PATH or not _PATH.fullmatch(path) or any(set(part) == {"."} for part in path.split("/")):
        raise InvalidInput(
            FieldError(field="manual_path", message="Use letters, figures and single slashes; parameters go below.")
        )
    return "/" + connector.api_prefix + path


def read_parameters(text: str) -> Mapping[str, str]:
    """Return the parameters to send, one a line; raise InvalidInput."""
    found: dict[str, str] = {}
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or not _PARAMETER.fullmatch(name.strip()) or len(found) == MOST_PARAMETERS:
            raise InvalidInput(
                FieldError(field="manual_parameters", message="Write one parameter a line, as name=value.")
            )
        found[name.strip()] = value.strip()
    return found


def read_records_path(text: str) -> str:
    """Return where the records are in an answer, as names with dots between; raise InvalidInput."""
    path = text.strip()
    if path and (len(path) > 200 or not _RECORDS.fullmatch(path)):
        message = "Use the list's name as it stands in the answer, with dots between names."
        raise InvalidInput(FieldError(field="manual_records", message=message))
    return path


def records_of(answer: object, where: str = "") -> list[dict[str, object]]:
    """Return the records in an answer: the list at that place, or else the longest list of objects in it, or else the
    answer itself as one record. Raises ReplyNotUnderstood when there is no list at the place.
    """
    if where:
        return _records_at(answer, where)
    if isinstance(answer, dict):
        lists = [value for value in answer.values() if isinstance(value, list) and _is_records(value)]
        if lists:
            return max(lists, key=len)
        single = [value for value in answer.values() if isinstance(value, dict)]
        return [single[0] if len(answer) == 1 and single else answer]
    return list(answer) if isinstance(answer, list) and _is_records(answer) else [{"value": answer}]


def _records_at(answer: object, where: str) -> list[dict[str, object]]:
    found = answer
    for name in where.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, list) or not _is_records(found):
        raise ReplyNotUnderstood(f"The answer has no list of records at {where}.", hint="Look at the answer's names.")
    return found


def _is_records(items: list[object]) -> bool:
    return all(isinstance(item, dict) for item in items)
