"""The local home and a server on the same home answer alike: commands and library can't tell them apart."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

import consentry
from consentry import errors, settings
from consentry.core.secret import Secret
from consentry.credentials import CredentialEdit, NewCredential
from consentry.desk import ApiKeyView, CredentialView, Desk, ScheduleView, follow, open_desk
from consentry.sandbox import RunningSandbox, start
from ground.consenting import give_consent, register
from ground.household import Household, household


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningSandbox]:
    with start() as running:
        yield running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, provider: RunningSandbox) -> Iterator[Household]:
    """Run a server whose home has one connected credential, Sales CRM."""
    with household(tmp_path_factory.mktemp("house"), provider) as house:
        house.start_server()
        registered = register(provider, f"{house.url}/oauth/callback")
        added = house.ask(
            *("credential", "add", "--name", "Sales CRM", "--client-id", registered.client_id, "--no-wait"),
            CONSENTRY_CLIENT_SECRET=registered.client_secret,
        )
        asyncio.run(walk(added["connect_url"]))
        yield house


async def walk(connect_url: str) -> None:
    """Give consent as a browser would."""
    async with httpx2.AsyncClient() as browser:
        begun = await browser.post(connect_url)
        query = await give_consent(begun.headers["location"])
        callback = connect_url.partition("/connect/")[0] + "/oauth/callback?" + query
        done = await browser.get(callback, follow_redirects=True)
        assert done.status_code == 200, done.text


@pytest.fixture(scope="module")
def key(house: Household) -> str:
    return house.run("apikey", "create", "--name", "everything", "--scope", "admin").stdout.strip()


@pytest.fixture
def here(house: Household, provider: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    for name in ("CONSENTRY_HOME", "CONSENTRY_PORT", "CONSENTRY_CAPSULE_BASE_URL"):
        monkeypatch.setenv(name, house.environment[name])
    return settings.load()


@pytest.fixture
def there(house: Household, key: str) -> settings.Settings:
    return settings.load(url=house.url, api_key=key)


async def test_what_is_listed_is_the_same(here: settings.Settings, there: settings.Settings) -> None:
    async def look(desk: Desk) -> list[object]:
        sales = await desk.get("sales crm")
        return [
            await desk.list_connectors(),
            await desk.list_credentials(q="sales"),
            await desk.list_credentials(status="refresh_failing"),
            sales,
            await desk.get(sales.id),
            await desk.history(sales.id),
            await desk.list_api_keys(),
            await desk.list_people(),
            await desk.list_entries(credential_id=None, action="authorization.complete", q=None, limit=5),
            await desk.list_entries(credential_id=sales.id, action=None, q="sales", limit=3),
            await desk.verify(),
        ]

    async with open_desk(here, face="library") as local, open_desk(there, face="library") as remote:
        ours = await look(local)
        theirs = await look(remote)
    for mine, other in zip(ours, theirs, strict=True):
        assert without_last_use(mine) == without_last_use(other)


def without_last_use(found: object) -> object:
    """Leave out what looking itself changes."""
    if isinstance(found, list):
        return [without_last_use(each) for each in found]
    return replace(found, used_at=None) if isinstance(found, ApiKeyView | CredentialView) else found


@pytest.mark.parametrize("which", ["here", "there"])
async def test_a_credential_lives_its_life(
    which: str, request: pytest.FixtureRequest, provider: RunningSandbox
) -> None:
    found: settings.Settings = request.getfixturevalue(which)
    async with open_desk(found, face="cli") as desk:
        new = NewCredential(connector="capsule", name=f"Life {which}", client_id="x", client_secret=Secret("a secret"))
        added = await desk.create(new)
        assert added.status == "authorization_required"
        assert added.connect_url is not None
        edited = await desk.edit(added.id, CredentialEdit(description="changed"))
        assert (edited.description, edited.name) == ("changed", f"Life {which}")
        link = await desk.connect(added.id)
        assert link.connect_url.startswith(desk.public_url + "/connect/")
        copied = await desk.copy(added.id, f"Copy {which}")
        assert copied.connect_url is not None
        checked = await desk.test(added.id)
        assert checked.status == "failed"
        with pytest.raises(errors.AuthorizationRequired):
            await desk.token(added.id, min_ttl=timedelta(0), force=False)
        with pytest.raises(errors.Conflict):
            await desk.create(new)
        for each in (added, copied):
            await desk.delete(each.id)
            with pytest.raises(errors.NotFound):
                await desk.get(each.id)


@pytest.mark.parametrize("which", ["here", "there"])
async def test_a_source_lives_its_life(which: str, request: pytest.FixtureRequest) -> None:
    found: settings.Settings = request.getfixturevalue(which)
    async with open_desk(found, face="cli") as desk:
        sales = await desk.get("Sales CRM")
        fields: dict[str, Any] = {
            "name": f"Source {which}",
            "credential_id": sales.id,
            "streams": ["users"],
            "deletions": "remove",
        }
        added = await desk.flows.create_source({**fields, "schedule": {"every": "2h"}, "full_listing_every": "12h"})
        assert (added.streams, added.dataset, added.deletions) == (("users",), f"source_{which}", "remove")
        assert added.schedule == ScheduleView(every="2h")
        assert (added.full_listing_every, added.is_active) == ("12h", True)
        assert (await desk.get("Sales CRM")).used_by.sources[-1].name == f"Source {which}"
        assert (await desk.flows.set_active(added.id, active=False)).is_active is False
        assert (await desk.flows.set_active(added.id, active=True)).is_active is True
        (sample,) = await desk.flows.test_source(added.id)
        assert (sample.stream, len(sample.records), sample.error) == ("users", 4, None)
        with pytest.raises(errors.Conflict):
            await desk.flows.create_source(fields)
        with pytest.raises(errors.InvalidInput) as wrong:
            await desk.flows.create_source({**fields, "name": "Wrong", "streams": ["invoices"]})
        assert [each.field for each in wrong.value.errors] == ["streams"]
        assert (await desk.flows.get_source(f"source {which}")).id == added.id
        await desk.flows.delete_source(added.id)
        with pytest.raises(errors.NotFound, match="no source named"):
            await desk.flows.get_source(f"Source {which}")
        with pytest.raises(errors.NotFound):
            await desk.flows.get_source(added.id)


async def test_sources_and_runs_look_the_same_from_both_desks(
    here: settings.Settings, there: settings.Settings
) -> None:
    async with open_desk(here, face="cli") as local, open_desk(there, face="cli") as remote:
        sales = await local.get("Sales CRM")
        manual = {"path": "api/v2/users", "parameters": {"embed": "party"}, "records_path": "users"}
        added = await local.flows.create_source({"name": "By hand", "credential_id": sales.id, "manual": manual})
        assert await remote.flows.get_source("By hand") == added == await local.flows.get_source("By hand")
        assert await remote.flows.list_sources() == await local.flows.list_sources()
        assert await remote.flows.list_runs(source_id=added.id, status=None, limit=5) == []
        for desk in (local, remote):
            with pytest.raises(errors.NotFound):
                await desk.flows.get_run(4_000_000)
        await remote.flows.delete_source(added.id)


@pytest.mark.parametrize("which", ["here", "there"])
async def test_a_destination_lives_its_life(which: str, request: pytest.FixtureRequest) -> None:
    found: settings.Settings = request.getfixturevalue(which)

    async def file() -> AsyncIterator[bytes]:
        yield b"Email,Surname\n"
        yield f"{which}@example.com,Quist\n".encode()

    async with open_desk(found, face="cli") as desk:
        flows, work = desk.flows, desk.destinations
        sales = await desk.get("Sales CRM")
        rows = {"file": (await work.upload("people.csv", file())).file}
        suggestion = await work.suggest(sales.id, "upsert_person", rows)
        assert [each.name for each in suggestion.columns] == ["Email", "Surname"]
        mapping = {name: {"column": each.column} for name, each in suggestion.mapping.items()}
        fields: dict[str, Any] = {
            "name": f"Into {which}",
            "credential_id": sales.id,
            "template": "upsert_person",
            "rows": rows,
            "mapping": mapping,
        }
        added = await work.create_destination(fields)
        assert (added.rows.file, added.mapping["lastName"].column) == (rows["file"], "Surname")
        assert (await desk.get("Sales CRM")).used_by.destinations[-1].name == f"Into {which}"
        edited = await work.edit_destination(added.id, {"nested": "replace", "schedule": {"every": "2h"}})
        assert (edited.nested, edited.schedule) == ("replace", ScheduleView(every="2h"))
        assert (await work.set_active(added.id, active=False)).is_active is False
        trial = await work.test_destination(added.id)
        assert (trial.status, trial.rows[0].mapped["lastName"]) == ("success", "Quist")
        seen = await work.preview(added.id)
        assert (seen.counts.created, seen.rows[0].outcome) == (1, "created")
        bad = {"inline": [{"Email": "no address", "Surname": "Quist"}, {"Email": f"{which}@example.com"}]}
        run = await follow(flows, await work.run_destination(added.id, rows=bad))
        assert (run.kind, run.status, run.rows.refused) == ("destination", "failed", 2)
        (first, second) = await work.list_rows(run.id, outcome="refused")
        assert (first.values["Email"], second.row) == ("no address", 2)
        assert [row async for row in work.iterate_rows(run.id)] == [first, second]
        text = b"".join([piece async for piece in work.export_rows(run.id, outcome="refused")])
        assert text.startswith(b"Email,Surname,row,outcome,record_id,errors\r\nno address,Quist,1,refused,,")
        mended = {1: {"Email": f"first@{which}.example", "Surname": "Quist"}, 2: {"Email": f"{which}@x.example"}}
        again = await follow(flows, await work.retry_run(run.id, mended))
        assert (again.status, again.rows.created, again.rows.refused, again.retry_of) == ("partly_failed", 1, 1, run.id)
        assert [each.id for each in await flows.list_runs(destination_id=added.id, status=None, limit=5)] == [
            again.id,
            run.id,
        ]
        with pytest.raises(errors.Conflict):
            await work.create_destination(fields)
        with pytest.raises(errors.InvalidInput) as wrong:
            await work.create_destination({**fields, "name": "Wrong", "mapping": {"owner": {}, **mapping}})
        assert [each.field for each in wrong.value.errors] == ["mapping.owner"]
        assert (await work.get_destination(f" into {which}")).id == added.id
        await work.delete_destination(added.id)
        with pytest.raises(errors.NotFound, match="no destination named"):
            await work.get_destination(f"Into {which}")
        with pytest.raises(errors.NotFound):
            await work.list_rows(4_000_000)


async def test_destinations_and_their_runs_look_the_same_from_both_desks(
    here: settings.Settings, there: settings.Settings
) -> None:
    async with open_desk(here, face="cli") as local, open_desk(there, face="cli") as remote:
        sales = await local.get("Sales CRM")
        fields: dict[str, Any] = {
            "name": "By hand",
            "credential_id": sales.id,
            "template": "manual",
            "rows": {"inline": [{"id": 4_000_000}]},
            "manual": {"method": "PUT", "path": "parties/{id}", "body": {"party": {"about": "x"}}},
        }
        added = await remote.destinations.create_destination(fields)
        assert await local.destinations.get_destination("By hand") == added
        assert await remote.destinations.list_destinations() == await local.destinations.list_destinations()
        run = await follow(remote.flows, await remote.destinations.run_destination(added.id))
        assert await local.flows.get_run(run.id) == run
        rows = await local.destinations.list_rows(run.id)
        assert await remote.destinations.list_rows(run.id) == rows != []
        assert [row async for row in remote.destinations.iterate_rows(run.id)] == rows
        for desk in (local, remote):
            with pytest.raises(errors.InvalidInput):
                await desk.destinations.list_rows(run.id, outcome="nonsense")
        await remote.destinations.delete_destination(added.id)


@pytest.mark.parametrize("which", ["here", "there"])
async def test_keys_and_people_are_looked_after(which: str, request: pytest.FixtureRequest) -> None:
    found: settings.Settings = request.getfixturevalue(which)
    async with open_desk(found, face="cli") as desk:
        end = datetime.now(UTC) + timedelta(days=1)
        made = await desk.create_api_key(f"key {which}", ["read", "use"], end)
        assert made.key.reveal().startswith(made.view.prefix)
        assert set(made.view.scopes) == {"read", "use"}
        assert (await desk.revoke_api_key(made.view.id)).revoked_at is not None
        with pytest.raises(errors.InvalidInput):
            await desk.create_api_key("no", ["everything"], None)
        for number in (1, 2):
            email = f"person{number}@{which}.example.com"
            person = await desk.create_person(name="Ada", email=email, password=Secret("a sentence is fine"))
        assert (await desk.set_disabled(person.id, disabled=True)).disabled_at is not None
        assert (await desk.set_disabled(person.id, disabled=False)).disabled_at is None
        await desk.set_password(person.id, Secret("another sentence"))


@pytest.mark.parametrize("which", ["here", "there"])
async def test_what_is_wrong_is_said_alike(which: str, request: pytest.FixtureRequest) -> None:
    found: settings.Settings = request.getfixturevalue(which)
    async with open_desk(found, face="cli") as desk:
        with pytest.raises(errors.NotFound, match="no credential named Nothing"):
            await desk.get("Nothing")
        with pytest.raises(errors.NotFound):
            await desk.get(4_000_000)
        with pytest.raises(errors.InvalidInput) as wrong:
            await desk.create(
                NewCredential(connector="capsule", name="a\nb", client_id="x", client_secret=Secret("a secret"))
            )
        assert [each.field for each in wrong.value.errors] == ["name"]


async def test_a_key_that_is_not_known_is_said(house: Household) -> None:
    async with open_desk(settings.load(url=house.url, api_key="csy_wrong"), face="cli") as desk:
        with pytest.raises(errors.NotSignedIn):
            await desk.list_credentials()


async def test_an_address_without_consentry_is_said(provider: RunningSandbox) -> None:
    async with open_desk(settings.load(url=provider.url, api_key="csy_wrong"), face="cli") as desk:
        with pytest.raises(errors.OperatorError, match="not in the way of Consentry"):
            await desk.list_credentials()


def test_the_library_reads_through_the_server(house: Household, key: str, provider: RunningSandbox) -> None:
    with consentry.open(url=house.url, api_key=key) as hub:
        sales = hub.credential("Sales CRM")
        assert sales.status == "authorized"
        assert sales.test().status == "success"
        with sales.client(wait=1) as http:
            page = http.get("/api/v2/parties", params={"perPage": 5})
            assert len(page.json()["parties"]) == 5
            assert page.links["next"]["url"].startswith(house.url)
            assert len(http.get(page.links["next"]["url"]).json()["parties"]) == 5
        answer = httpx2.get(f"{provider.url}/api/v2/users", auth=sales.auth())
        assert answer.status_code == 200
        assert sales.token() == answer.request.headers["Authorization"].removeprefix("Bearer ")


def test_a_401_reaches_the_server_as_one_refresh(house: Household, key: str, provider: RunningSandbox) -> None:
    with consentry.open(url=house.url, api_key=key) as hub:
        sales = hub.credential("Sales CRM")
        sales.token()
        before = provider.world.journal.counts("token_requests").get("refresh_token", 0)
        provider.world.expire_access_tokens()
        for _ in range(2):
            assert httpx2.get(f"{provider.url}/api/v2/users", auth=sales.auth()).status_code == 200
        assert provider.world.journal.counts("token_requests")["refresh_token"] == before + 1


def test_the_api_key_is_sent_to_its_server_only(house: Household, key: str, provider: RunningSandbox) -> None:
    with (
        consentry.open(url=house.url, api_key=key) as hub,
        hub.credential("Sales CRM").client() as http,
        pytest.raises(errors.AddressRefused),
    ):
        http.get(f"{provider.url}/api/v2/users")


async def test_the_same_works_with_await(
    here: settings.Settings, house: Household, key: str, provider: RunningSandbox
) -> None:
    for opening in (consentry.aio.open(), consentry.aio.open(url=house.url, api_key=key)):
        async with opening as hub:
            sales = await hub.credential("Sales CRM")
            assert await sales.status == "authorized"
            assert (await sales.test()).status == "success"
            token = await sales.token(min_ttl=timedelta(minutes=1))
            assert token == await sales.token(min_ttl=60)
            async with sales.client() as http:
                assert (await http.get("/api/v2/users")).json()["users"]
            provider.world.expire_access_tokens()
            async with httpx2.AsyncClient(auth=sales.auth()) as mine:
                assert (await mine.get(f"{provider.url}/api/v2/users")).status_code == 200


async def test_a_hub_may_be_awaited_and_closed(here: settings.Settings, provider: RunningSandbox) -> None:
    hub = await consentry.aio.open()
    try:
        sales = await hub.credential("Sales CRM")
        with pytest.raises(errors.CallerError, match="awaited"):
            httpx2.get(f"{provider.url}/api/v2/users", auth=sales.auth())
        assert await sales.token()
    finally:
        await hub.close()


def test_a_home_that_was_named_is_used_whatever_the_environment_says(
    house: Household, here: settings.Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONSENTRY_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("CONSENTRY_API_KEY", "csy_wrong")
    monkeypatch.setenv("CONSENTRY_HOME", str(tmp_path))
    with consentry.open(house.home) as hub:
        assert hub.credential("Sales CRM").token()


def test_a_stream_reads_the_same_through_the_server(
    house: Household, here: settings.Settings, key: str, provider: RunningSandbox
) -> None:
    with consentry.open() as near, consentry.open(url=house.url, api_key=key) as far:
        for name in ("parties", "milestones", "users"):
            straight = list(near.credential("Sales CRM").stream(name))
            assert len(straight) > 0
            assert list(far.credential("Sales CRM").stream(name)) == straight
        provider.world.fail("api", 403)
        with pytest.raises(errors.ScopeMissing):
            list(far.credential("Sales CRM").stream("users"))
        with pytest.raises(errors.NotFound):
            far.credential("Sales CRM").stream("invoices")
