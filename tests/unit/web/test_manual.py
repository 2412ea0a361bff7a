import pytest

from consentry.connectors import Catalogue
from consentry.errors import InvalidInput
from consentry.web.manual import MOST_PARAMETERS, read_parameters, read_path, records_of

CONNECTOR = Catalogue.load().list()[0]


@pytest.mark.parametrize("text", ["users", "/users", " users/ ", CONNECTOR.api_prefix + "users"])
def test_a_path_is_asked_under_the_connectors_api_however_it_was_written(text: str) -> None:
    assert read_path(text, CONNECTOR) == f"/{CONNECTOR.api_prefix}users"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing"),
        ("..", "climbs out"),
        ("users/../../oauth/token", "climbs out"),
        ("users/./x", "a dot segment"),
        ("users//x", "an empty segment"),
        ("https://evil.example/x", "another host"),
        ("users?x=1", "parameters have a field of their own"),
        ("users#x", "a fragment"),
        ("users%2fx", "an encoded slash"),
        ("users\\x", "a backslash"),
        ("users\nHost: x", "a line break"),
        ("üsers", "not ASCII"),
        ("x" * 501, "far too long"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput):
        pytest.fail(f"{reason}: {read_path(text, CONNECTOR)}")


def test_parameters_stand_one_a_line() -> None:
    assert read_parameters(" embed = tags,fields \n\nq=a=b\n") == {"embed": "tags,fields", "q": "a=b"}


@pytest.mark.parametrize(
    "text", ["no equals sign", "=x", "a b=c", "\n".join(f"p{number}=1" for number in range(MOST_PARAMETERS + 1))]
)
def test_a_line_that_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_parameters(text)


@pytest.mark.parametrize(
    ("answer", "records"),
    [
        ({"users": [{"id": 1}, {"id": 2}], "meta": []}, [{"id": 1}, {"id": 2}]),
        ({"user": {"id": 1}}, [{"id": 1}]),
        ({"id": 1, "name": "x"}, [{"id": 1, "name": "x"}]),
        ([{"id": 1}], [{"id": 1}]),
        ([], []),
        (["GBP"], [{"value": ["GBP"]}]),
        (7, [{"value": 7}]),
    ],
)
def test_the_records_of_an_answer_are_found_wherever_they_are(answer: object, records: list[object]) -> None:
    assert records_of(answer) == records
