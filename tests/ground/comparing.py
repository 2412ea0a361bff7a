"""Two datasets of two accounts, one a copy of the other, compared column by column."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg
from psycopg.rows import dict_row

from consentry.flows.model import Source
from ground.copying import HEIR, ORIGIN

Row = dict[str, Any]

_OURS: Final = "a mark of Consentry's, not of the account"
_STAMP: Final = "a timestamp that Capsule sets; the API takes none"
_SETTING: Final = "an id of a setting of the account, such as a user's; the setting's name is compared"
_NUMBER: Final = "an id that Capsule gives"
_READ_ONLY: Final = "read-only in the API"
_FIXED_PICTURE: Final = "read-only in the API, the same default for everybody"

_MARKS: Final = dict.fromkeys(("_key", "_hash", "_synced_at", "_deleted_at"), _OURS)
_TIMES: Final = {"created_at": _STAMP, "updated_at": _STAMP}
_OWNER: Final = {
    "owner_id": _SETTING,
    "owner_username": "users sign in by another name in each account; the name of the owner is compared",
    "owner_picture_url": _FIXED_PICTURE,
}
_HELD: Final = {**_MARKS, **_TIMES, **_OWNER, "last_contacted_at": _STAMP, "team_id": _SETTING}
_PARTY: Final = {"party_picture_url": _FIXED_PICTURE}
_CONTACT: Final = {**_HELD, "picture_url": _FIXED_PICTURE, "organisation_picture_url": _FIXED_PICTURE}
_DEAL: Final = {
    **_HELD,
    **_PARTY,
    "lost_reason_id": _SETTING,
    "last_open_milestone_id": _SETTING,
    "last_open_milestone_name": _READ_ONLY,
    "last_stage_changed_at": _STAMP,
}
_PROJECT: Final = {
    **_HELD,
    **_PARTY,
    "closed_on": f"{_READ_ONLY} of projects: the day on which the status was set to CLOSED",
}
_MARK: Final = {"copied_from": "the custom field that the copy is known by; the first account has none"}
_ITEM: Final = {"id": _NUMBER}
_TAG: Final = {"id": _SETTING}
_VALUE: Final = {"id": _NUMBER, "definition_id": _SETTING, "tag_id": _SETTING}
_UNKNOWN: Final = "nobody has documented whether it can be written, and no template takes it"

LEFT_OUT: Final[Mapping[str, Mapping[str, str]]] = {
    "parties": _CONTACT,
    "parties_wide": {name: why for name, why in {**_CONTACT, **_MARK}.items() if name not in ("_key", "_hash")},
    **{f"parties__{name}": _ITEM for name in ("addresses", "phone_numbers", "websites", "email_addresses")},
    "opportunities": _DEAL,
    "opportunities_wide": {name: why for name, why in {**_DEAL, **_MARK}.items() if name not in ("_key", "_hash")},
    "projects": _PROJECT,
    "projects_wide": {name: why for name, why in {**_PROJECT, **_MARK}.items() if name not in ("_key", "_hash")},
    **{f"{name}__tags": _TAG for name in ("parties", "opportunities", "projects")},
    **{f"{name}__fields": _VALUE for name in ("parties", "opportunities", "projects")},
    "opportunity_parties": _CONTACT,
    "project_parties": _CONTACT,
    "tasks": {
        **_MARKS,
        **_TIMES,
        **_OWNER,
        **_PARTY,
        "id": _NUMBER,
        "category_id": _SETTING,
        "completed_by": f"{_READ_ONLY}: the user who completed it there",
        **{f"repeat_{name}": _UNKNOWN for name in ("interval", "frequency", "on")},
    },
    "entries": {
        **_MARKS,
        **_TIMES,
        **_PARTY,
        "id": _NUMBER,
        "activity_type_id": _SETTING,
        **{f"creator_{name}": _UNKNOWN for name in ("id", "username", "name", "deleted", "picture_url")},
    },
}
"""Columns that aren't compared, by table, each with the reason."""
ROWS_LEFT_OUT: Final = {
    "tasks": ("status <> 'PENDING'", "tasks that a track holds back can't be made: PENDING belongs to tracks"),
    "entries": ("type = 'note'", "only notes can be made; Capsule writes e-mails and completed tasks itself"),
}
"""Rows that aren't compared: those that don't meet the condition, with the reason."""
_OTHERS_LISTS: Final = "lists of the contacts, which are compared where they stand: at the parties"
_OF_MAIL: Final = f"of e-mails only, and {_READ_ONLY}"
_SETTINGS: Final = "settings that an administrator makes; the empty account has its own"
TABLES_LEFT_OUT: Final[Mapping[str, str]] = {
    **{
        f"{table}__{name}": _OTHERS_LISTS
        for table in ("opportunity_parties", "project_parties")
        for name in ("addresses", "phone_numbers", "websites", "email_addresses")
    },
    "entries__attachments": "a dataset tells about files, and doesn't hold them",
    "entries__parties": _OF_MAIL,
    "entries__participants": _OF_MAIL,
    "milestones": _SETTINGS,
    "stages": _SETTINGS,
    **{f"{each}_field_definitions": _SETTINGS for each in ("party", "opportunity", "project")},
    **{f"{each}_field_definitions__options": _SETTINGS for each in ("party", "opportunity", "project")},
}
"""Tables that aren't compared, each with the reason."""
_RECORDS: Final = ("parties", "opportunities", "projects")
_REFERENCES: Final = {
    "party_id": "parties",
    "organisation_id": "parties",
    "opportunity_id": "opportunities",
    "kase_id": "projects",
}
_PLACES: Final = {"milestone_id": ("milestones", "pipeline_name"), "stage_id": ("stages", "board_name")}
"""Settings whose names come twice, and what tells them apart."""
_SHOWN: Final = 3
Meanings = Mapping[str, Mapping[int, Any]]
"""What ids mean in either account, by what they are ids of."""


def differences(first: Source, second: Source, home: Path) -> dict[str, Any]:
    """Return by table some rows that only one of two datasets has; records are known by the ids of the originals."""
    there: Meanings = _places(first, home)
    here: dict[str, Mapping[int, Any]] = {**_places(second, home), **_originals(second, home)}
    found: dict[str, Any] = {}
    for table in sorted(_compared(first, home) | _compared(second, home)):
        left, right = _said(read(first, home, table), table, there), _said(read(second, home, table), table, here)
        assert left, f"there is nothing to compare in {table}"
        if left != right:
            found[table] = {"first": _some(left - right), "second": _some(right - left)}
    return found


def _compared(source: Source, home: Path) -> set[str]:
    asked = f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{source.dataset}'"
    names = {str(row["table_name"]) for row in ask(source, home, asked)}
    tables = {name for name in names if not name.startswith("_")} - TABLES_LEFT_OUT.keys()
    assert tables == set(LEFT_OUT), "a table of which nobody said whether it is compared"
    return tables


def _places(source: Source, home: Path) -> dict[str, dict[int, str]]:
    return {
        column: {row["id"]: f"{row[holder]} / {row['name']}" for row in ask(source, home, _select(source, table))}
        for column, (table, holder) in _PLACES.items()
    }


def _originals(copy: Source, home: Path) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = {}
    for table in _RECORDS:
        rows = ask(copy, home, f"{_select(copy, f'{table}_wide')} WHERE _deleted_at IS NULL")
        found[table] = {int(row["id"]): int(row["copied_from"]) for row in rows}
        assert len(set(found[table].values())) == len(rows), "a record was copied twice"
    return found


def _select(source: Source, table: str) -> str:
    return f"SELECT * FROM {source.dataset}.{table}"


def read(source: Source, home: Path, table: str) -> list[Row]:
    """Return the live rows of a table, and of them those that can be compared."""
    if "__" in table:
        parent = table.partition("__")[0]
        condition = f"_parent_id IN (SELECT id FROM {source.dataset}.{parent} WHERE _deleted_at IS NULL)"
    else:
        condition = "_deleted_at IS NULL"
    only, _ = ROWS_LEFT_OUT.get(table, ("true", ""))
    return ask(source, home, f"{_select(source, table)} WHERE {condition} AND {only}")


def _said(rows: Sequence[Row], table: str, meanings: Meanings) -> Counter[tuple[str, ...]]:
    """Return what the rows say, without what isn't compared; how often each is there."""
    kept = [row for row in rows if row.get("definition_name") != ORIGIN]
    for row in kept:
        if row.get("owner_deleted"):  # who left can't be given records
            row |= {"owner_name": HEIR, "owner_deleted": False}
        for name, kind in _columns_of(table).items():
            if kind in meanings and row.get(name) is not None:
                row[name] = meanings[kind][row[name]]
        row |= {name: None for name, value in row.items() if value == ""}  # an empty text says nothing, and isn't sent
    unsaid = LEFT_OUT[table].keys() - _MARK.keys()
    assert not rows or unsaid <= rows[0].keys(), f"{table} has no {sorted(unsaid - rows[0].keys())}"
    return Counter(
        tuple(f"{name}={row[name]!r}" for name in sorted(row.keys() - LEFT_OUT[table].keys())) for row in kept
    )


def _columns_of(table: str) -> dict[str, str]:
    """Return the columns of a table that hold ids with a meaning, and of what they are ids."""
    own = table.removesuffix("_wide")
    if "__" in own:
        return {"_parent_id": own.partition("__")[0]}
    about = "parties" if own.endswith("_parties") else own
    return {**_REFERENCES, **{name: name for name in _PLACES}, "id": about}


def _some(rows: Counter[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return sorted(rows)[:_SHOWN]


def ask(source: Source, home: Path, sql: str) -> list[Row]:
    """Return what a query gives, by the warehouse's own tools."""
    if source.warehouse.kind == "postgres":
        with psycopg.connect(source.warehouse.url or "", row_factory=dict_row) as connection:
            return connection.execute(sql.encode()).fetchall()
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        found = connection.execute(sql)
        names = [name for name, *_ in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
