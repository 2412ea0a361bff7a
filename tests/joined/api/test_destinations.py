import asyncio
import csv
import io
from typing import Any

import httpx2
import pytest

from consentry import flows
from consentry.accounts import KeyScope
from consentry.app import App
from consentry.sandbox import RunningSandbox
from ground.consenting import ADA, connected
from ground.databases import ENGINES, Engine
from ground.serving import MakeClient

DESTINATIONS = "/api/v1/destinations"
RUNS = "/api/v1/runs"
UPLOADS = "/api/v1/uploads"
MAPPING = {"emailAddresses": {"column": "email"}, "lastName": {"column": "last"}, "owner": {"column": "owner"}}
ROWS = [
    {"email": "nora@example.com", "last": "Quist", "owner": "ada.marsh"},
    {"email": "olaf@example.com", "last": "=Ring", "owner": "Nobody Known"},
]
NEW: dict[str, Any] = {"name": "Contacts", "template": "upsert_person", "rows": {"inline": ROWS}, "mapping": MAPPING}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Use both: rows are paged, streamed and written here."""
    found: Engine = request.param
    return found


@pytest.fixture
async def credential_id(app: App, sandbox: RunningSandbox) -> int:
    return (await connected(app, sandbox)).id


async def create(admin: httpx2.AsyncClient, credential_id: int, **more: object) -> dict[str, Any]:
    answer = await admin.post(DESTINATIONS, json=NEW | {"credential_id": credential_id} | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def finish(app: App, client: httpx2.AsyncClient, begun: httpx2.Response) -> dict[str, Any]:
    """Work on a run that was queued, as the engine would, and return what the API says of it."""
    assert begun.status_code == 202, begun.text
    (claimed,) = await flows.claim(app.flows, 1, only=begun.json()["run_id"])
    await flows.work(app.flows, claimed)
    shown: dict[str, Any] = (await client.get(f"{RUNS}/{begun.json()['run_id']}")).json()
    return shown


def people(sandbox: RunningSandbox) -> dict[str, dict[str, Any]]:
    """Return the sandbox's people by e-mail address."""
    found = [record.decode() for record in sandbox.world.crm()["parties"].all()]
    return {each["address"]: party for party in found for each in party.get("emailAddresses", ())}


async def test_a_destination_is_shown_as_it_was_described(admin: httpx2.AsyncClient, credential_id: int) -> None:
    source = (await admin.post("/api/v1/sources", json={"name": "Sales", "credential_id": credential_id})).json()
    said: dict[str, Any] = {
        "match_on": "id",
        "mapping": {"id": {"column": "id"}, "jobTitle": {"value": "Buyer"}},
        "rows": {"table": "sales.parties", "source_id": source["id"]},
        "nested": "replace",
        "clear_with_null": True,
        "stop_after_refusals": 20,
        "keep_answers": True,
        "schedule": {"after_source": source["id"]},
    }
    made = await create(admin, credential_id, **said)
    assert made["mapping"] == {
        "id": {"column": "id", "value": None},
        "jobTitle": {"column": None, "value": "Buyer"},
    }
    assert made["rows"] == {**dict.fromkeys(("sql", "file", "inline")), **said["rows"]}
    for field in ("match_on", "nested", "clear_with_null", "stop_after_refusals", "keep_answers"):
        assert made[field] == said[field]
    assert (made["dataset"], made["schedule"]["after_source"], made["next_run_at"]) == ("contacts", source["id"], None)
    assert (made["connector"], made["is_active"], made["last_run"]) == ("capsule", True, None)
    assert (await admin.get(f"{DESTINATIONS}/{made['id']}")).json() == made
    assert (await admin.get(DESTINATIONS)).json() == [made]
    assert (await admin.get(DESTINATIONS, params={"name": " contacts "})).json() == [made]
    assert (await admin.get(DESTINATIONS, params={"name": "Other"})).json() == []


async def test_what_is_shown_can_be_sent_back(admin: httpx2.AsyncClient, credential_id: int) -> None:
    made = await create(admin, credential_id, schedule={"every": "15m"}, stop_after_refusals=3)
    fields = ("rows", "mapping", "nested", "match_on", "manual", "template", "name", "stop_after_refusals")
    rows = {name: value for name, value in made["rows"].items() if value is not None}
    answer = await admin.patch(
        f"{DESTINATIONS}/{made['id']}", json={name: made[name] for name in fields} | {"rows": rows}
    )
    assert answer.status_code == 200, answer.text
    assert {name for name in made if made[name] != answer.json()[name]} <= {"updated_at"}


async def test_what_isn_t_named_in_a_change_stays_and_null_takes_away(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id, schedule={"every": "15m"}, stop_after_refusals=3)
    path = f"{DESTINATIONS}/{made['id']}"
    changed = (await admin.patch(path, json={"nested": "replace", "name": None})).json()
    assert {name for name in made if made[name] != changed[name]} == {"nested", "updated_at"}
    freed = (await admin.patch(path, json={"schedule": None, "stop_after_refusals": None})).json()
    assert (freed["schedule"], freed["stop_after_refusals"], freed["next_run_at"]) == (None, None, None)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"credential_id": 999}, "credential_id"),  # nobody has it
        ({"template": "nonsense"}, "template"),
        ({"rows": {}}, "rows"),
        ({"rows": {"table": "a.b", "sql": "SELECT 1"}}, "rows"),  # one of them
        ({"rows": {"file": ""}}, "rows.file"),
        ({"rows": {"inline": [1]}}, "rows.inline.0"),
        ({"rows": {"inline": {"a": 1}}}, "rows.inline"),
        ({"rows": None}, "rows"),
        ({"mapping": {"owner": {}}}, "mapping.owner"),
        ({"mapping": {"owner": {"column": "a", "value": 1}}}, "mapping.owner"),
        ({"mapping": {"owner": {"column": ""}}}, "mapping.owner"),
        ({"mapping": {"owner": "a"}}, "mapping.owner"),
        ({"mapping": {"nonsense": {"column": "a"}, **MAPPING}}, "mapping.nonsense"),
        ({"mapping": {"lastName": {"column": "last"}}}, "mapping.emailAddresses"),  # records are found by it
        ({"match_on": "jobTitle"}, "match_on"),
        ({"nested": "merge"}, "nested"),
        ({"clear_with_null": "yes"}, "clear_with_null"),
        ({"stop_after_refusals": 0}, "stop_after_refusals"),
        ({"stop_after_refusals": 1.5}, "stop_after_refusals"),
        ({"manual": {"method": "POST", "path": "parties"}}, "manual"),  # of another template
        ({"template": "manual", "mapping": {}}, "manual"),
        ({"template": "manual", "mapping": {}, "manual": {"method": "GET", "path": "a"}}, "manual.method"),
        ({"template": "manual", "mapping": {}, "manual": {"method": "PUT", "path": "../x"}}, "manual.path"),
        ({"schedule": {"after_source": 999}}, "schedule.after_source"),
        ({"schedule": {"after_source": 1, "every": "15m"}}, "schedule"),
        ({"schedule": {"every": "soon"}}, "schedule.every"),
        ({"wrong": 1}, "wrong"),
    ],
)
async def test_what_a_destination_can_t_be_is_said_at_its_field(
    admin: httpx2.AsyncClient, credential_id: int, said: dict[str, Any], field: str
) -> None:
    answer = await admin.post(DESTINATIONS, json=NEW | {"credential_id": credential_id} | said)
    assert answer.status_code == 422, answer.text
    named = [wrong["field"] for wrong in answer.json()["errors"]]
    assert any(name == field or name.startswith(f"{field}.") for name in named), named
    assert (await admin.get(DESTINATIONS)).json() == []


async def test_a_credential_tells_who_uses_it_and_isn_t_deleted_while_it_is(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id)
    used = (await admin.get(f"/api/v1/credentials/{credential_id}")).json()["used_by"]
    assert used == {"sources": [], "destinations": [{"id": made["id"], "name": "Contacts"}]}
    assert (await admin.delete(f"/api/v1/credentials/{credential_id}")).json()["code"] == "in_use"
    twice = await admin.post(DESTINATIONS, json=NEW | {"credential_id": credential_id, "name": " CONTACTS "})
    assert (twice.status_code, twice.json()["code"]) == (409, "conflict")
    assert (await admin.delete(f"{DESTINATIONS}/{made['id']}")).status_code == 204
    assert (await admin.get(f"{DESTINATIONS}/{made['id']}")).status_code == 404


async def test_a_preview_says_what_a_run_would_do_and_writes_nothing(
    admin: httpx2.AsyncClient, credential_id: int, sandbox: RunningSandbox
) -> None:
    made = await create(admin, credential_id)
    before = people(sandbox)
    seen = (await admin.post(f"{DESTINATIONS}/{made['id']}/preview", json={"limit": 1})).json()
    assert (seen["total"], seen["looked_at"], len(seen["rows"])) == (2, 2, 1)
    assert {name: number for name, number in seen["counts"].items() if number} == {"created": 1, "refused": 1}
    assert (seen["rows"][0]["outcome"], seen["rows"][0]["record_id"]) == ("created", None)
    other = await admin.post(f"{DESTINATIONS}/{made['id']}/preview", json={"rows": {"inline": ROWS[:1] * 3}})
    assert other.json()["total"] == 3
    assert people(sandbox) == before


async def test_refused_rows_are_mended_and_only_they_are_tried_again(
    admin: httpx2.AsyncClient, app: App, credential_id: int, sandbox: RunningSandbox
) -> None:
    made = await create(admin, credential_id)
    run = await finish(app, admin, await admin.post(f"{DESTINATIONS}/{made['id']}/run"))
    assert (run["kind"], run["status"], run["flow_id"]) == ("destination", "partly_failed", made["id"])
    counts = dict.fromkeys(("changed", "unchanged", "failed", "deleted", "waiting"), 0)
    assert run["rows"] == counts | {"created": 1, "refused": 1}
    rows = f"{RUNS}/{run['id']}/rows"
    created, refused = (await admin.get(rows)).json()
    assert created["values"] == ROWS[0]
    assert created["record_id"] == people(sandbox)["nora@example.com"]["id"]
    assert (refused["outcome"], [each["field"] for each in refused["errors"]]) == ("refused", ["owner"])
    assert "Nobody Known" in refused["errors"][0]["message"]
    assert (await admin.get(rows, params={"outcome": "refused"})).json() == [refused]

    mended = {"rows": [{"row": 2, "values": ROWS[1] | {"owner": "Ada Marsh"}}]}
    again = await finish(app, admin, await admin.post(f"{RUNS}/{run['id']}/retry", json=mended))
    assert (again["status"], again["retry_of"], again["rows"]["created"]) == ("succeeded", run["id"], 1)
    assert people(sandbox)["olaf@example.com"]["owner"]["username"] == "ada.marsh"
    nothing = await admin.post(f"{RUNS}/{again['id']}/retry")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "conflict")
    last = (await admin.get(f"{DESTINATIONS}/{made['id']}")).json()["last_run"]
    assert last["id"] == again["id"]
    listed = (await admin.get(RUNS, params={"kind": "destination", "flow_id": made["id"]})).json()
    assert [each["id"] for each in listed] == [again["id"], run["id"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rows": [{"row": 1, "values": {}}]}, "rows"),  # it came through
        ({"rows": [{"row": 99, "values": {}}]}, "rows"),
        ({"rows": [{"row": 2, "values": {}}, {"row": 2, "values": {}}]}, "rows.1.row"),
        ({"rows": [{"row": 0, "values": {}}]}, "rows.0.row"),
        ({"rows": [{"row": "2", "values": {}}]}, "rows.0.row"),
        ({"rows": [{"row": 2}]}, "rows.0.values"),
        ({"rows": [{"row": 2, "values": []}]}, "rows.0.values"),
        ({"rows": 2}, "rows"),
        ({"row": 2}, "row"),
    ],
)
async def test_what_can_t_be_tried_again_is_said_at_its_field(
    admin: httpx2.AsyncClient, app: App, credential_id: int, body: dict[str, Any], field: str
) -> None:
    made = await create(admin, credential_id)
    run = await finish(app, admin, await admin.post(f"{DESTINATIONS}/{made['id']}/run"))
    answer = await admin.post(f"{RUNS}/{run['id']}/retry", json=body)
    assert answer.status_code == 422, answer.text
    assert [wrong["field"] for wrong in answer.json()["errors"]] == [field]


async def test_rows_come_in_pages_as_csv_and_as_json_lines(
    admin: httpx2.AsyncClient, app: App, credential_id: int
) -> None:
    made = await create(admin, credential_id)
    bad = [ROWS[1] | {"email": f"row{number}@example.com", "n": number} for number in range(60)]
    run = await finish(app, admin, await admin.post(f"{DESTINATIONS}/{made['id']}/run", json={"rows": {"inline": bad}}))
    assert (run["status"], run["rows"]["refused"], run["error"]["code"]) == ("failed", 60, "data_error")
    rows = f"{RUNS}/{run['id']}/rows"
    page = await admin.get(rows, params={"outcome": "refused", "page": 2})
    assert [row["row"] for row in page.json()] == list(range(51, 61))
    assert "link" not in page.headers
    first = await admin.get(rows, params={"outcome": "refused"})
    link = f"<{app.settings.public_url}{rows}?outcome=refused&page=2&per_page=50>"
    assert first.headers["link"] == f'{link}; rel="next"'

    by_accept = await admin.get(rows, headers={"Accept": "text/csv, application/json;q=0.5"})
    by_format = await admin.get(rows, params={"format": "csv"})
    assert by_accept.headers["content-type"] == by_format.headers["content-type"] == "text/csv; charset=utf-8"
    assert by_accept.text == by_format.text
    lines = list(csv.DictReader(io.StringIO(by_format.text)))
    assert list(lines[0]) == ["email", "last", "owner", "n", "row", "outcome", "record_id", "errors"]
    assert (len(lines), lines[0]["last"], lines[-1]["n"], lines[-1]["row"]) == (60, "'=Ring", "59", "60")
    assert (await admin.get(rows, headers={"Accept": "*/*"})).headers["content-type"] == "application/json"
    prefers = {"Accept": "text/csv;q=0.1, application/json"}
    assert (await admin.get(rows, headers=prefers)).headers["content-type"] == "application/json"
    as_lines = (await admin.get(rows, params={"format": "jsonl"})).text.splitlines()
    every = first.json() + page.json()
    assert [httpx2.Response(200, text=line).json() for line in as_lines] == every
    assert (await admin.get(rows, params={"format": "xml"})).status_code == 422
    assert (await admin.get(rows, params={"outcome": "nonsense"})).status_code == 422
    assert (await admin.get(f"{RUNS}/999/rows", params={"format": "csv"})).status_code == 404


async def test_a_source_s_run_has_no_rows(admin: httpx2.AsyncClient, credential_id: int) -> None:
    source = (await admin.post("/api/v1/sources", json={"name": "Sales", "credential_id": credential_id})).json()
    run_id = (await admin.post(f"/api/v1/sources/{source['id']}/run")).json()["run_id"]
    assert set((await admin.get(f"{RUNS}/{run_id}")).json()["rows"].values()) == {0}
    for form in ("json", "csv", "jsonl"):
        assert (await admin.get(f"{RUNS}/{run_id}/rows", params={"format": form})).status_code == 404
    assert (await admin.post(f"{RUNS}/{run_id}/retry")).status_code == 404


async def test_an_upload_is_taken_as_it_comes_and_its_rows_are_mapped_by_name(
    admin: httpx2.AsyncClient, app: App, credential_id: int, sandbox: RunningSandbox
) -> None:
    text = "\ufeffE-Mail;Surname;Job;Size\r\nnora@example.com;Quist;Buyer;3\r\n".encode()
    up = await admin.post(UPLOADS, params={"name": "c:\\my people.csv"}, content=text)
    assert up.status_code == 201, up.text
    assert (up.json()["name"], up.json()["size"], up.json()["file"]) == (
        "my people.csv",
        len(text),
        f"upload:{up.json()['id']}",
    )
    template = f"/api/v1/credentials/{credential_id}/templates/upsert_person"
    found = (await admin.post(f"{template}/suggest", json={"rows": {"file": up.json()["file"]}})).json()
    assert [each["name"] for each in found["columns"]] == ["E-Mail", "Surname", "Job", "Size"]
    mapping = {name: each["column"] for name, each in found["mapping"].items()}
    assert mapping == {"emailAddresses": "E-Mail", "lastName": "Surname", "jobTitle": "Job"}
    assert found["rows"] == [{"E-Mail": "nora@example.com", "Surname": "Quist", "Job": "Buyer", "Size": "3"}]

    made = await create(admin, credential_id, rows={"file": up.json()["file"]}, mapping=found["mapping"])
    trial = (await admin.post(f"{DESTINATIONS}/{made['id']}/test")).json()
    assert (trial["status"], trial["error"]) == ("success", None)
    (tried,) = trial["rows"]
    assert (tried["mapped"]["lastName"], tried["errors"]) == ("Quist", [])
    run = await finish(app, admin, await admin.post(f"{DESTINATIONS}/{made['id']}/run"))
    assert (run["status"], run["rows"]["created"]) == ("succeeded", 1)
    assert people(sandbox)["nora@example.com"]["jobTitle"] == "Buyer"


async def test_a_test_says_what_is_wrong_with_the_rows(admin: httpx2.AsyncClient, credential_id: int) -> None:
    made = await create(admin, credential_id, rows={"file": "upload:999"})
    trial = (await admin.post(f"{DESTINATIONS}/{made['id']}/test")).json()
    assert (trial["status"], trial["rows"], trial["error"]["code"]) == ("failed", [], "invalid_input")
    assert "upload" in trial["detail"]


@pytest.mark.parametrize(
    ("name", "content", "kind", "status", "reason"),
    [
        ("people.csv", b"", "", 422, "it is empty"),
        ("people.exe", b"a,b", "", 422, "no rows are read from such files"),
        ("", b"a,b", "", 422, "it has no name"),
        (None, b"a,b", "", 422, "it has no name at all"),
        ("people.csv", b"--x", "multipart/form-data; boundary=x", 415, "a form isn't a file"),
        ("people.csv", b'{"not": json', "application/json", 201, "nobody reads it yet"),
        ("people.csv", b"a=1", "application/x-www-form-urlencoded", 201, "curl says so of any data"),
    ],
)
async def test_what_is_no_upload_is_refused(
    admin: httpx2.AsyncClient, name: str | None, content: bytes, kind: str, status: int, reason: str
) -> None:
    params = {} if name is None else {"name": name}
    headers = {"Content-Type": kind} if kind else {}
    answer = await admin.post(UPLOADS, params=params, content=content, headers=headers)
    assert answer.status_code == status, reason


async def test_an_upload_that_says_it_is_too_large_isn_t_read(admin: httpx2.AsyncClient, address: str) -> None:
    head = {
        "Host": "here",
        "Authorization": admin.headers["Authorization"],
        "Content-Length": str(flows.LARGEST_UPLOAD + 1),
    }
    lines = ["POST /api/v1/uploads?name=a.csv HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    answered = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)
    writer.close()
    assert answered.split()[1] == b"413"


async def test_a_body_that_is_too_large_belongs_into_a_file(admin: httpx2.AsyncClient, credential_id: int) -> None:
    made = await create(admin, credential_id)
    rows = {"inline": [{"email": "x" * 1000}] * 1200}
    answer = await admin.post(f"{DESTINATIONS}/{made['id']}/run", json={"rows": rows})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    many: dict[str, Any] = {"inline": [{}] * (flows.MOST_INLINE + 1)}
    answer = await admin.post(f"{DESTINATIONS}/{made['id']}/run", json={"rows": many})
    assert [wrong["field"] for wrong in answer.json()["errors"]] == ["rows.inline"]
    text = await admin.post(DESTINATIONS, content=b"{}", headers={"Content-Type": "text/plain"})
    assert text.status_code == 415


async def test_a_destination_runs_once_at_a_time_and_is_cancelled(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id)
    path = f"{DESTINATIONS}/{made['id']}"
    run_id = (await admin.post(f"{path}/run", json={})).json()["run_id"]
    again = await admin.post(f"{path}/run")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert (await admin.patch(path, json={"name": "Other"})).status_code == 409
    assert (await admin.delete(path)).status_code == 409
    assert (await admin.post(f"{RUNS}/{run_id}/retry")).status_code == 409
    assert (await admin.post(f"{RUNS}/{run_id}/cancel")).json()["status"] == "cancelled"
    paused = (await admin.post(f"{path}/pause")).json()
    assert paused["is_active"] is False
    assert (await admin.post(f"{path}/activate")).json()["is_active"] is True


async def test_a_template_shows_its_fields_and_an_account_the_values_that_it_allows(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    shown = (await admin.get("/api/v1/connectors/capsule")).json()["templates"]
    upsert = next(each for each in shown if each["name"] == "upsert_person")
    assert (upsert["deed"], upsert["takes_custom_fields"]) == ("upsert", True)
    assert [each["field"] for each in upsert["matches"]] == ["emailAddresses", "id", "fields."]
    owner = next(each for each in upsert["fields"] if each["name"] == "owner")
    assert (owner["kind"], owner["chosen_from"]) == ("reference", "users")
    (listed,) = (await admin.get("/api/v1/connectors")).json()
    assert listed["templates"] == [each["name"] for each in shown]

    live = (await admin.get(f"/api/v1/credentials/{credential_id}/templates/upsert_person")).json()
    fields = {each["name"]: each for each in live["fields"]}
    assert {"value": "1101", "name": "Ada Marsh"} in fields["owner"]["allowed"]
    assert "Manufacturing" in [each["name"] for each in fields["fields.Industry"]["allowed"]]
    assert (await admin.get(f"/api/v1/credentials/{credential_id}/templates/nonsense")).status_code == 404
    assert (await admin.get("/api/v1/credentials/999/templates/upsert_person")).status_code == 404


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (KeyScope.READ, {"show", "rows"}),  # looks
        (KeyScope.USE, {"show", "rows", "run", "preview", "test", "retry", "fields", "upload"}),  # runs flows
        (KeyScope.TOKEN, {"show", "rows"}),
        (
            KeyScope.ADMIN,
            set("show rows run preview test retry fields upload create edit pause query path delete".split()),
        ),
    ],
)
async def test_a_key_does_with_destinations_what_its_scope_says(
    admin: httpx2.AsyncClient, app: App, client_with: MakeClient, credential_id: int, scope: KeyScope, allowed: set[str]
) -> None:
    made = await create(admin, credential_id)
    path, client = f"{DESTINATIONS}/{made['id']}", await client_with(scope)
    done = await finish(app, admin, await admin.post(f"{path}/run"))

    async def cancel() -> None:
        for run in (await admin.get(RUNS, params={"status": "queued"})).json():
            await admin.post(f"{RUNS}/{run['id']}/cancel")

    answers = {
        "show": await client.get(path),
        "rows": await client.get(f"{RUNS}/{done['id']}/rows"),
        "fields": await client.get(f"/api/v1/credentials/{credential_id}/templates/add_note"),
        "create": await client.post(DESTINATIONS, json=NEW | {"name": "More", "credential_id": credential_id}),
        "edit": await client.patch(path, json={"nested": "replace"}),
        "pause": await client.post(f"{path}/pause"),
        "test": await client.post(f"{path}/test"),
        "preview": await client.post(f"{path}/preview"),
        "upload": await client.post(UPLOADS, params={"name": "a.csv"}, content=b"a,b\n"),
    }
    # a query or a path reads more than a key may that only runs flows
    for name, call, body in (
        ("run", f"{path}/run", {"rows": {"inline": ROWS}}),
        ("retry", f"{RUNS}/{done['id']}/retry", None),
        ("query", f"{path}/run", {"rows": {"sql": "SELECT 1"}}),
        ("path", f"{path}/run", {"rows": {"file": "/etc/people.csv"}}),
    ):
        answers[name] = await client.post(call, json=body)
        await cancel()
    answers["delete"] = await client.delete(path)
    assert {name for name, answer in answers.items() if answer.status_code < 300} == allowed
    assert {answer.status_code for name, answer in answers.items() if name not in allowed} <= {403}


async def test_what_was_done_with_destinations_stands_in_the_trail(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id)
    run_id = (await admin.post(f"{DESTINATIONS}/{made['id']}/run")).json()["run_id"]
    await admin.post(f"{RUNS}/{run_id}/cancel")
    await admin.delete(f"{DESTINATIONS}/{made['id']}")
    history = (await admin.get(f"/api/v1/credentials/{credential_id}/audit")).json()
    actions = [entry["action"] for entry in history if entry["action"].startswith("destination.")]
    assert actions == ["destination.delete", "destination.run", "destination.create"]


async def test_the_report_of_a_deleted_destination_stays(
    admin: httpx2.AsyncClient, app: App, credential_id: int
) -> None:
    made = await create(admin, credential_id)
    run = await finish(app, admin, await admin.post(f"{DESTINATIONS}/{made['id']}/run"))
    await flows.delete_destination(app.flows, ADA, made["id"])
    assert (await admin.get(f"{RUNS}/{run['id']}")).json()["rows"] == run["rows"]
    assert len((await admin.get(f"{RUNS}/{run['id']}/rows")).json()) == 2
