"""The demo's steps with a source: a dataset is filled, kept up to date, and held against the sandbox row by row."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from consentry.cli.holding import expect, wait_until
from consentry.cli.stage import PATIENCE_SECONDS, Stage
from consentry.connectors import Catalogue, Stream
from consentry.sandbox import STANDS_IN_FOR

RUN_PATIENCE_SECONDS: Final = 120.0
NAME: Final = "Sales CRM to warehouse"
SCHEMA: Final = "sales_crm_to_warehouse"
SHOWN: Final = ("parties", "parties__email_addresses", "opportunities", "tasks")
SHOWN_ROWS: Final = 3
ENDED: Final = ("succeeded", "partly_failed", "failed", "cancelled")

_READING_PROGRAM: Final = """
import json, sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as warehouse:
    warehouse.execute("SET TimeZone = 'UTC'")
    names = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY table_name"
    tables = {}
    for (name,) in warehouse.execute(names, [sys.argv[2]]).fetchall():
        if not name.startswith("_"):
            rows = warehouse.execute(f'SELECT CAST(to_json(each) AS VARCHAR) FROM "{sys.argv[2]}"."{name}" AS each')
            tables[name] = [json.loads(row) for (row,) in rows.fetchall()]
print(json.dumps(tables))
"""
_ARROW_PROGRAM: Final = """
import sys, consentry
with consentry.open() as hub:
    table = hub.credential(int(sys.argv[1])).stream("parties").arrow()
print(table.num_rows, table.schema.field("created_at").type)
"""

Row = Mapping[str, Any]
Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTable:
    """One table of the dataset, as the demo's report shows it."""

    name: str
    count: int
    rows: list[Row]


class SourceChapters:
    """What the steps with a source leave for each other."""

    def __init__(self, stage: Stage, ask: Ask, credential_id: Callable[[], int]) -> None:
        self._stage = stage
        self._crm = stage.sandbox.world.crm
        self._ask = ask
        self._credential_id = credential_id
        self._id = 0
        self.tables: list[ShownTable] = []

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Return the steps in their order."""
        return [
            ("Add a source, and run it into DuckDB", self._fill),
            ("Hold every row against the sandbox", self._compare),
            ("Change, add and delete records there, and run again", self._keep_up),
            ("Run once more with nothing new", self._rest),
            ("Read a stream as an Arrow table", self._read_arrow),
            ("Keep the credential while a source uses it", self._protect),
        ]

    def _fill(self) -> str:
        fields = {"name": NAME, "credential_id": self._credential_id(), "streams": "all"}
        self._id = self._ask("POST", "/sources", json=fields)["id"]
        run = self._run()
        new = sum(each["new"] for each in run["streams"])
        expect(new > 0, "it brought nothing")
        return f"{new} records of {len(run['streams'])} streams, in {run['requests']} requests"

    def _compare(self) -> str:
        dataset = self._read_dataset()
        compared = 0
        for stream in Catalogue.load().get(STANDS_IN_FOR).streams:
            kept = self._kept_by_the_sandbox(stream)
            if kept is not None:
                rows = [row for row in dataset[stream.name] if row["_deleted_at"] is None]
                _expect_equal(stream.name, kept, {int(row["id"]): row for row in rows})
                compared += len(rows)
        expect(compared > len(self._crm()["parties"]), f"only {compared} rows could be held against the sandbox")
        self._show(dataset)
        return f"{compared} rows in {len(dataset)} tables and views are as the sandbox has the records"

    def _keep_up(self) -> str:
        parties, at = self._crm()["parties"], _moment(datetime.now(UTC) + timedelta(seconds=1))
        changed, deleted = (record.id for record in parties.all()[:2])
        added = max(record.id for record in parties.all()) + 1
        parties.change(changed, {"about": "Wants a quote in writing."}, at=at)
        parties.remove(deleted, at=at)
        plain = {"id": added, "type": "organisation", "name": "Seen by the demo", "createdAt": at, "updatedAt": at}
        parties.add({**parties.all()[0].decode(), **plain})
        told = next(each for each in self._run()["streams"] if each["name"] == "parties")
        counts = {name: told[name] for name in ("new", "changed", "deleted")}
        expect(counts == {"new": 1, "changed": 1, "deleted": 1}, f"the run counted {counts}")
        self._compare()
        row = next(row for row in self._read_dataset()["parties"] if int(row["id"]) == deleted)
        expect(row["_deleted_at"] is not None, "the deleted party isn't marked")
        return "one new, one changed, one deleted; the rows are equal again, and the deleted one is marked"

    def _rest(self) -> str:
        run = self._run()
        moved = [each["name"] for each in run["streams"] if each["new"] or each["changed"] or each["deleted"]]
        expect(not moved, f"something moved in {', '.join(moved)}")
        return f"nothing new, nothing lost, {run['requests']} requests for {len(run['streams'])} streams"

    def _read_arrow(self) -> str:
        program = self._stage.program(_ARROW_PROGRAM, str(self._credential_id()))
        printed, _ = program.communicate(timeout=PATIENCE_SECONDS)
        number, _, kind = printed.decode().strip().partition(" ")
        expect(number == str(len(self._crm()["parties"])), f"{number or 'no'} rows")
        expect(kind.startswith("timestamp"), f"created_at is of type {kind}")
        return f"{number} parties straight from the library, created_at is a {kind}"

    def _protect(self) -> str:
        refused = self._stage.http.delete(f"/api/v1/credentials/{self._credential_id()}")
        expect(refused.status_code == 409, f"deleting the credential answered {refused.status_code}")
        gone = self._stage.http.delete(f"/api/v1/sources/{self._id}")
        expect(gone.status_code == 204, f"deleting the source answered {gone.status_code}")
        expect(self._read_dataset()["parties"], "the dataset went with the source")
        return "deleting it was refused; the source is gone now, and its dataset stays"

    # --- on the way

    def _run(self) -> dict[str, Any]:
        run_id = self._ask("POST", f"/sources/{self._id}/run")["run_id"]
        found: dict[str, Any] = {}

        def has_ended() -> bool:
            found.update(self._ask("GET", f"/runs/{run_id}"))
            return found["status"] in ENDED

        wait_until(has_ended, "the run didn't come to an end", patience=RUN_PATIENCE_SECONDS)
        failed = [f"{each['name']}: {each['error']['message']}" for each in found["streams"] if each["error"]]
        words = "; ".join(failed) or (found["error"] or {}).get("message", "")
        expect(found["status"] == "succeeded", f"the run is {found['status']}: {words}")
        return found

    def _read_dataset(self) -> dict[str, list[Row]]:
        path = self._stage.home / "home" / "warehouse.duckdb"
        program = self._stage.program(_READING_PROGRAM, str(path), SCHEMA)
        printed, _ = program.communicate(timeout=PATIENCE_SECONDS)
        expect(program.returncode == 0, "the dataset can't be read")
        read: dict[str, list[Row]] = json.loads(printed)
        return read

    def _kept_by_the_sandbox(self, stream: Stream) -> dict[int, Row] | None:
        """Return the sandbox's own records of a stream, where it keeps them under the stream's path or name."""
        collections = self._crm().collections
        found = collections.get(stream.path.rpartition("/api/v2/")[2], collections.get(stream.name))
        if found is None:
            return None
        embedded = frozenset(stream.params.get("embed", "").split(","))
        return {record.id: json.loads(record.render(embedded)) for record in found.all()}

    def _show(self, dataset: Mapping[str, list[Row]]) -> None:
        self.tables = [
            ShownTable(name=name, count=len(rows), rows=rows[:SHOWN_ROWS] if name in SHOWN else [])
            for name, rows in dataset.items()
        ]


def _expect_equal(stream: str, kept: Mapping[int, Row], rows: Mapping[int, Row]) -> None:
    """Compare every plain member of every record with its column."""
    expect(kept.keys() == rows.keys(), f"{stream}: {len(rows)} rows for {len(kept)} records")
    for record_id, record in kept.items():
        for name, value in _flat(record).items():
            column = rows[record_id].get(name)
            expect(_same(value, column), f"{stream} {record_id}: {name} is {column!r}, and the sandbox has {value!r}")


def _flat(record: Row, prefix: str = "") -> dict[str, Any]:
    """Return the members of a record, and of the objects in it, by the names of their columns; lists are left out."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        column = prefix + re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        if isinstance(value, dict):
            flat |= _flat(value, column + "_")
        elif not isinstance(value, list):
            flat[column] = value
    return flat


def _same(value: object, column: object) -> bool:
    if isinstance(column, str) and not isinstance(value, str):  # a number as text, or something of no certain type
        return bool(json.loads(column) == value)
    if value is None or isinstance(value, bool) or column is None:
        return value is column
    if isinstance(value, int | float):
        return float(value) == float(str(column))
    return str(value) == str(column) or _as_moment(str(value)) == _as_moment(str(column)) != ""


def _as_moment(text: str) -> str:
    """Return a moment in one spelling, or nothing when it isn't one."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat()
    except ValueError:
        return ""


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
