"""From the last step of a new source to its page, its runs and its end, in a browser without script."""

import re

import pytest

from consentry import flows
from consentry.app import App
from ground.consenting import ADA, Registered, add_credential, authorize
from ground.plain_browser import PlainBrowser, Sheet

CONFIGURE = "/sources/new?connector=capsule&credential=1&step=configure"


@pytest.fixture
async def connected(app: App, registered: Registered) -> int:
    """Add a credential and give consent."""
    credential = await add_credential(app, registered)
    await authorize(app, credential.id)
    return credential.id


async def save(ada: PlainBrowser, sheet: Sheet, **typed: str | list[str]) -> Sheet:
    """Press Save in the last step."""
    kept = [(name, value) for name, value in sheet.form("/sources/new/test").fields if name not in typed]
    pairs = [(name, one) for name, value in typed.items() for one in (value if isinstance(value, list) else [value])]
    return await ada.post("/sources/new", [*kept, *pairs], follow=True)


@pytest.mark.usefixtures("connected")
async def test_a_source_is_saved_as_it_stands_and_shown(ada: PlainBrowser, app: App) -> None:
    saved = await save(ada, await ada.open(CONFIGURE))
    assert saved.status == 200, saved.text
    for words in ("The source is saved", "Run now", "Not run yet", "By hand", "sales_crm", "Sales CRM"):
        assert words in saved.text, words
    source = await flows.get(app.flows, int(saved.url.partition("?")[0].rpartition("/")[2]))
    assert (source.name, source.streams, source.warehouse.kind, source.schedule) == ("Sales CRM", None, "duckdb", None)


@pytest.mark.usefixtures("connected")
async def test_everything_that_was_chosen_is_kept_and_stands_in_the_form_again(ada: PlainBrowser, app: App) -> None:
    chosen: dict[str, str | list[str]] = {
        "name": "Finance",
        "stream": ["users", "parties"],
        "dataset": "books",
        "warehouse": "parquet",
        "parquet_path": "/tmp/books",
        "deletions": "remove",
        "full_number": "6",
        "full_unit": "hours",
        "schedule": "daily",
        "daily_at": "05:30",
        "timezone": "Europe/Berlin",
    }
    saved = await save(ada, await ada.open(CONFIGURE), **chosen)
    assert "Daily at 05:30, Europe/Berlin" in saved.text
    assert "every 6 hours" in saved.text
    form = (await ada.open(f"{saved.url.partition('?')[0]}/edit")).form("/edit")
    for name, value in chosen.items():
        found = [one for key, one in form.fields if key == name]
        assert sorted(found) == sorted(value if isinstance(value, list) else [value]), name


@pytest.mark.usefixtures("connected")
async def test_what_cant_be_is_said_at_its_field_and_nothing_is_saved(ada: PlainBrowser, app: App) -> None:
    wrong: dict[str, str | list[str]] = {"schedule": "cron", "cron": "nonsense", "timezone": "Nowhere/At all"}
    refused = await save(ada, await ada.open(CONFIGURE), **wrong)
    assert refused.status == 422
    assert 'value="nonsense"' in refused.html
    assert "Some fields need another look." in refused.text
    assert re.search(r'id="(cron|timezone)"[^>]*aria-invalid="true"', refused.html)
    nothing = await save(ada, await ada.open(CONFIGURE), stream=[], name="")
    assert nothing.status == 422
    assert "Choose at least one stream." in nothing.text
    assert "Source Name is required." in nothing.text
    assert (await flows.list_sources(app.flows))[0] == []


@pytest.mark.usefixtures("connected")
async def test_changes_within_seconds_are_chosen_shown_and_switched_off_again(ada: PlainBrowser, app: App) -> None:
    saved = await save(ada, await ada.open(CONFIGURE), hooks="on", stream=["parties", "users"])
    assert "No event is subscribed; changes come by the schedule" in saved.text
    source = await flows.get(app.flows, int(saved.url.partition("?")[0].rpartition("/")[2]))
    assert (source.hooks, len(source.events)) == (True, 6)
    await flows.tend_due(app.flows)
    shown = await ada.open(f"/sources/{source.id}")
    assert "Changes come within seconds: all 6 events are subscribed" in shown.text
    sheet = await ada.open(f"/sources/{source.id}/edit")
    assert "only an administrator's consent can set up hooks" in sheet.text
    form = sheet.form("/edit")
    assert ("hooks", "on") in form.fields
    kept = [(name, value) for name, value in form.fields if name != "hooks"]
    changed = await ada.post(f"/sources/{source.id}/edit", kept, follow=True)
    assert "Off: changes come by the schedule" in changed.text
    nothing = await save(ada, await ada.open(CONFIGURE), hooks="on", stream=["countries"], name="Countries")
    assert nothing.status == 422
    assert "None of the chosen streams has events to be told of." in nothing.text


@pytest.mark.usefixtures("connected")
async def test_a_name_that_is_taken_is_said_and_another_one_is_proposed(ada: PlainBrowser) -> None:
    first = await ada.open(CONFIGURE)
    await save(ada, first)
    again = await save(ada, first, dataset="another")
    assert again.status in (409, 422)
    assert "Sales CRM" in again.text
    assert ("name", "Sales CRM 2") in (await ada.open(CONFIGURE)).form("/sources/new/test").fields


@pytest.mark.usefixtures("connected")
async def test_a_manual_reading_request_becomes_a_source(ada: PlainBrowser, app: App) -> None:
    sheet = await ada.open(CONFIGURE + "&mode=manual")
    typed: dict[str, str | list[str]] = {
        "manual_path": "users",
        "manual_parameters": "perPage=2",
        "manual_records": "users",
        "name": "Users alone",
    }
    tested = await ada.submit(sheet, "/sources/new/test", follow=True, **typed)
    assert "Ada" in tested.text
    saved = await save(ada, sheet, **typed)
    source = await flows.get(app.flows, int(saved.url.partition("?")[0].rpartition("/")[2]))
    assert source.manual is not None
    assert (source.manual.path, source.manual.records_path) == ("users", "users")
    assert source.manual.parameters == {"perPage": "2"}


@pytest.mark.usefixtures("connected")
async def test_the_password_of_a_database_is_never_shown(ada: PlainBrowser) -> None:
    address = "postgresql://writer:hush-hush@db.example.com/warehouse"
    saved = await save(ada, await ada.open(CONFIGURE), warehouse="postgres", postgres_url=address)
    base = saved.url.partition("?")[0]
    for path in (base, f"{base}/edit", f"{base}/delete", "/sources", "/audit"):
        assert "hush-hush" not in (await ada.open(path)).html, path
    assert "db.example.com" in saved.text
    kept = await ada.submit(await ada.open(f"{base}/edit"), "/edit", name="Renamed")
    assert kept.status == 200, kept.text
    assert "db.example.com" in kept.text


@pytest.mark.usefixtures("connected")
async def test_a_warehouse_that_dlt_writes_to_is_chosen_by_its_kind_and_address(ada: PlainBrowser, app: App) -> None:
    sheet = await ada.open(CONFIGURE)
    wrong = await save(ada, sheet, warehouse="other", other_kind="mssql", other_url="snowflake://me:hush-hush@a/crm")
    assert wrong.status == 422
    assert "mssql://user:password@host" in wrong.text
    assert "hush-hush" not in wrong.html
    address = "mssql://writer:hush-hush@db.example.com/crm?PWD=hush-hush"
    saved = await save(ada, sheet, warehouse="other", other_kind="mssql", other_url=address)
    assert "Microsoft SQL Server" in saved.text
    base = saved.url.partition("?")[0]
    for path in (base, f"{base}/edit", "/sources"):
        assert "hush-hush" not in (await ada.open(path)).html, path
    kept = await ada.submit(await ada.open(f"{base}/edit"), "/edit", name="Renamed")
    assert "mssql://writer@db.example.com/crm" in kept.text
    stored = await flows.find_address(app.flows, int(base.rpartition("/")[2]))
    assert stored is not None
    assert stored.reveal() == address


@pytest.mark.usefixtures("connected")
async def test_what_a_first_run_takes_is_told_before_it(ada: PlainBrowser) -> None:
    sheet = await ada.open(CONFIGURE)
    pairs = [(name, value) for name, value in sheet.form("/sources/new/test").fields if name != "stream"]
    told = await ada.post("/sources/new/estimate", [*pairs, ("stream", "users"), ("stream", "parties")])
    assert told.status == 200, told.text
    assert re.search(r"About \d+ requests and [^.]+, under Capsule's limit of 4,000 an hour\.", told.text)


@pytest.mark.usefixtures("connected")
async def test_a_source_is_paused_activated_run_cancelled_and_deleted(ada: PlainBrowser, app: App) -> None:
    saved = await save(ada, await ada.open(CONFIGURE), schedule="every", every="2", every_unit="hours")
    base = saved.url.partition("?")[0]
    paused = await ada.submit(saved, "/pause")
    assert "The source is paused" in paused.text
    active = await ada.submit(paused, "/activate")
    assert "The source is active" in active.text
    running = await ada.submit(active, "/run")
    assert "Queued" in running.text
    runs = await ada.open("/runs")
    assert "Queued" in runs.text
    run = next(link for link in runs.links if re.search(r"/runs/\d+$", link))
    cancelled = await ada.submit(await ada.open(run), "/cancel")
    assert re.search("Cancelled|Being cancelled", cancelled.text)
    asked = await ada.open(f"{base}/delete")
    assert "Delete source" in asked.text
    gone = await ada.submit(asked, "/delete")
    assert gone.status in (200, 409)
    assert "The source is deleted" in gone.text or "run" in gone.text


async def test_pages_of_what_isnt_there_say_so(ada: PlainBrowser) -> None:
    for path in ("/sources/99", "/sources/99/edit", "/sources/99/delete", "/sources/99/dataset", "/runs/99"):
        assert (await ada.open(path)).status == 404, path
    assert "Nothing has run yet" in (await ada.open("/runs")).text
    assert "No run fits" in (await ada.open("/runs?status=failed")).text


@pytest.mark.usefixtures("connected")
async def test_hostile_names_of_sources_are_shown_as_text(ada: PlainBrowser, app: App) -> None:
    hostile = '"><img src=x onerror=alert(1)>{{7*7}}<script>alert(2)</script>'
    new = flows.NewSource(name=hostile, credential_id=1, dataset="plain")
    source = await flows.create(app.flows, ADA, new)
    run = await flows.begin_run(app.flows, ADA, source.id)
    for path in ("/sources", f"/sources/{source.id}", f"/sources/{source.id}/edit", f"/sources/{source.id}/delete"):
        html = (await ada.open(path)).html
        assert "<img src=x" not in html, path
        assert "alert(1)&gt;49" not in html, path
    for path in ("/runs", f"/runs/{run.id}"):
        assert "<img src=x" not in (await ada.open(path)).html, path
