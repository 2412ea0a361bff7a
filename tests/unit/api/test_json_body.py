import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.api.json_body import read_json
from consentry.api.media import is_json
from consentry.errors import Unreadable

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_json_is_read(value: object) -> None:
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary())
def test_what_is_not_json_is_refused_and_nothing_else_happens(body: bytes) -> None:
    with contextlib.suppress(Unreadable):
        read_json(body)


@pytest.mark.parametrize(
    "body", [b'{"a":1,"a":2}', b"Infinity", b"-Infinity", b'["\\udc00"]', b"[" * 60 + b"]" * 60, b""]
)
def test_what_readers_understand_in_different_ways_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_json(body)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (b"application/json", True),
        (b"Application/JSON; charset=UTF-8", True),
        (b'application/json; charset="utf-8"', True),
        (b"application/json; charset=utf-16", False),
        (b"text/json", False),
        (b"application/jsonp", False),
        (b"", False),
        (None, False),
    ],
)
def test_json_is_known_by_its_media_type(kind: bytes | None, verdict: bool) -> None:
    assert is_json(kind) is verdict
