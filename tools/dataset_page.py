"""The tables that each connector's streams fill, as docs/reference/dataset.md lists and draws them."""

from collections.abc import Iterator
from typing import Final

from consentry.connectors import Catalogue, Connector, Field, Stream
from consentry.flows.shape.names import snake

REFERS: Final = {
    "owner": "users",
    "user": "users",
    "creator": "users",
    "team": "teams",
    "party": "parties",
    "organisation": "parties",
    "employer": "parties",
    "opportunity": "opportunities",
    "kase": "projects",
    "milestone": "milestones",
    "lastOpenMilestone": "milestones",
    "lostReason": "lost_reasons",
    "pipeline": "pipelines",
    "board": "boards",
    "stage": "stages",
    "category": "categories",
    "activityType": "activity_types",
    "goal": "goals",
    "nextTask": "tasks",
}
"""Which stream's record a member names; a member ``ownerId`` does as ``owner`` does."""
TYPES: Final = {
    "integer": "BIGINT",
    "decimal": "DECIMAL(38,9)",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "text": "TEXT",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
    "time": "TIME",
    "json": "TEXT, JSON unless it came as a text",
}


def write_datasets() -> str:
    """Return a drawing of the tables and a list of their columns, for every connector."""
    return "\n\n".join(_connector(each) for each in Catalogue.load().list())


def _connector(connector: Connector) -> str:
    tables = "\n\n".join(_stream(stream) for stream in connector.streams)
    return f"## {connector.title}\n\n{_drawing(connector)}\n\n{tables}"


def _drawing(connector: Connector) -> str:
    """Return the diagram in Mermaid's language: what names what, and which lists hang on what."""
    names = {stream.name for stream in connector.streams}
    lines: dict[str, None] = {}
    for stream in connector.streams:
        for member, target in _references(stream):
            if target in names:
                lines[f"    {target} |o--o{{ {stream.name} : {snake(member)}_id"] = None
        for name, _ in _lists(stream.name, stream.fields):
            lines[f"    {stream.name} ||--o{{ {name} : _parent_id"] = None
    return "```mermaid\nerDiagram\n" + "\n".join(lines) + "\n```"


def _references(stream: Stream) -> Iterator[tuple[str, str]]:
    for field in stream.fields:
        if field.kind == "object" and any(member.name == "id" for member in field.members):
            if field.name in REFERS:
                yield field.name, REFERS[field.name]
        elif field.kind == "integer" and field.name.endswith("Id") and field.name.removesuffix("Id") in REFERS:
            yield field.name.removesuffix("Id"), REFERS[field.name.removesuffix("Id")]


def _stream(stream: Stream) -> str:
    key = " and ".join(f"`{snake(name)}`" for name in stream.primary_key)
    parts = [f"### {stream.name}\n\n{stream.meaning} The key is {key}.\n\n{_columns(stream.fields)}"]
    for name, members in _lists(stream.name, stream.fields):
        parts.append(f"**`{name}`**, one row for each item of the list\n\n{_columns(members, in_list=True)}")
    if stream.definitions is not None:
        parts.append(f"**`{stream.name}_wide`**, a view: the columns above and one for each of `{stream.definitions}`.")
    return "\n\n".join(parts)


def _columns(fields: tuple[Field, ...], *, in_list: bool = False) -> str:
    rows = [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in _flat(fields, in_list=in_list)]
    return "\n".join(["| column | type | meaning |", "|---|---|---|", *rows])


def _flat(
    fields: tuple[Field, ...], prefix: str = "", meaning: str = "", *, in_list: bool
) -> Iterator[tuple[str, str, str]]:
    for field in fields:
        name, said = prefix + snake(field.name), field.meaning or meaning
        if field.kind == "object":
            yield from _flat(field.members, name + "_", said, in_list=in_list)
        elif field.kind != "list":
            yield name, TYPES[field.kind], said
        elif in_list:
            yield name, "TEXT, a list as JSON", said


def _lists(table: str, fields: tuple[Field, ...], prefix: str = "") -> Iterator[tuple[str, tuple[Field, ...]]]:
    for field in fields:
        if field.kind == "list":
            yield f"{table}__{prefix}{snake(field.name)}", field.members
        elif field.kind == "object":
            yield from _lists(table, field.members, f"{prefix}{snake(field.name)}_")
