"""What every connector that writes must hold to. Its samples are the records that are there already."""

import json
import re
from typing import Any

import msgspec
import pytest

from consentry.connectors import CUSTOM, Answer, Catalogue, Connector, Known, Record, Template, Wish, Writing
from consentry.errors import ReplyNotUnderstood
from ground.rows import row_of


def writing_of(connector: Connector) -> Writing:
    assert connector.writing is not None
    return connector.writing


CONNECTORS = [connector for connector in Catalogue.load().list() if connector.writing is not None]
TEMPLATES = [(connector, template) for connector in CONNECTORS for template in writing_of(connector).templates]
SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
TOUCHING = ("update", "upsert", "add_tags", "remove_tags", "set_fields")

every_connector = pytest.mark.parametrize("connector", CONNECTORS, ids=lambda connector: connector.name)
every_template = pytest.mark.parametrize(
    ("connector", "template"), TEMPLATES, ids=[f"{each.name}-{template.name}" for each, template in TEMPLATES]
)


def sampled(connector: Connector, name: str) -> list[Record]:
    """Return the sampled records of a stream."""
    stream = connector.stream(name)
    assert stream is not None, name
    found = json.loads((connector.samples / f"{name}.json").read_text())[stream.records_key]
    return [found] if stream.single else found


KNOWN: dict[str, Known] = {}


def known_of(connector: Connector) -> Known:
    """Return what a run would know, out of every sample."""
    if connector.name not in KNOWN:
        KNOWN[connector.name] = _known_of(connector)
    return KNOWN[connector.name]


def _known_of(connector: Connector) -> Known:
    return Known(records={stream.name: sampled(connector, stream.name) for stream in connector.streams})


def records_of(connector: Connector, template: Template) -> list[Record]:
    """Return the sampled records that a template is for."""
    every = sampled(connector, template.stream or "")
    return [each for each in every if all(each.get(name) == value for name, value in template.where.items())]


# --- values


def test_there_is_a_connector_that_writes() -> None:
    assert CONNECTORS


@every_connector
def test_templates_have_names_of_their_own(connector: Connector) -> None:
    templates = writing_of(connector).templates
    for texts in ([each.name for each in templates], [each.title for each in templates]):
        assert len(set(texts)) == len(texts)
    assert all(SNAKE.fullmatch(each.name) for each in templates)
    assert writing_of(connector).template("no such template") is None


@every_template
def test_a_template_says_what_it_does_and_to_what(connector: Connector, template: Template) -> None:
    assert template.title
    assert template.meaning.endswith(".")
    assert (template.stream is None) == (template.deed == "manual")
    if template.stream is not None:
        assert connector.stream(template.stream) is not None
        assert template.deed == "note" or records_of(connector, template), "no sample shows such a record"
    if template.deed in ("create", "note", "manual"):
        assert not template.matches, "every row makes a record of its own"
    else:
        assert template.matches, "nothing tells which record is meant"


@every_template
def test_a_template_s_fields_are_explained(connector: Connector, template: Template) -> None:
    names = [field.name for field in template.fields]
    assert len(set(names)) == len(names)
    for field in template.fields:
        assert field.title, field.name
        assert field.meaning.endswith("."), field.name
        assert not (field.values and field.choices), field.name
        assert not field.name.startswith(CUSTOM), "custom fields are read live"
        assert all(word == word.strip() != "" for word in field.synonyms), field.name
    titles = [field.title for field in template.fields]
    assert len(set(titles)) == len(titles)


@every_template
def test_choices_come_from_streams_that_hold_what_is_shown_and_sent(connector: Connector, template: Template) -> None:
    for field in template.fields:
        if field.choices is None:
            continue
        stream = connector.stream(field.choices.stream)
        assert stream is not None, field.name
        members = {each.name for each in stream.fields}
        assert {*field.choices.names, field.choices.sends} <= members, field.name
        assert field.choices.within is None or field.choices.within in members, field.name


@every_template
def test_what_identifies_and_what_is_needed_are_fields(connector: Connector, template: Template) -> None:
    names = {field.name for field in template.fields}
    for match in template.matches:
        assert match.title
        assert match.at_once >= 1
        if match.field == CUSTOM:
            assert template.custom_fields is not None
            assert template.match(f"{CUSTOM}anything") == match
        else:
            assert match.field in names
            assert template.match(match.field) == match
    assert all(set(group) <= names for group in template.one_of)


@every_template
def test_custom_fields_are_named_by_their_definitions(connector: Connector, template: Template) -> None:
    if template.custom_fields is None:
        return
    assert connector.stream(template.custom_fields) is not None
    read = writing_of(connector).custom_fields
    assert read is not None
    fields = read(template, known=known_of(connector))
    assert fields
    assert all(field.name.startswith(CUSTOM) and field.title and field.meaning.endswith(".") for field in fields)
    assert read(template, known=Known()) == ()


# --- plans


@every_template
def test_a_record_that_is_as_wanted_needs_nothing(connector: Connector, template: Template) -> None:
    if template.deed not in TOUCHING:
        return
    plan, known = writing_of(connector).plan, known_of(connector)
    for record in records_of(connector, template):
        row = row_of(template, record)
        if template.deed == "remove_tags":
            row["tags"] = ["a tag that nothing carries"]
        elif template.deed == "add_tags" and "tags" not in row:
            continue
        for wish in (Wish(), Wish(nested="replace"), Wish(clear_with_null=True)):
            planned = plan(template, row, record, wish=wish, known=known)
            assert planned.deed == "nothing", (planned.errors, planned.changes)
            assert planned.record_id == record["id"]
            assert planned.request is None


@every_template
def test_a_row_that_changes_nothing_it_names_needs_nothing(connector: Connector, template: Template) -> None:
    if template.deed not in TOUCHING:
        return
    plan, known = writing_of(connector).plan, known_of(connector)
    names = [field.name for field in template.fields if field.name not in ("id", "tags")]
    for record in records_of(connector, template):
        row = {**dict.fromkeys(names), **({"tags": ["none"]} if template.deed == "remove_tags" else {})}
        if template.deed != "add_tags":
            assert plan(template, row, record, wish=Wish(), known=known).deed == "nothing"


@every_template
def test_a_new_record_is_one_request_in_the_api(connector: Connector, template: Template) -> None:
    if template.deed not in ("create", "upsert", "note"):
        return
    for record in records_of(connector, template):
        row = row_of(template, record)
        row.pop("id", None)
        planned = writing_of(connector).plan(template, row, None, wish=Wish(), known=known_of(connector))
        assert planned.deed == "create", planned.errors
        assert planned.request is not None
        assert planned.request.method == "POST"
        assert planned.request.path.startswith(f"/{connector.api_prefix}")
        assert msgspec.json.decode(msgspec.json.encode(planned.request.body)) == planned.request.body


@every_template
def test_an_empty_row_is_refused_in_sentences_where_something_is_needed(
    connector: Connector, template: Template
) -> None:
    needed = any(field.required for field in template.fields) or template.one_of
    if not needed:
        return
    planned = writing_of(connector).plan(template, {}, None, wish=Wish(), known=known_of(connector))
    assert planned.deed == "refuse"
    assert planned.errors
    assert all(error.message[0].isupper() and error.message.endswith(".") for error in planned.errors)


@every_template
def test_a_choice_that_is_not_there_is_refused_with_what_there_is(connector: Connector, template: Template) -> None:
    if template.deed not in ("create", "upsert", "note"):
        return
    known = known_of(connector)
    for field in (field for field in template.fields if field.choices is not None):
        row: dict[str, Any] = {field.name: ["No such thing"] if field.repeats else "No such thing"}
        planned = writing_of(connector).plan(template, row, None, wish=Wish(), known=known)
        said = [error.message for error in planned.errors if error.field == field.name]
        assert said, field.name
        assert "No such thing" in said[0]
        assert planned.deed == "refuse"


@every_template
def test_a_record_is_deleted_once(connector: Connector, template: Template) -> None:
    if template.deed != "delete":
        return
    plan, known = writing_of(connector).plan, known_of(connector)
    for record in records_of(connector, template):
        planned = plan(template, {"id": record["id"]}, record, wish=Wish(), known=known)
        assert (planned.deed, planned.record_id) == ("delete", record["id"])
        assert planned.request is not None
        assert planned.request.method == "DELETE"
    assert plan(template, {"id": 1}, None, wish=Wish(), known=known).deed == "nothing"


# --- answers


@every_template
def test_a_refusal_without_words_is_one_all_the_same(connector: Connector, template: Template) -> None:
    refusal_of = writing_of(connector).refusal_of
    for body in (b"", b"null", b"[]", b"{}", b"<html>", b"\xff", b'{"errors": [5]}', b'{"errors": [{"message": 5}]}'):
        refusal = refusal_of(template, Answer(status=422, headers={}, body=body))
        assert len(refusal.errors) == 1
        assert "422" in refusal.errors[0].message


@every_template
def test_a_refusal_is_short_and_plain(connector: Connector, template: Template) -> None:
    nasty = json.dumps({"errors": [{"message": "<b>x</b>\r\n\x00" + "y" * 5000, "field": "<i>"}]}).encode()
    refusal = writing_of(connector).refusal_of(template, Answer(status=422, headers={}, body=nasty))
    for error in refusal.errors:
        assert error.field == "" or error.field in [field.name for field in template.fields]
        assert len(error.message) <= 250
        assert not set(error.message) & set("<>\r\n\x00")


@every_template
def test_an_answer_without_a_record_is_none_and_one_that_is_no_answer_is_said(
    connector: Connector, template: Template
) -> None:
    record_of = writing_of(connector).record_of
    assert record_of(template, Answer(status=204, headers={}, body=b"")) is None
    for body in (b"<html>", b"[]", *([b"{}"] if template.stream is not None else [])):
        with pytest.raises(ReplyNotUnderstood):
            record_of(template, Answer(status=200, headers={}, body=body))
