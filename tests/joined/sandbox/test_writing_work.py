"""Tasks, entries, attachments and tracks as they are written."""

from io import BytesIO
from typing import Any

import pytest

from ground.writer import Writer, complaints


@pytest.fixture
async def party(writer: Writer) -> dict[str, Any]:
    return await writer.make("parties", type="organisation", name="Customer")


@pytest.fixture
async def note(writer: Writer, party: dict[str, Any]) -> dict[str, Any]:
    return await writer.make("entries", type="note", content="Said hello", party={"id": party["id"]})


# -- tasks


async def test_a_new_task_is_open_and_belongs_to_the_token(writer: Writer) -> None:
    category = await writer.named("categories", "Call")
    task = await writer.make(
        "tasks", description="Call", dueOn="2026-01-31", dueTime="09:30", category={"name": "call"}, detail="twice"
    )
    assert (task["status"], task["owner"]["username"], task["dueTime"]) == ("OPEN", "ada.fresh", "09:30:00")
    assert (task["category"], task["detail"], task["completedAt"]) == (category, "twice", None)


async def test_completing_a_task_says_when_and_by_whom_and_leaves_an_entry(
    writer: Writer, party: dict[str, Any]
) -> None:
    task = await writer.make("tasks", description="Call", dueOn="2026-01-31", party={"id": party["id"]})
    done = await writer.change("tasks", task["id"], status="COMPLETED")
    assert (done["completedAt"], done["completedBy"]) == (done["updatedAt"], "ada.fresh")
    (entry,) = (await writer.get("entries"))["entries"]
    assert (entry["type"], entry["content"], entry["activityType"]["id"]) == ("task", "Call", -4)
    assert entry["party"]["id"] == party["id"]
    await writer.change("tasks", task["id"], detail="afterwards")
    assert len((await writer.get("entries"))["entries"]) == 1
    again = await writer.change("tasks", task["id"], status="OPEN")
    assert (again["completedAt"], again["completedBy"]) == (None, None)


async def test_a_completed_task_can_be_brought_in_with_its_date(writer: Writer) -> None:
    when = "2024-05-06T07:08:09Z"
    task = await writer.make("tasks", description="Old", dueOn="2024-05-01", status="COMPLETED", completedAt=when)
    assert task["completedAt"] == when
    assert (await writer.get("entries"))["entries"] == [], "an entry needs something that it is about"


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        pytest.param({"description": None}, "description", "description is required", id="nothing to do"),
        pytest.param({"dueOn": None}, "dueOn", "dueOn is required", id="no day"),
        pytest.param({"dueOn": "2026-02-30"}, "dueOn", "dueOn is invalid", id="no such day"),
        pytest.param({"dueTime": "late"}, "dueTime", "dueTime is invalid", id="no such time"),
        pytest.param({"status": "PENDING"}, "status", "status PENDING can't be set", id="that belongs to tracks"),
        pytest.param({"status": "DONE"}, "status", "status is invalid", id="no such status"),
        pytest.param({"category": {"name": "Golf"}}, "category", "category not found", id="no such category"),
        pytest.param({"owner": {"id": 1}}, "owner", "owner not found", id="no such user"),
        pytest.param({"kase": {"id": 1}}, "kase", "kase not found", id="no such project"),
        pytest.param({"repeat": "daily"}, "repeat", "repeat is invalid", id="not an object"),
    ],
)
async def test_what_a_task_refuses(writer: Writer, changes: dict[str, Any], field: str, message: str) -> None:
    values = {"description": "Call", "dueOn": "2026-01-31", **changes}
    assert complaints(await writer.post("tasks", **values)) == [("task", field, message)]
    task = await writer.make("tasks", description="Call", dueOn="2026-01-31")
    assert complaints(await writer.put("tasks", task["id"], **changes)) == [("task", field, message)]


async def test_a_task_without_a_day_is_refused_in_the_documented_words(writer: Writer) -> None:
    assert complaints(await writer.post("tasks", description="Call")) == [("task", "dueOn", "dueOn is required")]


async def test_a_task_is_about_one_thing_at_most(writer: Writer, party: dict[str, Any]) -> None:
    project = await writer.make("kases", party={"id": party["id"]}, name="P")
    both = {"party": {"id": party["id"]}, "kase": {"id": project["id"]}}
    message = [("task", "party", "task can be related to at most one entity")]
    assert complaints(await writer.post("tasks", description="T", dueOn="2026-01-31", **both)) == message
    task = await writer.make("tasks", description="T", dueOn="2026-01-31", party=both["party"])
    assert complaints(await writer.put("tasks", task["id"], kase=both["kase"])) == message
    moved = await writer.change("tasks", task["id"], kase=both["kase"], party=None)
    assert (moved["party"], moved["kase"]["id"]) == (None, project["id"])


async def test_a_deleted_task_is_gone_without_a_trace(writer: Writer) -> None:
    task = await writer.make("tasks", description="T", dueOn="2026-01-31")
    assert (await writer.delete("tasks", task["id"])).status == 204
    assert (await writer.get("tasks"))["tasks"] == []
    assert (await writer.send("GET", "tasks/deleted?since=2020-01-01T00:00:00Z")).status == 404


# -- entries


async def test_a_note_has_the_token_as_author_and_now_as_moment(note: dict[str, Any]) -> None:
    assert (note["type"], note["creator"]["username"], note["activityType"]["id"]) == ("note", "ada.fresh", -1)
    assert note["entryAt"] == note["createdAt"]


async def test_history_is_brought_in_with_its_moments(writer: Writer, party: dict[str, Any]) -> None:
    meeting = {"type": "note", "content": "Met", "activityType": {"id": -2}, "party": {"id": party["id"]}}
    for when in ("2020-01-01T09:00:00+01:00", "2021-01-01T08:00:00Z"):
        await writer.make("entries", **meeting, entryAt=when)
    entries = (await writer.get("entries"))["entries"]
    assert [each["entryAt"] for each in entries] == ["2021-01-01T08:00:00Z", "2020-01-01T08:00:00Z"]
    assert entries[0]["activityType"]["name"] == "Meeting"


async def test_a_note_is_changed_and_deleted(writer: Writer, note: dict[str, Any]) -> None:
    assert (await writer.change("entries", note["id"], content="Corrected"))["content"] == "Corrected"
    assert (await writer.delete("entries", note["id"])).status == 204
    assert (await writer.get("entries"))["entries"] == []


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        pytest.param({"type": None}, "type", "only notes can be created", id="no type"),
        pytest.param({"type": "email"}, "type", "only notes can be created", id="an e-mail"),
        pytest.param({"type": "task"}, "type", "only notes can be created", id="a completed task"),
        pytest.param({"party": None}, "party", "entry must be related to exactly one entity", id="about nothing"),
        pytest.param({"content": ""}, "content", "content or an attachment is required", id="empty"),
        pytest.param({"entryAt": "yesterday"}, "entryAt", "entryAt is invalid", id="not a moment"),
        pytest.param({"activityType": {"id": 99}}, "activityType", "activityType not found", id="no such activity"),
        pytest.param({"attachments": [{"token": "made up"}]}, "token", "token not found", id="nothing was uploaded"),
    ],
)
async def test_what_a_note_refuses(
    writer: Writer, party: dict[str, Any], changes: dict[str, Any], field: str, message: str
) -> None:
    values = {"type": "note", "content": "Hello", "party": {"id": party["id"]}, **changes}
    assert complaints(await writer.post("entries", **values))[0] == ("entry", field, message)
    assert (await writer.get("entries"))["entries"] == []


async def test_a_note_is_about_one_thing_exactly(writer: Writer, party: dict[str, Any], note: dict[str, Any]) -> None:
    project = await writer.make("kases", party={"id": party["id"]}, name="P")
    about_both = await writer.put("entries", note["id"], kase={"id": project["id"]})
    assert complaints(about_both) == [("entry", "party", "entry must be related to exactly one entity")]


async def test_emails_can_be_changed_and_completed_tasks_cant(writer: Writer, party: dict[str, Any]) -> None:
    task = await writer.make("tasks", description="T", dueOn="2026-01-31", party={"id": party["id"]})
    await writer.change("tasks", task["id"], status="COMPLETED")
    (entry,) = (await writer.get("entries"))["entries"]
    refused = await writer.put("entries", entry["id"], content="Other")
    assert complaints(refused) == [("entry", "type", "only notes and emails can be changed")]
    writer.crm["entries"].change(entry["id"], {"type": "email"}, at=None)
    assert (await writer.change("entries", entry["id"], subject="Hello"))["subject"] == "Hello"


# -- attachments


async def upload(writer: Writer, name: str, content: bytes) -> str:
    headers = {"Content-Type": "text/csv", "X-Attachment-Filename": name}
    answer = await writer.send("POST", "attachments/upload", data=content, headers=headers)
    assert answer.status == 201, answer.text
    token: str = answer.json["upload"]["token"]
    return token


async def test_a_file_is_uploaded_attached_read_and_taken_away(writer: Writer, note: dict[str, Any]) -> None:
    token = await upload(writer, "St%C3%BCckliste.csv", "ä;1\n".encode())
    changed = await writer.change("entries", note["id"], attachments=[{"token": token}])
    (attachment,) = changed["attachments"]
    assert attachment == {"id": attachment["id"], "filename": "Stückliste.csv", "contentType": "text/csv", "size": 5}
    assert (await writer.send("GET", f"attachments/{attachment['id']}")).text == "ä;1\n"
    again = await writer.put("entries", note["id"], attachments=[{"token": token}])
    assert complaints(again) == [("entry", "token", "token not found")], "a token is used once"
    gone = await writer.change("entries", note["id"], attachments=[{"id": attachment["id"], "_delete": True}])
    assert gone["attachments"] == []
    assert (await writer.send("GET", f"attachments/{attachment['id']}")).status == 404


async def test_an_entry_keeps_content_or_an_attachment(writer: Writer, party: dict[str, Any]) -> None:
    token = await upload(writer, "a.csv", b"1")
    made = await writer.make("entries", type="note", party={"id": party["id"]}, attachments=[{"token": token}])
    last = [{"id": made["attachments"][0]["id"], "_delete": True}]
    refused = await writer.put("entries", made["id"], attachments=last)
    assert complaints(refused) == [("entry", "content", "content or an attachment is required")]
    assert (await writer.send("GET", f"attachments/{last[0]['id']}")).status == 200, "a refusal changes nothing"


async def test_a_file_needs_a_name_and_has_a_largest_size(writer: Writer) -> None:
    assert (await writer.send("POST", "attachments/upload", data=b"1")).status == 400
    large = BytesIO(b"x" * (25 * 1024 * 1024 + 1))
    answer = await writer.send("POST", "attachments/upload", data=large, headers={"X-Attachment-Filename": "a"})
    assert answer.status == 413
    assert writer.crm.uploads == {}


# -- tracks


async def test_a_track_sets_its_tasks_in_motion_one_after_the_other(writer: Writer, party: dict[str, Any]) -> None:
    definition = await writer.named("trackdefinitions", "Welcome", "description")
    made = await writer.post("tracks", definition=definition["id"], party={"id": party["id"]}, trackDateOn="2026-03-01")
    track = made.json["track"]
    assert made.status == 201
    assert set(track) == {"id", "description", "trackDateOn", "direction"}, "what it is about isn't told"
    (listed,) = (await writer.get(f"parties/{party['id']}/tracks?embed=task"))["tracks"]
    first, second, _third = [await writer.show("tasks", each["id"]) for each in listed["tasks"]]
    assert (first["status"], first["dueOn"], first["hasTrack"]) == ("OPEN", "2026-03-01", True)
    assert (second["status"], first["nextTask"]["id"]) == ("PENDING", second["id"])
    await writer.change("tasks", first["id"], status="COMPLETED")
    assert (await writer.show("tasks", second["id"]))["status"] == "OPEN"
    moved = await writer.change("tracks", track["id"], trackDateOn="2026-04-01")
    assert moved["trackDateOn"] == "2026-04-01"
    assert (await writer.delete("tracks", track["id"])).status == 204
    assert (await writer.show("tasks", second["id"]))["id"] == second["id"], "the tasks stay"


async def test_a_track_begins_today_unless_told_otherwise(writer: Writer, party: dict[str, Any]) -> None:
    definition = await writer.named("trackdefinitions", "Welcome", "description")
    track = await writer.make("tracks", definition={"id": definition["id"]}, party={"id": party["id"]})
    assert track["trackDateOn"] == f"{writer.world.clock.now():%Y-%m-%d}"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"definition": None}, "definition", id="no definition"),
        pytest.param({"definition": 1}, "definition", id="no such definition"),
        pytest.param({"party": None}, "party", id="about nothing"),
        pytest.param({"party": {"id": 1}}, "party", id="no such party"),
        pytest.param({"kase": {"id": 1}}, "party", id="about two"),
        pytest.param({"direction": "UP"}, "direction", id="no such direction"),
    ],
)
async def test_what_a_track_refuses(writer: Writer, party: dict[str, Any], changes: dict[str, Any], field: str) -> None:
    definition = await writer.named("trackdefinitions", "Welcome", "description")
    values = {"definition": definition["id"], "party": {"id": party["id"]}, **changes}
    assert [each[:2] for each in complaints(await writer.post("tracks", **values))] == [("track", field)]
    assert (await writer.get("tasks?status=open,pending"))["tasks"] == []
