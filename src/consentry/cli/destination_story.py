"""The demo's steps with a destination: rows are previewed, written, mended and repeated; the sandbox has them all."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from consentry.cli.holding import expect, wait_until
from consentry.cli.source_story import ENDED, RUN_PATIENCE_SECONDS, Ask, Row, ShownTable
from consentry.cli.stage import Stage

NAME: Final = "Contacts into Sales CRM"
TEMPLATE: Final = "upsert_person"
FILE: Final = "contacts.csv"
HEADING: Final = "Email,First name,Last name,Job title,Owner"
NEWCOMERS: Final = (
    "grace.lindqvist@example.com,Grace,Lindqvist,Head of purchasing,ada.marsh",
    "henry.abara@example.com,Henry,Abara,Engineer,Somebody Unknown",
)
JOB: Final = "Director of demonstrations"
_WRITING: Final = ("POST", "PUT", "DELETE")
_SEARCH: Final = "/filters/results"


class DestinationChapters:
    """What the steps with a destination leave for each other."""

    def __init__(self, stage: Stage, ask: Ask, credential_id: Callable[[], int]) -> None:
        self._stage = stage
        self._world = stage.sandbox.world
        self._ask = ask
        self._credential_id = credential_id
        self._id = self._run_id = 0
        self._changed: Row = {}
        self.tables: list[ShownTable] = []

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Return the steps in their order."""
        return [
            ("Add a destination, and preview the rows of a CSV file", self._preview),
            ("Write the rows, of which one is refused", self._write),
            ("Mend the refused row, and try only that again", self._mend),
            ("Write the whole file again, with no write at all", self._repeat),
            ("Keep the credential while a destination uses it", self._protect),
        ]

    def _preview(self) -> str:
        before, text = self._people(), self._csv()
        upload = self._ask("POST", f"/uploads?name={FILE}", content=text.encode())
        rows = {"file": upload["file"]}
        template = f"/credentials/{self._credential_id()}/templates/{TEMPLATE}"
        mapping = self._ask("POST", f"{template}/suggest", json={"rows": rows})["mapping"]
        expect(len(mapping) == len(HEADING.split(",")), f"only {', '.join(mapping)} were mapped by name")
        fields = {"name": NAME, "credential_id": self._credential_id(), "template": TEMPLATE, "rows": rows}
        self._id = self._ask("POST", "/destinations", json=fields | {"mapping": mapping})["id"]
        seen = self._ask("POST", f"/destinations/{self._id}/preview", json={})
        counts = _some(seen["counts"])
        expect(counts == {"created": 1, "changed": 1, "unchanged": 1, "refused": 1}, f"it counts {counts}")
        change = next(each for row in seen["rows"] for each in row["changes"] if row["outcome"] == "changed")
        expect(change["new"] == JOB, f"{change['field']} would become {change['new']}")
        expect(self._people() == before, "the preview has written something")
        self._show("The preview", seen["rows"])
        return f"1 new, 1 changed ({change['field']}: {change['old']} -> {change['new']}), 1 as it is, 1 refused"

    def _write(self) -> str:
        run = self._run(f"/destinations/{self._id}/run")
        counts = _some(run["rows"])
        expect(run["status"] == "partly_failed", f"the run {run['status']}")
        expect(counts == {"created": 1, "changed": 1, "unchanged": 1, "refused": 1}, f"it counts {counts}")
        self._run_id = run["id"]
        rows = self._ask("GET", f"/runs/{run['id']}/rows")
        self._show("What became of each row", rows)
        people = self._people()
        expect("grace.lindqvist@example.com" in people, "the sandbox doesn't have the new person")
        expect(people[self._changed["email"]]["jobTitle"] == JOB, "the sandbox doesn't have the change")
        expect("henry.abara@example.com" not in people, "the refused row was written")
        (refused,) = (row for row in rows if row["outcome"] == "refused")
        return f"{run['requests']} requests; refused is row {refused['row']}: {refused['errors'][0]['message']}"

    def _mend(self) -> str:
        (refused,) = self._ask("GET", f"/runs/{self._run_id}/rows?outcome=refused")
        mended = {"row": refused["row"], "values": refused["values"] | {"Owner": "Ben Okafor"}}
        run = self._run(f"/runs/{self._run_id}/retry", {"rows": [mended]})
        counts = _some(run["rows"])
        expect((run["status"], counts) == ("succeeded", {"created": 1}), f"it {run['status']} with {counts}")
        person = self._people()["henry.abara@example.com"]
        expect(person["owner"]["username"] == "ben.okafor", "the sandbox has another owner")
        return "one row, one record, with the owner that was mended"

    def _repeat(self) -> str:
        text = self._csv().replace("Somebody Unknown", "Ben Okafor")
        upload = self._ask("POST", f"/uploads?name={FILE}", content=text.encode())
        before = self._people()
        self._world.journal.forget()
        run = self._run(f"/destinations/{self._id}/run", {"rows": {"file": upload["file"]}})
        expect(_some(run["rows"]) == {"unchanged": 4}, f"it counts {_some(run['rows'])}")
        writes = [
            each.path
            for each in self._world.journal.recent()
            if each.method in _WRITING and "/api/" in each.path and not each.path.endswith(_SEARCH)
        ]
        expect(not writes, f"it wrote to {', '.join(writes)}")
        expect(self._people() == before, "something has changed in the sandbox")
        return f"4 rows are as they should be, {run['requests']} requests, none of which writes"

    def _protect(self) -> str:
        answer = self._stage.http.delete(f"/api/v1/credentials/{self._credential_id()}")
        expect(answer.status_code == 409, f"the credential's deletion was answered with {answer.status_code}")
        self._ask_nothing("DELETE", f"/destinations/{self._id}")
        return "the credential could not be deleted before the destination was"

    # --- on the way

    def _csv(self) -> str:
        """Return two people as the sandbox has them, one of them with another job, and two newcomers."""
        known = list(self._people().items())[:2]
        (email, person), (changed_email, changed) = known
        self._changed = {"email": changed_email}
        lines = [HEADING, _line(email, person, person.get("jobTitle")), _line(changed_email, changed, JOB), *NEWCOMERS]
        return "\n".join(lines) + "\n"

    def _people(self) -> dict[str, Row]:
        """Return the sandbox's people by their first e-mail address, where nobody else has it."""
        parties = [record.decode() for record in self._world.crm()["parties"].all()]
        held = Counter(each["address"] for party in parties for each in party.get("emailAddresses", ()))
        return {
            party["emailAddresses"][0]["address"]: party
            for party in parties
            if party["type"] == "person"
            and party.get("emailAddresses")
            and held[party["emailAddresses"][0]["address"]] == 1
            and party.get("firstName")
            and party.get("lastName")
        }

    def _run(self, path: str, fields: Row | None = None) -> Row:
        number = self._ask("POST", path, json=fields or {})["run_id"]
        seen: dict[str, Row] = {}

        def has_ended() -> bool:
            seen["run"] = self._ask("GET", f"/runs/{number}")
            return seen["run"]["status"] in ENDED

        wait_until(has_ended, "the run doesn't end", patience=RUN_PATIENCE_SECONDS)
        return seen["run"]

    def _ask_nothing(self, method: str, path: str) -> None:
        answer = self._stage.http.request(method, f"/api/v1{path}")
        expect(answer.status_code == 204, f"{method} {path} answered {answer.status_code}")

    def _show(self, name: str, rows: list[dict[str, Any]]) -> None:
        self.tables = [ShownTable(name=name, count=len(rows), rows=[_shown(row) for row in rows])]


def _line(email: str, person: Row, job: str | None) -> str:
    return f"{email},{person['firstName']},{person['lastName']},{job or ''},"


def _some(counts: Row) -> dict[str, int]:
    """Return the outcomes that there are."""
    return {name: number for name, number in counts.items() if number}


def _shown(row: dict[str, Any]) -> Row:
    changes = [f"{each['field']}: {_value(each['old'])} -> {_value(each['new'])}" for each in row["changes"]]
    return {
        "row": row["row"],
        "key": row["key"],
        "outcome": row["outcome"],
        "record": row["record_id"],
        "what": "; ".join([*(each["message"] for each in row["errors"]), *changes]),
    }


def _value(value: object) -> str:
    return "-" if value is None else str(value)
