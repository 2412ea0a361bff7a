"""Rows out of records: what a destination would be given to make a record as it is."""

from typing import Any

from consentry.connectors import CUSTOM, Record, Template


def row_of(template: Template, record: Record) -> dict[str, Any]:
    """Return the row that says what a record holds: references by id, tags and custom fields by name."""
    row: dict[str, Any] = {}
    for field in template.fields:
        value: Any = record
        for part in field.name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, dict):
            value = value["id"]
        elif isinstance(value, list):
            plain = field.kind == "tags"
            value = [each["name"] if plain else {part: each.get(part) for part in field.parts} for each in value]
        if value not in (None, []):
            row[field.name] = value
    if template.custom_fields is not None:
        row |= {f"{CUSTOM}{each['definition']['name']}": each["value"] for each in record.get("fields") or ()}
    return row
