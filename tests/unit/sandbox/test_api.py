"""How paths are told apart."""

import pytest

from consentry.sandbox.api import shape_of


@pytest.mark.parametrize(
    ("path", "shape", "ids"),
    [
        ("parties", ("parties",), ()),
        ("parties/12", ("parties", "{id}"), (12,)),
        ("parties/1,2,3", ("parties", "{ids}"), (1, 2, 3)),
        ("activitytypes/-1", ("activitytypes", "{id}"), (-1,)),
        ("parties/12/entries", ("parties", "{id}", "entries"), (12,)),
        ("parties/5000000001", ("parties", "{id}"), (5_000_000_001,)),
        ("parties/1,", ("parties", "1,"), ()),
        ("parties/" + "9" * 30, ("parties", "9" * 30), ()),
        ("parties//", ("parties", "", ""), ()),
    ],
)
def test_ids_become_placeholders(path: str, shape: tuple[str, ...], ids: tuple[int, ...]) -> None:
    assert shape_of(path) == (shape, ids)
