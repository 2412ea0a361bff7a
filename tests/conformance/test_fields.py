"""What streams declare of their records: sound in itself, true of the samples, and all that is known of a provider."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from consentry.connectors import Catalogue, Connector, Field, Stream
from ground.declared import complaints

CONNECTORS = Catalogue.load().list()
STREAMS = [(connector, stream) for connector in CONNECTORS for stream in connector.streams]
FACTS: Final = Path(__file__).parent / "facts"
KINDS: Final = {
    "whole": {"integer"},
    "number": {"decimal", "double"},
    "flag": {"boolean"},
    "text": {"text"},
    "moment": {"timestamp"},
    "day": {"date"},
    "time": {"time"},
    "one": {"object", "json"},
    "many": {"list"},
    "unsettled": {"json"},
}

every_stream = pytest.mark.parametrize(
    ("connector", "stream"), STREAMS, ids=[f"{connector.name}-{stream.name}" for connector, stream in STREAMS]
)


def told() -> list[Any]:
    """Return what is known of each provider's lists."""
    return [
        pytest.param(connector, fact, id=f"{connector.name}{fact['path']}")
        for connector in CONNECTORS
        if (FACTS / f"{connector.name}.json").is_file()
        for fact in json.loads((FACTS / f"{connector.name}.json").read_text())
    ]


def columns(fields: Sequence[Field], prefix: str = "") -> Iterator[str]:
    """Yield the columns and child tables that the fields become."""
    for field in fields:
        name = prefix + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field.name).lower()
        if field.kind == "object":
            yield from columns(field.members, f"{name}_")
        else:
            yield name
        if field.kind == "list":
            assert len(set(columns(field.members))) == len(list(columns(field.members))), field.name


def levels(fields: Sequence[Field]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from levels(field.members)


@every_stream
def test_every_field_is_declared_soundly(connector: Connector, stream: Stream) -> None:
    assert stream.fields, "a stream without fields has no typed table"
    for field in levels(stream.fields):
        assert bool(field.members) == (field.kind in ("object", "list")), field.name
        assert field.meaning == "" or field.meaning.endswith("."), field.name
        assert len({member.name for member in field.members}) == len(field.members), field.name


@every_stream
def test_no_two_fields_become_one_column(connector: Connector, stream: Stream) -> None:
    found = list(columns(stream.fields))
    assert sorted(set(found)) == sorted(found)


@every_stream
def test_keys_and_parents_are_declared(connector: Connector, stream: Stream) -> None:
    scalars = {field.name for field in stream.fields if field.kind in ("integer", "text")}
    assert set(stream.primary_key) <= scalars
    assert stream.parent_field is None or stream.parent_field in scalars


@every_stream
def test_custom_fields_are_defined_by_a_stream(connector: Connector, stream: Stream) -> None:
    has_values = "fields" in {field.name for field in stream.fields}
    assert has_values == (stream.definitions is not None)
    assert stream.definitions is None or connector.stream(stream.definitions) is not None


@every_stream
def test_deletions_are_told_in_lists_that_have_names(connector: Connector, stream: Stream) -> None:
    assert bool(stream.deleted_keys) == (stream.deleted_path is not None)
    assert stream.deleted_path is None or stream.deleted_keys[0] == stream.records_key
    assert 0 <= stream.by_ids <= 100


@every_stream
def test_what_a_stream_costs_is_one_or_two_short_sentences(connector: Connector, stream: Stream) -> None:
    assert stream.cost.endswith(".")
    assert len(stream.cost) <= 120
    assert "request" in stream.cost


@every_stream
def test_the_sample_holds_nothing_undeclared_and_nothing_of_another_kind(connector: Connector, stream: Stream) -> None:
    found = json.loads((connector.samples / f"{stream.name}.json").read_text())[stream.records_key]
    for record in [found] if stream.single else found:
        assert list(complaints(stream.fields, record)) == []


@pytest.mark.parametrize(("connector", "fact"), told())
def test_every_list_of_the_provider_has_a_stream_that_reads_it_as_it_is_known(
    connector: Connector, fact: dict[str, Any]
) -> None:
    stream = stream_at(connector, fact["path"])
    assert stream.records_key == fact["key"]
    assert stream.paginated == fact["paged"]
    assert fact["since"] in ("unsettled", stream.changed_since)
    assert (stream.deleted_path is not None) == fact["deleted"]


@pytest.mark.parametrize(("connector", "fact"), told())
def test_every_field_that_is_known_of_the_provider_is_declared_with_a_fitting_kind(
    connector: Connector, fact: dict[str, Any]
) -> None:
    fields = {field.name: field for field in stream_at(connector, fact["path"]).fields}
    check(fields, fact["fields"])
    for name, items in fact.get("lists", {}).items():
        check({member.name: member for member in fields[name].members}, items)


def check(fields: dict[str, Field], words: str) -> None:
    for name, kind in (word.split(":") for word in words.split()):
        assert name in fields, f"{name} is not declared"
        assert fields[name].kind in KINDS[kind], f"{name} is declared as {fields[name].kind}, known as {kind}"


def stream_at(connector: Connector, path: str) -> Stream:
    whole = f"/{connector.api_prefix.rstrip('/')}{path}"
    found = [stream for stream in connector.streams if stream.path == whole]
    assert len(found) == 1, f"{len(found)} streams read {path}"
    return found[0]


def test_facts_are_kept_of_a_connector_only() -> None:
    assert {path.stem for path in FACTS.glob("*.json")} <= {connector.name for connector in CONNECTORS}
