from typing import Any

import pytest

from consentry.flows.destination.manual import ManualMapper
from consentry.flows.destination.model import ManualWrite


def fill(path: str, body: Any, **row: Any) -> tuple[Any, Any, list[str]]:
    mapped = ManualMapper(ManualWrite(method="PUT", path=path, body=body))(row)
    return mapped.values["path"], mapped.values["body"], [each.message for each in mapped.errors]


@pytest.mark.parametrize(
    ("body", "filled", "reason"),
    [
        ({"a": "{n}"}, {"a": 5}, "a place that is all of a text keeps the value's kind"),
        ({"a": "No. {n}"}, {"a": "No. 5"}, "in a text it becomes text"),
        ({"a": ["{n}", {"b": "{t}"}]}, {"a": [5, {"b": "x"}]}, "places are found however deep"),
        ({"a": "{none}"}, {"a": None}, "an empty value is sent as one"),
        ({"a": "[{none}]"}, {"a": "[]"}, "in a text it is nothing"),
        ({"a": True}, {"a": True}, "what is no text has no places"),
        (None, None, "a deletion has no body"),
    ],
)
def test_a_body_is_filled(body: Any, filled: Any, reason: str) -> None:
    assert fill("parties", body, n=5, t="x", none=None) == ("parties", filled, []), reason


def test_a_value_in_a_path_can_not_lead_elsewhere() -> None:
    assert fill("parties/{id}", None, id="../users?x=1")[0] == "parties/..%2Fusers%3Fx%3D1"


def test_a_column_that_is_missing_or_empty_is_named() -> None:
    assert fill("parties/{id}", {"a": "{b}"}, id=None)[2] == [
        "The column id is empty, and the path needs it.",
        "The row has no column b.",
    ]
