"""From an uploaded file to the rows of a run, in a browser without script: forms, odd files, and what strangers try."""

import re
from collections.abc import Mapping
from html import unescape

import pytest

from consentry import flows
from consentry.app import App
from consentry.errors import NotFound
from consentry.flows import RowsSpec
from ground.consenting import ADA, Registered, add_credential, authorize
from ground.plain_browser import PlainBrowser, Sheet

NEW = "/destinations/new"
CONFIGURE = f"{NEW}?connector=capsule&credential=1&step=configure"
PEOPLE = b"First name,Last name,E-Mail,Owner\nGrace,Hopper,grace@example.com,ada.marsh\nAlan,Turing,,nobody.here\n"


@pytest.fixture(autouse=True)
async def connected(app: App, registered: Registered) -> int:
    """Add a credential and give consent."""
    credential = await add_credential(app, registered)
    await authorize(app, credential.id)
    return credential.id


async def press(
    ada: PlainBrowser,
    sheet: Sheet,
    do: str,
    changed: Mapping[str, str] | None = None,
    *,
    file: tuple[str, bytes] | None = None,
    **more: str,
) -> Sheet:
    """Press a button of the form, with a file chosen or not; names that no argument can have stand in ``changed``."""
    typed = {**(changed or {}), **more}
    form = next(form for form in sheet.forms if form.id == "destination-form")
    kept = [(name, value) for name, value in form.fields if name not in typed and name != "file"]
    pairs = [*kept, *typed.items(), ("do", do)]
    return await ada.post_files(form.action, pairs, file, follow=True)


async def read_people(ada: PlainBrowser, content: bytes = PEOPLE, name: str = "people.csv") -> Sheet:
    """Upload a file in the last step."""
    return await press(ada, await ada.open(CONFIGURE), "look", file=(name, content))


def filled(sheet: Sheet) -> Mapping[str, str]:
    """Return what the mapping's selects send."""
    form = next(form for form in sheet.forms if form.id == "destination-form")
    return {name: value for name, value in form.fields if name.startswith("map:") and value}


async def test_a_file_is_read_mapped_tried_previewed_and_kept(ada: PlainBrowser, app: App) -> None:
    read = await read_people(ada)
    assert read.status == 200, read.text
    assert "people.csv" in read.text
    assert "4 columns" in read.text
    assert filled(read) == {
        "map:firstName": "c:First name",
        "map:lastName": "c:Last name",
        "map:emailAddresses": "c:E-Mail",
        "map:owner": "c:Owner",
    }
    assert "Ada Marsh" in read.text, "allowed values are read live"
    tried = await press(ada, read, "test")
    assert "1 row would be refused" in tried.html
    assert "E-mail address" in tried.text
    seen = await press(ada, tried, "preview")
    assert "would be created" in seen.text
    assert "There is no owner “nobody.here”" in seen.text or "is empty" in seen.text
    saved = await press(ada, seen, "save", name="People in")
    assert "The destination is saved" in saved.text
    for words in ("People in", "Create or update people", "the uploaded file", "people.csv", "Not run yet", "By hand"):
        assert words in saved.text, words
    kept = await flows.get_destination(app.flows, 1)
    assert (kept.template, kept.match_on, kept.rows.file) == ("upsert_person", "emailAddresses", "upload:1")
    assert {name: one.column for name, one in kept.mapping.items()} == {
        "firstName": "First name",
        "lastName": "Last name",
        "emailAddresses": "E-Mail",
        "owner": "Owner",
    }
    assert "People in" in (await ada.open("/destinations")).text
    assert "People in" in (await ada.open("/credentials/1")).text


async def test_what_was_chosen_stands_in_the_form_again(ada: PlainBrowser, app: App) -> None:
    chosen = {
        "name": "People in",
        "map:jobTitle": "=",
        "same:jobTitle": "Advisor",
        "nested": "replace",
        "clear": "clear",
        "stop_after": "20",
        "keep_answers": "yes",
        "schedule": "daily",
        "daily_at": "05:30",
        "timezone": "Europe/Berlin",
    }
    saved = await press(ada, await read_people(ada), "save", chosen)
    assert "Daily at 05:30, Europe/Berlin" in saved.text
    assert "after 20 refused rows" in saved.text
    edit = await ada.open("/destinations/1/edit")
    fields = dict(next(form for form in edit.forms if form.id == "destination-form").fields)
    assert {name: fields[name] for name in chosen} == chosen
    changed = await press(ada, edit, "save", name="Renamed")
    assert "The destination is saved" in changed.text
    kept = await flows.get_destination(app.flows, 1)
    assert kept.name == "Renamed"
    assert kept.mapping["jobTitle"].value == "Advisor"


async def test_what_was_mapped_is_not_lost_while_the_rows_cant_be_read(ada: PlainBrowser) -> None:
    mapped = await press(ada, await read_people(ada), "test", {"map:jobTitle": "=", "same:jobTitle": "Advisor"})
    broken = await press(ada, mapped, "test", origin="path", file_path="/nowhere/people.csv", stop_after="9")
    assert broken.status == 422
    assert "There is no file" in summary(broken)
    by_hand = await press(ada, broken, "test", origin="upload", mode="manual", path="parties")
    again = await press(ada, by_hand, "test", mode="prepared")
    assert again.status == 200, summary(again)
    assert {"map:jobTitle": "=", "map:emailAddresses": "c:E-Mail"}.items() <= filled(again).items()
    assert 'value="Advisor"' in again.html
    assert 'value="9"' in again.html


async def test_nothing_is_saved_before_the_mapping_was_seen(ada: PlainBrowser, app: App) -> None:
    sheet = await press(ada, await ada.open(CONFIGURE), "save", file=("people.csv", PEOPLE))
    assert "Look at the mapping" in sheet.html
    assert (await flows.list_destinations(app.flows))[0] == []
    other = await press(ada, sheet, "save", template="create_organisation")
    assert "Look at the mapping" in other.html, "another endpoint has other fields"
    assert (await flows.list_destinations(app.flows))[0] == []


ODD_FILES = [
    ("people.exe", PEOPLE, "must end in"),
    ("people", PEOPLE, "must end in"),
    ("people.csv", b"", "The file is empty."),
    ("people.csv", b"\x00\x01\x02", None),
    ("people.csv", "Näme;E-Mail\nÅsa;asa@example.com\n".encode("utf-16"), None),
    ("people.csv", "Näme;E-Mail\nÅsa;asa@example.com\n".encode("cp1252"), "Windows-1252"),
    ("people.parquet", b"PAR1 is not all of it", "rows"),
    ("people.jsonl", b'{"name": "x"}\n{broken\n', "Row 2"),
    ('../../"><img src=x onerror=alert(1)>.csv', PEOPLE, None),
    ("people.csv", b'a,a,"b\n1,2', None),
]


async def test_odd_files_are_answered_in_words(ada: PlainBrowser) -> None:
    for name, content, said in ODD_FILES:
        sheet = await read_people(ada, content, name)
        assert sheet.status in (200, 422), (name, content, summary(sheet))
        assert "destination-form" in sheet.html, "the form is there again"
        assert "<img src=x" not in sheet.html
        assert said is None or said in sheet.html, (name, content, summary(sheet))


async def test_what_was_typed_stays_when_the_file_is_refused(ada: PlainBrowser) -> None:
    typed = {"name": "People in", "stop_after": "7"}
    sheet = await press(ada, await ada.open(CONFIGURE), "look", typed, file=("people.exe", PEOPLE))
    assert sheet.status == 422
    assert 'value="People in"' in sheet.html
    assert re.search(r'id="rows-file"[^>]*aria-invalid="true"', sheet.html)


WRONG = [
    ({"name": ""}, "Destination Name is required."),
    ({"stop_after": "many"}, "Enter a whole number"),
    ({"stop_after": "0"}, "Enter a whole number"),
    ({"map:jobTitle": "="}, "Enter the value for every row."),
    ({"map:emailAddresses": "c:gone"}, "The rows have no column"),
    ({"map:emailAddresses": ""}, "Map a column to emailAddresses"),
    ({"map:nonsense": "c:E-Mail"}, "has no field named nonsense"),
    ({"match_on": "jobTitle"}, "finds records by"),
    ({"schedule": "source", "after_source": "99"}, "source"),
    ({"schedule": "source", "after_source": ""}, "Choose the source to follow."),
    ({"schedule": "cron", "cron": "nonsense"}, "cron"),
    ({"origin": "table", "table": ""}, "Enter the table"),
    ({"origin": "table", "table": "nowhere.nothing"}, "no warehouse yet"),
    ({"origin": "sql", "sql": "   "}, "Enter the query."),
    ({"origin": "path", "file_path": "people.csv"}, "whole path"),
    ({"origin": "path", "file_path": "/etc/passwd"}, "must end in"),
    ({"upload": "upload:99"}, "no such upload"),
    ({"upload": "upload:1;drop"}, "upload"),
    ({"template": "nonsense"}, "no endpoint named"),
    ({"mode": "manual", "path": ""}, "Enter the path to write to."),
    ({"mode": "manual", "path": "../../users"}, "path"),
    ({"mode": "manual", "path": "parties", "body": "{not json"}, "Write the body as JSON"),
    ({"mode": "manual", "path": "parties", "method": "PATCH"}, "must be one of"),
]


async def test_what_cant_be_is_said_and_nothing_is_saved(ada: PlainBrowser, app: App) -> None:
    read = await read_people(ada)
    for typed, said in WRONG:
        sheet = await press(ada, read, "save", {"name": "People in", **typed})
        assert sheet.status in (200, 404, 409, 422), (typed, summary(sheet))
        assert said in summary(sheet), (typed, summary(sheet))
        assert "destination-form" in sheet.html
    assert (await flows.list_destinations(app.flows))[0] == []


def summary(sheet: Sheet) -> str:
    """Return what a page says is wrong."""
    found = re.search(r"data-summary(?! hidden)[^>]*>(.*?)</ul>", sheet.html, re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", unescape(found[1] if found else "")).split())


async def test_a_name_that_is_taken_is_said_and_another_one_is_proposed(ada: PlainBrowser) -> None:
    await press(ada, await read_people(ada), "save", name="Sales CRM")
    again = await press(ada, await read_people(ada), "save", name="Sales CRM")
    assert again.status == 409
    assert "Sales CRM" in again.text
    assert 'value="Sales CRM 2"' in (await ada.open(CONFIGURE)).html


async def test_a_request_of_ones_own_becomes_a_destination(ada: PlainBrowser, app: App) -> None:
    sheet = await press(
        ada,
        await read_people(ada),
        "save",
        name="By hand",
        mode="manual",
        method="PUT",
        path="parties/{Last name}",
        body='{"party": {"about": "{First name}"}}',
    )
    assert "PUT parties/{Last name}" in sheet.text
    kept = await flows.get_destination(app.flows, 1)
    assert kept.manual is not None
    assert kept.manual.body == {"party": {"about": "{First name}"}}
    edit = await ada.open("/destinations/1/edit")
    assert "parties/{Last name}" in edit.html


async def test_a_form_of_strangers_keeps_no_file(ada: PlainBrowser, guest: PlainBrowser, app: App) -> None:
    sheet = await ada.open(CONFIGURE)
    form = next(form for form in sheet.forms if form.id == "destination-form")
    without = [(name, value) for name, value in form.fields if name != "csrf_token"]
    refused = await ada.post_files(NEW, [*without, ("csrf_token", "guessed"), ("do", "look")], ("people.csv", PEOPLE))
    assert refused.status == 403
    elsewhere = await ada.post_files(
        NEW, [*form.fields, ("do", "look")], ("people.csv", PEOPLE), Origin="https://elsewhere.example.com"
    )
    assert elsewhere.status == 403
    nobody = await guest.post_files(NEW, [("do", "look")], ("people.csv", PEOPLE))
    assert nobody.status in (303, 401, 403)
    late = await ada.post_files(NEW, [("do", "look")], ("people.csv", PEOPLE), last=[("csrf_token", "x")])
    assert late.status == 403, "the token has to come before the file"
    with pytest.raises(NotFound):
        await flows.get_upload(app.flows, 1)


BROKEN = [
    ("multipart/form-data", b"nothing"),
    ("multipart/form-data; boundary=x", b"not a part"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\nhalf'),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nvalue\r\n--x--\r\n"),
    ("multipart/form-data; boundary=" + "x" * 200, b""),
    ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 5000 + b"\r\n\r\n--x--\r\n"),
]


async def test_broken_forms_are_refused(ada: PlainBrowser) -> None:
    for kind, body in BROKEN:
        answer = await ada.http.post(NEW, content=body, headers={"Content-Type": kind})
        assert answer.status_code in (400, 403), (kind, body[:60])


async def test_a_destination_is_paused_activated_run_cancelled_and_deleted(ada: PlainBrowser, app: App) -> None:
    saved = await press(ada, await read_people(ada), "save", name="People in")
    paused = await ada.submit(saved, "/pause")
    assert "The destination is paused" in paused.text
    active = await ada.submit(paused, "/activate")
    assert "The destination is active" in active.text
    running = await ada.submit(active, "/run")
    assert "Queued" in running.text
    assert "Row" in running.text
    listed = await ada.open("/runs?destination=1")
    assert "People in" in listed.text
    assert "Destination" in listed.text
    assert "No run fits" in (await ada.open("/runs?source=1")).text
    cancelled = await ada.submit(running, "/cancel")
    assert re.search("Cancelled|Being cancelled", cancelled.text)
    nothing = await ada.post_files(
        "/destinations/1/run", [*saved.form("/run").fields, ("with", "file")], None, follow=True
    )
    assert nothing.status == 422
    assert "Choose a file." in nothing.text
    again = await ada.post_files(
        "/destinations/1/run", [*saved.form("/run").fields, ("with", "file")], ("more.csv", PEOPLE), follow=True
    )
    assert "Queued" in again.text
    await ada.submit(again, "/cancel")
    gone = await ada.submit(await ada.open("/destinations/1/delete"), "/delete")
    assert "The destination is deleted" in gone.text
    kept = await ada.open(again.url.partition("?")[0])
    assert "which was deleted" in kept.text


async def test_rows_are_filtered_downloaded_mended_and_tried_again(ada: PlainBrowser, app: App) -> None:
    people = PEOPLE + b"=cmd(),Lovelace,ada@example.com,ada.marsh\n"
    await press(ada, await read_people(ada, people), "save", name="People in")
    run = await flows.begin_destination_run(app.flows, ADA, 1)
    await work_all(app)
    sheet = await ada.open(f"/runs/{run.id}")
    assert "2 created, 1 refused" in sheet.text
    refused = await ada.open(f"/runs/{run.id}?outcome=refused")
    assert "Hopper" not in refused.html
    assert "Turing" in refused.html
    assert "Retry these rows" in refused.text
    csv = await ada.http.get(f"/runs/{run.id}/rows.csv?outcome=refused")
    assert csv.headers["content-disposition"] == f'attachment; filename="run-{run.id}-refused.csv"'
    assert "Turing" in csv.text
    assert "Hopper" not in csv.text
    assert "'=cmd()" in (await ada.http.get(f"/runs/{run.id}/rows.csv")).text
    form = refused.form("/retry")
    mail = next(name for name, _ in form.fields if name.endswith(":E-Mail"))
    owner = next(name for name, _ in form.fields if name.endswith(":Owner"))
    mended = {mail: "alan@example.com", owner: "ada.marsh"}
    kept = [(name, value) for name, value in form.fields if name not in mended]
    sent = await ada.post(f"/runs/{run.id}/retry", [*kept, *mended.items()], follow=True)
    assert "Queued" in sent.text
    assert f"run no. {run.id}" in sent.text
    await work_all(app)
    done = await ada.open(sent.url.partition("?")[0])
    assert "1 created" in done.text
    assert "tried again in" in (await ada.open(f"/runs/{run.id}")).text
    nothing = await ada.post(f"/runs/{run.id + 1}/retry", [("csrf_token", token_of(done))])
    assert nothing.status == 409


async def test_retrying_what_isnt_there_is_refused(ada: PlainBrowser, app: App) -> None:
    token = token_of(await ada.open("/destinations"))
    assert (await ada.post("/runs/99/retry", [("csrf_token", token)])).status == 404
    assert (await ada.post("/runs/99/retry", [])).status == 403
    for path in ("/destinations/99", "/destinations/99/edit", "/destinations/99/delete", "/runs/99/rows.csv"):
        assert (await ada.open(path)).status == 404, path
    source = await flows.create(app.flows, ADA, flows.NewSource(name="Reads", credential_id=1))
    run = await flows.begin_run(app.flows, ADA, source.id)
    assert (await ada.open(f"/runs/{run.id}/rows.csv")).status == 404
    assert (await ada.post(f"/runs/{run.id}/retry", [("csrf_token", token)])).status == 404


async def test_hostile_names_columns_and_values_are_shown_as_text(ada: PlainBrowser, app: App) -> None:
    hostile = '"><img src=x onerror=alert(1)>{{7*7}}'
    quoted = hostile.replace('"', '""')
    content = f'First name,Last name,E-Mail,"{quoted}"\nGrace,"{quoted}",grace@example.com,x\n'
    sheet = await read_people(ada, content.encode())
    tried = await press(ada, sheet, "test")
    saved = await press(ada, tried, "save", name=hostile)
    run = await flows.begin_destination_run(app.flows, ADA, 1, rows=RowsSpec(inline=({"E-Mail": hostile},)))
    await work_all(app)
    for path in (
        "/destinations",
        "/destinations/1",
        "/destinations/1/edit",
        "/destinations/1/delete",
        f"/runs/{run.id}",
    ):
        html = (await ada.open(path)).html
        assert "<img src=x" not in html, path
        assert "49" not in html.split("onerror")[-1][:40], path
    assert "<img src=x" not in sheet.html + tried.html + saved.html


async def test_an_empty_list_says_what_would_stand_there(ada: PlainBrowser) -> None:
    sheet = await ada.open("/destinations")
    assert "There is none yet" in sheet.text
    assert "/destinations/new" in sheet.links


def token_of(sheet: Sheet) -> str:
    """Return the token that forms of a page carry."""
    return next(value for form in sheet.forms for name, value in form.fields if name == "csrf_token")


async def work_all(app: App) -> None:
    """Do what waits to be done, as a runner would."""
    for claimed in await flows.claim(app.flows, 10):
        await flows.work(app.flows, claimed)
