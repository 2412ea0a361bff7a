from typing import Any

import pytest

from consentry.connectors import Choices
from consentry.connectors.resolving import Unfit, id_of, name_some, resolve, suggest

USERS = Choices(stream="users", names=("name", "username"))
STEPS = Choices(stream="milestones", within="pipeline")
PEOPLE = [
    {"id": 1, "name": "Ada", "username": "ada.l"},
    {"id": 2, "name": "Ben", "username": "ben"},
    {"id": 3, "name": "ben", "username": "ben.old", "deleted": True},
    {"id": 4, "name": "2", "username": "two"},
]
LADDER = [
    {"id": 11, "name": "Won", "pipeline": {"id": 1, "name": "Sales"}},
    {"id": 12, "name": "Won", "pipeline": {"id": 2, "name": "Renewals"}},
    {"id": 13, "name": "New/old", "pipeline": {"id": 1, "name": "Sales"}},
]


@pytest.mark.parametrize(
    ("value", "number", "why"),
    [
        (1, 1, "an id"),
        ("1", 1, "an id as text"),
        ("#1", 1, "an id as people write it"),
        ("ADA", 1, "a name, whatever its case"),
        ("ada.l", 1, "a user name"),
        ("ben", 2, "who left isn't meant by name"),
        (3, 3, "who left is meant by id"),
        ("2", 2, "an id comes before a name of digits"),
        ("two", 4, "the other name of it"),
    ],
)
def test_a_record_is_meant_by_id_or_name(value: Any, number: int, why: str) -> None:
    assert resolve(value, USERS, PEOPLE, title="Owner")["id"] == number, why


@pytest.mark.parametrize(
    ("value", "number"), [("Sales / Won", 11), ("renewals/won", 12), ("New/old", 13), ("Sales / New/old", 13)]
)
def test_a_name_is_told_apart_by_what_it_is_in(value: str, number: int) -> None:
    assert resolve(value, STEPS, LADDER, title="Milestone")["id"] == number


def test_of_several_the_preferred_is_meant_if_there_is_one() -> None:
    def in_sales(record: dict[str, Any]) -> bool:
        return bool(record["pipeline"]["id"] == 1)

    assert resolve("Won", STEPS, LADDER, title="Milestone", prefer=in_sales)["id"] == 11
    with pytest.raises(Unfit, match="more than one milestone “Won”: Sales / Won and Renewals / Won"):
        resolve("Won", STEPS, LADDER, title="Milestone", prefer=lambda _: False)


def test_two_of_one_name_are_told_by_their_ids() -> None:
    twins = [{"id": 1, "name": "Ben"}, {"id": 2, "name": "BEN"}, {"id": 3, "name": "Ben"}]
    with pytest.raises(Unfit, match=r"Ben \(#1\), BEN \(#2\) and Ben \(#3\)\. Write its id\."):
        resolve("ben", Choices(stream="users"), twins, title="Owner")


def test_nobody_is_said_with_what_there_is() -> None:
    with pytest.raises(Unfit) as raised:
        resolve("Ann", USERS, PEOPLE, title="Owner")
    assert str(raised.value) == "There is no owner “Ann”. There are: Ada, Ben and 2."
    with pytest.raises(Unfit, match="There are none at all"):
        resolve("Ann", USERS, [], title="Owner")


def test_of_many_the_close_ones_are_suggested() -> None:
    names = ["Germany", "Greece", *(f"Land {number}" for number in range(20))]
    assert suggest("Germani", names, otherwise="") == "Did you mean Germany?"
    assert suggest("xyzzy", names, otherwise="").endswith("and 10 more.")


@pytest.mark.parametrize(
    ("names", "words"), [([], ""), (["A"], "A"), (["A", "B"], "A and B"), (["A", "B", "C", "A"], "A, B and C")]
)
def test_names_make_a_list_for_a_sentence(names: list[str], words: str) -> None:
    assert name_some(names) == words


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("5", 5), (" #5 ", 5), ("-1", -1), (True, None), ("5a", None), ("", None), (None, None), ("²", None)],
)
def test_what_is_an_id(value: Any, number: int | None) -> None:
    assert id_of(value) == number
