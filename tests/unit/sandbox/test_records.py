"""The store of encoded records."""

from collections.abc import Mapping
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.sandbox.records import Collection, Tombstone

EVERYTHING = frozenset({"tags", "fields"})


def make(*ids: int) -> Collection:
    collection = Collection()
    for number in ids:
        moment = f"2025-01-01T00:00:{number:02d}Z"
        collection.add({"id": number, "name": f"No. {number}", "updatedAt": moment, "tags": [{"id": 1}]})
    return collection


def values(collection: Collection, record_id: int) -> dict[str, Any]:
    record = collection.find(record_id)
    assert record is not None
    return record.decode()


def test_embedded_parts_show_on_request_only() -> None:
    record = make(1).all()[0]
    assert record.render(frozenset()) == b'{"id":1,"name":"No. 1","updatedAt":"2025-01-01T00:00:01Z"}'
    assert record.render(EVERYTHING).endswith(b',"tags":[{"id":1}]}')


def test_a_change_keeps_the_rest_and_moves_updated_at() -> None:
    collection = make(1, 2)
    collection.change(1, {"name": "Neu"}, at="2025-02-01T00:00:00Z")
    assert values(collection, 1) == {
        "id": 1,
        "name": "Neu",
        "updatedAt": "2025-02-01T00:00:00Z",
        "tags": [{"id": 1}],
    }
    changed = collection.since("2025-01-31T00:00:00Z", "id", inclusive=False)
    assert [record.id for record in changed] == [1]


@pytest.mark.parametrize(("inclusive", "expected"), [(False, [3]), (True, [2, 3])])
def test_since_has_a_bound_that_is_in_or_out(inclusive: bool, expected: list[int]) -> None:
    found = make(1, 2, 3).since("2025-01-01T00:00:02Z", "id", inclusive=inclusive)
    assert [record.id for record in found] == expected


def test_a_removed_record_leaves_a_tombstone_and_its_parent() -> None:
    collection = make(1)
    collection.add({"id": 7, "updatedAt": "2025-01-01T00:00:00Z"}, parents=[("parties", 1)])
    assert [record.id for record in collection.of(("parties", 1))] == [7]
    collection.remove(7, at="2025-03-01T00:00:00Z", restricted=True)
    assert collection.of(("parties", 1)) == ()
    assert collection.find(7) is None
    stones = collection.tombstones("2025-01-01T00:00:00Z", inclusive=False)
    assert stones == (Tombstone(id=7, deleted_at="2025-03-01T00:00:00Z", restricted=True),)
    with pytest.raises(KeyError):
        collection.remove(7, at="2025-03-01T00:00:00Z")


def test_adding_an_id_again_replaces_and_moves_it_to_its_new_parent() -> None:
    collection = Collection()
    for parent in (1, 2):
        collection.add({"id": 7, "updatedAt": ""}, parents=[("parties", parent)])
    assert (len(collection), collection.of(("parties", 1)), len(collection.of(("parties", 2)))) == (1, (), 1)


def test_a_record_is_listed_under_the_parent_that_it_names() -> None:
    collection = Collection(belongs={"organisation": "parties"})
    collection.add({"id": 7, "organisation": {"id": 1}}, parents=[("tag", 5)])
    assert [record.id for record in collection.of(("parties", 1))] == [7]
    collection.change(7, {"organisation": {"id": 2}}, at="2025-02-01T00:00:00Z")
    assert collection.of(("parties", 1)) == ()
    assert [record.id for record in collection.of(("parties", 2))] == [7]
    collection.change(7, {"organisation": None}, at="2025-02-02T00:00:00Z")
    assert collection.of(("parties", 2)) == ()
    assert [record.id for record in collection.of(("tag", 5))] == [7]


def test_a_record_takes_members_that_nobody_knows_and_values_of_another_type() -> None:
    collection = make(1)
    collection.change(1, {"mood": {"level": 3}, "name": 5}, at="2025-02-01T00:00:00Z")
    assert collection.all()[0].render(frozenset()) == (
        b'{"id":1,"name":5,"updatedAt":"2025-02-01T00:00:00Z","mood":{"level":3}}'
    )


def test_the_shuffled_order_is_another_one_and_always_the_same() -> None:
    collection = make(*range(1, 30))
    shuffled = [record.id for record in collection.all("shuffled")]
    assert shuffled != sorted(shuffled)
    assert sorted(shuffled) == list(range(1, 30))
    assert [record.id for record in make(*range(1, 30)).all("shuffled")] == shuffled


def test_search_ignores_case_and_follows_changes() -> None:
    collection = make(1, 2)
    assert [record.id for record in collection.matching("nO. 2")] == [2]
    collection.change(2, {"name": "Straße"}, at="2025-02-01T00:00:00Z")
    assert collection.matching("no. 2") == ()
    assert [record.id for record in collection.matching("STRASSE")] == [2]


def by_name(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [("name", str(values["name"]))]


def test_records_are_found_by_key_and_keys_follow_changes() -> None:
    collection = Collection(keyed=by_name)
    for number, name in ((3, "A"), (1, "A"), (2, "B")):
        collection.add({"id": number, "name": name})
    assert [record.id for record in collection.by("name", "A")] == [1, 3]
    collection.change(1, {"name": "B"}, at=None)
    collection.remove(2, at="2025-01-01T00:00:00Z")
    assert [record.id for record in collection.by("name", "A")] == [3]
    assert [record.id for record in collection.by("name", "B")] == [1]
    assert collection.by("name", "C") == collection.by("colour", "A") == ()


def test_a_change_without_a_moment_leaves_updated_at() -> None:
    collection = make(1)
    before = collection.all()[0].updated_at
    assert collection.change(1, {"name": "Other"}, at=None).updated_at == before


def test_a_record_that_comes_back_is_searched_by_its_new_words() -> None:
    collection = make(1)
    assert collection.matching("no. 1")
    collection.remove(1, at="2025-02-01T00:00:00Z")
    collection.add({"id": 1, "name": "Other"})
    assert collection.matching("no. 1") == ()


steps = st.lists(st.tuples(st.sampled_from(["add", "change", "remove"]), st.integers(1, 8), st.integers(0, 3)))


@given(steps=steps, order=st.sampled_from(["id", "updated", "shuffled"]))
def test_an_order_that_is_kept_is_the_order_of_sorting_anew(
    steps: list[tuple[str, int, int]], order: Literal["id", "updated", "shuffled"]
) -> None:
    kept = Collection()
    for step, number, second in steps:
        kept.all(order)
        moment = f"2025-01-01T00:00:0{second}Z"
        if step == "add":
            kept.add({"id": number, "updatedAt": moment})
        elif kept.find(number) is not None and step == "change":
            kept.change(number, {}, at=moment)
        elif kept.find(number) is not None:
            kept.remove(number, at=moment)
    anew = Collection()
    for record in kept.all("shuffled"):
        anew.add(record.decode())
    assert [record.id for record in kept.all(order)] == [record.id for record in anew.all(order)]
    assert len(kept) == len(kept.all(order))
