from typing import Any

import httpx2
import pytest

from consentry import flows
from consentry.accounts import KeyScope
from consentry.app import App
from consentry.sandbox import RunningSandbox
from ground.consenting import ADA, connected
from ground.serving import MakeClient

SOURCES = "/api/v1/sources"
RUNS = "/api/v1/runs"


@pytest.fixture
async def credential_id(app: App, sandbox: RunningSandbox) -> int:
    return (await connected(app, sandbox)).id


async def create(admin: httpx2.AsyncClient, credential_id: int, **more: object) -> dict[str, Any]:
    answer = await admin.post(SOURCES, json={"name": "Sales", "credential_id": credential_id} | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_source_reads_everything_into_a_dataset_of_its_name_unless_more_is_said(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id, name="Sales CRM")
    assert (made["streams"], made["dataset"], made["deletions"]) == ("all", "sales_crm", "mark")
    assert made["warehouse"] == {"type": "duckdb", "path": None, "url": None}
    assert (made["is_active"], made["schedule"], made["next_run_at"], made["last_run"]) == (True, None, None, None)
    assert made["full_listing_every"] == "1d"
    assert (await admin.get(f"{SOURCES}/{made['id']}")).json() == made
    assert (await admin.get(SOURCES)).json() == [made]


async def test_a_source_is_shown_as_it_was_described(admin: httpx2.AsyncClient, credential_id: int) -> None:
    said: dict[str, Any] = {
        "streams": ["parties", "opportunities"],
        "dataset": "crm",
        "deletions": "remove",
        "full_listing_every": "12h",
        "schedule": {"daily_at": "06:00", "timezone": "Europe/Berlin"},
    }
    made = await create(admin, credential_id, **said)
    for field, value in said.items():
        shown = made[field]
        assert {name: shown[name] for name in value} == value if isinstance(value, dict) else shown == value
    assert made["next_run_at"].endswith("Z")


async def test_a_source_stands_on_its_credential_which_can_t_be_deleted_while_it_does(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id)
    used = (await admin.get(f"/api/v1/credentials/{credential_id}")).json()["used_by"]
    assert used == {"sources": [{"id": made["id"], "name": "Sales"}], "destinations": []}
    refused = await admin.delete(f"/api/v1/credentials/{credential_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert (await admin.delete(f"{SOURCES}/{made['id']}")).status_code == 204
    assert (await admin.get(f"{SOURCES}/{made['id']}")).status_code == 404
    assert (await admin.delete(f"/api/v1/credentials/{credential_id}")).status_code == 204


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"credential_id": 999}, "credential_id"),  # nobody has it
        ({"streams": ["nonsense"]}, "streams"),
        ({"streams": []}, "streams"),
        ({"schedule": {"every": "15m", "cron": "* * * * *"}}, "schedule"),  # one of them
        ({"schedule": {}}, "schedule"),
        ({"schedule": {"every": "soon"}}, "schedule.every"),
        ({"schedule": {"cron": "61 * * * *"}}, "schedule.cron"),
        ({"schedule": {"cron": "0 0 30 2 *"}}, "schedule.cron"),  # a day that never comes
        ({"schedule": {"daily_at": "25:00"}}, "schedule.daily_at"),
        ({"schedule": {"daily_at": "06:00", "timezone": "Mars/Olympus"}}, "schedule.timezone"),
        ({"schedule": {"after_source": 1}}, "schedule.after_source"),  # not in this release
        ({"warehouse": {"type": "postgres"}}, "warehouse.url"),
        ({"warehouse": {"type": "snowflake"}}, "warehouse.url"),
        ({"warehouse": {"type": "mssql", "url": "snowflake://a@b/c"}}, "warehouse.url"),
        ({"warehouse": {"type": "postgres", "url": "mysql://a@b/c"}}, "warehouse.url"),
        ({"warehouse": {"type": "postgres", "url": "postgresql://a@b/c\x00"}}, "warehouse.url"),
        ({"warehouse": {"path": "not/from/the/root"}}, "warehouse.path"),
        ({"warehouse": {"path": "/a/\x00"}}, "warehouse.path"),
        ({"dataset": "Bad Name"}, "dataset"),
        ({"manual": {"path": "../../elsewhere"}}, "manual.path"),
        ({"wrong": 1}, "wrong"),
    ],
)
async def test_what_a_source_can_t_be_is_said_at_its_field(
    admin: httpx2.AsyncClient, credential_id: int, said: dict[str, Any], field: str
) -> None:
    answer = await admin.post(SOURCES, json={"name": "Sales", "credential_id": credential_id} | said)
    assert answer.status_code == 422, answer.text
    named = [wrong["field"] for wrong in answer.json()["errors"]]
    assert any(name == field or name.startswith(f"{field}.") for name in named), named


async def test_two_sources_never_share_a_name_or_a_dataset(admin: httpx2.AsyncClient, credential_id: int) -> None:
    await create(admin, credential_id)
    same_name = {"name": " SALES ", "credential_id": credential_id, "dataset": "other"}
    same_place = {"name": "Other", "credential_id": credential_id, "dataset": "sales"}
    for said in (same_name, same_place):
        answer = await admin.post(SOURCES, json=said)
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict"), answer.text


async def test_what_isn_t_named_in_a_change_stays(admin: httpx2.AsyncClient, credential_id: int) -> None:
    made = await create(admin, credential_id, streams=["parties"], schedule={"every": "15m"})
    changed = (await admin.patch(f"{SOURCES}/{made['id']}", json={"deletions": "remove"})).json()
    differing = {field for field in made if made[field] != changed[field]}
    assert differing == {"deletions", "updated_at"}
    stopped = (await admin.patch(f"{SOURCES}/{made['id']}", json={"schedule": None})).json()
    assert (stopped["schedule"], stopped["next_run_at"]) == (None, None)


@pytest.mark.parametrize(
    ("kind", "url", "shown"),
    [
        (
            "postgres",
            "postgresql://ada:a-very-secret-word@127.0.0.1:1/warehouse",
            "postgresql://ada@127.0.0.1:1/warehouse",
        ),
        ("snowflake", "snowflake://ada:a-very-secret-word@account/crm?role=r", "snowflake://ada@account/crm"),
        ("filesystem", "s3://KEY:a-very-secret-word@bucket/folder", "s3://KEY@bucket/folder"),
    ],
)
async def test_the_password_of_a_warehouse_is_in_no_answer_and_survives_a_change(
    admin: httpx2.AsyncClient, app: App, credential_id: int, kind: str, url: str, shown: str
) -> None:
    made = await create(admin, credential_id, warehouse={"type": kind, "url": url})
    changed = await admin.patch(f"{SOURCES}/{made['id']}", json={"name": "Renamed", "warehouse": {"type": kind}})
    assert changed.status_code == 200, changed.text
    assert "a-very-secret-word" not in str(made) + changed.text
    assert changed.json()["warehouse"] == {"type": kind, "path": None, "url": shown}
    kept = await flows.find_address(app.flows, made["id"])
    assert kept is not None
    assert "a-very-secret-word" in kept.reveal()


async def test_a_source_runs_once_at_a_time(admin: httpx2.AsyncClient, credential_id: int) -> None:
    made = await create(admin, credential_id)
    begun = await admin.post(f"{SOURCES}/{made['id']}/run")
    assert begun.status_code == 202
    again = await admin.post(f"{SOURCES}/{made['id']}/run")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    run = (await admin.get(f"{RUNS}/{begun.json()['run_id']}")).json()
    assert (run["kind"], run["flow_id"], run["status"], run["trigger"]) == ("source", made["id"], "queued", "hand")
    assert (run["started_at"], run["finished_at"], run["error"], run["streams"]) == (None, None, None, [])


async def test_a_run_that_nobody_works_on_yet_is_cancelled_at_once(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id)
    run_id = (await admin.post(f"{SOURCES}/{made['id']}/run")).json()["run_id"]
    cancelled = await admin.post(f"{RUNS}/{run_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    assert (await admin.post(f"{RUNS}/{run_id}/cancel")).status_code == 409
    shown = (await admin.get(f"{SOURCES}/{made['id']}")).json()
    assert shown["last_run"]["status"] == "cancelled"


async def test_runs_are_listed_newest_first_and_by_what_is_asked(
    admin: httpx2.AsyncClient, app: App, credential_id: int
) -> None:
    first, second = [(await create(admin, credential_id, name=name))["id"] for name in ("One", "Two")]
    runs = [(await admin.post(f"{SOURCES}/{source}/run")).json()["run_id"] for source in (first, second)]
    await admin.post(f"{RUNS}/{runs[0]}/cancel")
    assert [run["id"] for run in (await admin.get(RUNS)).json()] == runs[::-1]
    assert [run["id"] for run in (await admin.get(RUNS, params={"flow_id": first})).json()] == runs[:1]
    assert [run["id"] for run in (await admin.get(RUNS, params={"status": "queued"})).json()] == runs[1:]
    assert (await admin.get(RUNS, params={"kind": "destination"})).json() == []
    page = await admin.get(RUNS, params={"per_page": 1, "kind": "source"})
    assert page.headers["link"] == f'<{app.settings.public_url}{RUNS}?kind=source&page=2&per_page=1>; rel="next"'
    assert (await admin.get(RUNS, params={"status": "nonsense"})).status_code == 422


async def test_a_paused_source_keeps_its_schedule_and_runs_by_hand(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id, schedule={"every": "15m"})
    paused = (await admin.post(f"{SOURCES}/{made['id']}/pause")).json()
    assert (paused["is_active"], paused["schedule"]["every"]) == (False, "15m")
    assert (await admin.post(f"{SOURCES}/{made['id']}/run")).status_code == 202
    active = (await admin.post(f"{SOURCES}/{made['id']}/activate")).json()
    assert active["is_active"] is True


async def test_a_test_shows_the_first_records_of_each_stream(admin: httpx2.AsyncClient, credential_id: int) -> None:
    made = await create(admin, credential_id, streams=["parties", "users"])
    samples = (await admin.post(f"{SOURCES}/{made['id']}/test")).json()
    assert {sample["stream"] for sample in samples} == {"parties", "users"}
    for sample in samples:
        assert sample["error"] is None
        assert 1 <= len(sample["records"]) <= 5
        assert "id" in sample["records"][0]


async def test_a_test_says_of_a_stream_that_fails_whose_move_it_is(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id, manual={"path": "nowhere"})
    (sample,) = (await admin.post(f"{SOURCES}/{made['id']}/test")).json()
    assert (sample["records"], sample["error"]["code"]) == ([], "not_found")
    assert sample["error"]["hint"]


async def test_an_estimate_tells_requests_and_time_before_a_first_run(
    admin: httpx2.AsyncClient, credential_id: int
) -> None:
    made = await create(admin, credential_id, streams=["parties", "users"])
    found = (await admin.get(f"{SOURCES}/{made['id']}/estimate")).json()
    assert {stream["name"] for stream in found["streams"]} == {"parties", "users"}
    assert found["requests"] == sum(stream["requests"] for stream in found["streams"])
    assert 0 < found["asked"] <= 24


async def test_a_dataset_that_no_run_has_filled_is_empty(admin: httpx2.AsyncClient, credential_id: int) -> None:
    made = await create(admin, credential_id)
    assert (await admin.get(f"{SOURCES}/{made['id']}/tables")).json() == []
    assert (await admin.get(f"{SOURCES}/{made['id']}/tables/parties")).status_code == 404
    assert (await admin.get(f"{SOURCES}/999/tables")).status_code == 404


async def test_a_look_shows_what_a_run_has_brought(admin: httpx2.AsyncClient, app: App, credential_id: int) -> None:
    made = await create(admin, credential_id, streams=["parties"])
    await admin.post(f"{SOURCES}/{made['id']}/run")
    (claimed,) = await flows.claim(app.flows, 1)
    await flows.work(app.flows, claimed)
    run = (await admin.get(f"{RUNS}/{claimed.run.id}")).json()
    assert (run["status"], run["error"]) == ("succeeded", None)
    tables = {table["name"]: table for table in (await admin.get(f"{SOURCES}/{made['id']}/tables")).json()}
    assert tables["parties"]["count"] == run["streams"][0]["new"] > 0
    shown = (await admin.get(f"{SOURCES}/{made['id']}/tables/parties", params={"limit": 2})).json()
    assert len(shown["rows"]) == 2
    assert {column["name"] for column in shown["columns"]} >= {"id", "created_at", "owner_name", "_synced_at"}
    assert shown["rows"][0]["created_at"].startswith("20")


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        (KeyScope.READ, {"show"}),  # looks
        (KeyScope.USE, {"show", "run"}),  # runs flows
        (KeyScope.TOKEN, {"show"}),
        (KeyScope.ADMIN, {"show", "run", "pause", "edit", "create", "delete"}),
    ],
)
async def test_a_key_does_with_sources_what_its_scope_says(
    admin: httpx2.AsyncClient, client_with: MakeClient, credential_id: int, scope: KeyScope, allowed: set[str]
) -> None:
    made = await create(admin, credential_id)
    client = await client_with(scope)
    path = f"{SOURCES}/{made['id']}"
    answers = {
        "show": await client.get(path),
        "create": await client.post(SOURCES, json={"name": "More", "credential_id": credential_id}),
        "edit": await client.patch(path, json={"name": "Renamed"}),
        "pause": await client.post(f"{path}/pause"),
        "run": await client.post(f"{path}/run"),
    }
    for run in (await admin.get(RUNS)).json():
        await admin.post(f"{RUNS}/{run['id']}/cancel")
    answers["delete"] = await client.delete(path)
    assert {name for name, answer in answers.items() if answer.status_code < 300} == allowed
    assert {answer.status_code for name, answer in answers.items() if name not in allowed} <= {403}


async def test_what_was_done_with_sources_stands_in_the_trail(admin: httpx2.AsyncClient, credential_id: int) -> None:
    made = await create(admin, credential_id)
    run_id = (await admin.post(f"{SOURCES}/{made['id']}/run")).json()["run_id"]
    await admin.post(f"{RUNS}/{run_id}/cancel")
    await admin.delete(f"{SOURCES}/{made['id']}")
    history = (await admin.get(f"/api/v1/credentials/{credential_id}/audit")).json()
    actions = [entry["action"] for entry in history if entry["action"].startswith("source.")]
    assert actions == ["source.delete", "source.run", "source.create"]


async def test_the_history_of_a_deleted_source_stays(app: App, credential_id: int) -> None:
    made = await flows.create(app.flows, ADA, flows.NewSource(name="Sales", credential_id=credential_id))
    run = await flows.begin_run(app.flows, ADA, made.id)
    await flows.cancel(app.flows, ADA, run.id)
    await flows.delete(app.flows, ADA, made.id)
    assert (await flows.get_run(app.flows, run.id)).flow_name == "Sales"
