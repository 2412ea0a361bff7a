import pytest

from consentry.connectors import Catalogue, Connector
from consentry.flows.manual import manual_stream, name_records
from consentry.flows.model import ManualRead


@pytest.fixture
def connector() -> Connector:
    return Catalogue.load().get("capsule")


def manual(path: str) -> ManualRead:
    return ManualRead(path=path, parameters={"embed": "tags"}, records_path="parties")


@pytest.mark.parametrize(
    ("path", "asked", "name"),
    [
        ("parties", "/api/v2/parties", "parties"),
        ("/api/v2/parties/", "/api/v2/parties", "parties"),
        ("parties/12/people", "/api/v2/parties/12/people", "people"),
        ("activityTypes?x=1", "/api/v2/activityTypes", "activity_types"),
        ("parties/12", "/api/v2/parties/12", "parties"),
        ("2024-goals", "/api/v2/2024-goals", "list_2024_goals"),
        ("", "/api/v2/", "list"),
    ],
)
def test_a_path_becomes_a_stream(connector: Connector, path: str, asked: str, name: str) -> None:
    stream = manual_stream(connector, manual(path))
    assert (stream.path, stream.name, dict(stream.params)) == (asked, name, {"embed": "tags"})


def test_records_are_known_by_their_id_or_by_all_that_they_are(connector: Connector) -> None:
    stream = manual_stream(connector, manual("parties"))
    with_id, one, same, other = name_records(stream, [{"id": 5}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2}])
    assert with_id["recordKey"] == "5"
    assert one["recordKey"] == same["recordKey"] != other["recordKey"]
