"""What pages show and do with a credential, keys and people; and what they never show."""

import re
from datetime import timedelta

import pytest

from consentry import accounts, credentials
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.credentials import NewCredential
from consentry.sandbox import RunningSandbox
from ground.consenting import ADA, Registered, add_credential, authorize
from ground.plain_browser import PlainBrowser
from joined.web.conftest import PASSWORD

HOSTILE = '"><img src=x onerror=alert(1)>{{7*7}}<script>alert(2)</script>'
CONFIGURE = "/sources/new?connector=capsule&credential=1&step=configure"


@pytest.fixture
async def connected(app: App, registered: Registered) -> int:
    """Add a credential and give consent."""
    credential = await add_credential(app, registered)
    await authorize(app, credential.id)
    return credential.id


async def test_hostile_names_are_shown_as_text_everywhere(ada: PlainBrowser, app: App) -> None:
    new = NewCredential(
        connector="capsule", name=HOSTILE, description=HOSTILE, client_id="id", client_secret=Secret("s" * 20)
    )
    credential = await credentials.create(app.credentials, ADA, new)
    await accounts.create_person(
        app.accounts, ADA, name=HOSTILE, email="x@example.com", password=Secret("long enough password")
    )
    link = await credentials.make_link(app.credentials, ADA, credential.id)
    paths = ["/credentials", "/audit", "/settings", "/sources/new?connector=capsule", link.url]
    paths += [f"/credentials/{credential.id}{more}" for more in ("", "/edit", "/delete", "/authorize")]
    paths += ["/credentials?q=" + HOSTILE.replace("&", ""), "/audit?q=%3Cscript%3Ealert(2)%3C/script%3E"]
    for path in paths:
        html = (await ada.open(path)).html
        assert "<img src=x" not in html, path
        assert "<script>alert" not in html, path
        assert "alert(1)&gt;49" not in html, path


async def test_no_page_shows_a_secret(ada: PlainBrowser, app: App, registered: Registered, connected: int) -> None:
    token = await credentials.token(app.credentials, ADA, connected)
    paths = ["/credentials", "/audit", "/settings", CONFIGURE]
    paths += [f"/credentials/{connected}{more}" for more in ("", "/edit", "/delete", "/authorize")]
    for path in paths:
        html = (await ada.open(path)).html
        assert registered.client_secret not in html, path
        assert token.access_token.reveal() not in html, path


async def test_a_secret_is_not_shown_again_when_another_field_was_wrong(ada: PlainBrowser) -> None:
    sheet = await ada.open("/credentials/new?connector=capsule")
    again = await ada.submit(sheet, "/credentials/new", name="Sales CRM", client_id="", client_secret="my-secret-words")
    assert again.status == 422
    assert "Client ID is required." in again.text
    assert "my-secret-words" not in again.html
    assert 'value="Sales CRM"' in again.html


async def test_the_script_is_told_of_each_field(ada: PlainBrowser) -> None:
    token = dict((await ada.open("/settings")).form("/signout").fields)["csrf_token"]
    headers = {"Accept": "application/json", "X-CSRF-Token": token}
    answer = await ada.http.post("/credentials/new", data={"connector": "capsule", "name": " "}, headers=headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["name", "client_id", "client_secret"]


async def test_a_name_that_is_taken_is_said_at_the_name(ada: PlainBrowser, connected: int) -> None:
    token = dict((await ada.open("/settings")).form("/signout").fields)["csrf_token"]
    form = {"connector": "capsule", "name": "sales crm", "client_id": "id", "client_secret": "secret"}
    headers = {"Accept": "application/json", "X-CSRF-Token": token}
    answer = await ada.http.post("/credentials/new", data=form, headers=headers)
    assert [error["field"] for error in answer.json()["errors"]] == ["name"]


async def test_a_credential_tells_its_state_its_facts_and_its_history(ada: PlainBrowser, connected: int) -> None:
    sheet = await ada.open(f"/credentials/{connected}")
    for words in ("Connected to acme", "Life of the grant", "Credential added", "Consent answered", "Set, ends in"):
        assert words in sheet.text, words
    assert '<svg class="life" role="img"' in sheet.html
    assert "The same in figures" in sheet.text


async def test_a_credential_is_tested_copied_and_edited(ada: PlainBrowser, app: App, connected: int) -> None:
    sheet = await ada.open(f"/credentials/{connected}")
    tested = await ada.submit(sheet, f"/credentials/{connected}/test")
    assert "The last test succeeded" in tested.text
    copy = await ada.submit(sheet, f"/credentials/{connected}/copy")
    assert "Sales CRM copy" in copy.text
    assert "Waiting for consent" in copy.text
    form = await ada.open(f"/credentials/{connected}/edit")
    edited = await ada.submit(form, f"/credentials/{connected}/edit", name="Sales", description="For reports")
    assert "Connected to acme" in edited.text
    changed = await credentials.get(app.credentials, connected)
    assert (changed.name, changed.description) == ("Sales", "For reports")


async def test_an_edit_that_waits_for_consent_is_what_is_edited_on(ada: PlainBrowser, app: App, connected: int) -> None:
    path = f"/credentials/{connected}/edit"
    step = await ada.submit(await ada.open(path), path, scope="read")
    assert "may have read" in step.text
    again = await ada.submit(await ada.open(path), path, description="Changed meanwhile")
    proposal = (await credentials.get(app.credentials, connected)).proposal
    assert again.status == 200
    assert proposal is not None
    assert proposal.scope == "read"


async def test_a_connect_link_is_shown_once(ada: PlainBrowser, connected: int) -> None:
    made = await ada.submit(await ada.open(f"/credentials/{connected}"), f"/credentials/{connected}/link")
    assert "/connect/" in made.html
    assert "/connect/" not in (await ada.open(f"/credentials/{connected}")).html


async def test_a_credential_is_deleted_after_being_asked(ada: PlainBrowser, app: App, connected: int) -> None:
    asked = await ada.open(f"/credentials/{connected}/delete")
    assert "Delete credential" in asked.text
    done = await ada.submit(asked, f"/credentials/{connected}/delete")
    assert "The credential is deleted" in done.text
    assert (await ada.open(f"/credentials/{connected}")).status == 404


async def test_deleting_asks_for_the_password_when_it_was_given_long_ago(
    ada: PlainBrowser, connected: int, clock: FakeClock
) -> None:
    path = f"/credentials/{connected}/delete"
    early = await ada.open(path)
    clock.advance(timedelta(minutes=16))
    refused = await ada.submit(early, path)
    assert refused.status == 422
    assert "This is not your password." in refused.text
    done = await ada.submit(refused, path, password=PASSWORD)
    assert "The credential is deleted" in done.text


async def test_a_credential_in_use_is_not_deleted(ada: PlainBrowser, app: App, connected: int) -> None:
    async with app.database.transaction() as connection:
        await credentials.add_use(connection, connected, credentials.Use(kind="source", id=1, name="Nightly"))
    refused = await ada.submit(await ada.open(f"/credentials/{connected}/delete"), f"/credentials/{connected}/delete")
    assert refused.status == 409
    assert "source Nightly" in refused.text


async def test_credentials_are_searched(ada: PlainBrowser, connected: int) -> None:
    assert "Sales CRM" in (await ada.open("/credentials?q=sales")).text
    assert "No credential fits" in (await ada.open("/credentials?q=nothing")).text
    assert "No credential fits" in (await ada.open("/credentials?status=refresh_failing")).text


async def test_the_first_visit_shows_three_numbered_steps(ada: PlainBrowser, app: App) -> None:
    sheet = await ada.open("/credentials")
    for words in ("Register an application at Capsule", "Add the credential", "Create a source"):
        assert words in sheet.text
    assert app.settings.redirect_uri in sheet.html


async def test_a_step_is_not_taken_before_the_one_it_needs(ada: PlainBrowser, app: App, registered: Registered) -> None:
    assert "Select a connector" in (await ada.open("/sources/new?step=configure")).text
    unchosen = await ada.open("/sources/new?connector=capsule&step=configure")
    assert (unchosen.status, "Choose a credential." in unchosen.text) == (422, True)
    await add_credential(app, registered)
    waiting = await ada.open(CONFIGURE)
    assert (waiting.status, "Sales CRM waits for consent." in waiting.text) == (422, True)
    assert (await ada.open("/sources/new?connector=nothing")).status == 404


async def test_a_test_shows_sample_rows_and_saves_nothing(ada: PlainBrowser, connected: int) -> None:
    sheet = await ada.open(CONFIGURE)
    chosen = [value for name, value in sheet.form("/sources/new/test").fields if name == "stream"]
    assert len(chosen) > 20, "all are chosen to begin with"
    tested = await ada.submit(sheet, "/sources/new/test", stream=["users", "parties"])
    assert "Sample rows" in tested.text
    assert "ada.marsh" in tested.text
    assert "2 streams could be read." in tested.html
    assert re.search(r"<button[^>]*formaction=\"/sources/new\"[^>]*>Save</button>", tested.html)


async def test_a_stream_that_cannot_be_read_says_why_and_spoils_no_other(
    ada: PlainBrowser, connected: int, sandbox: RunningSandbox
) -> None:
    sheet = await ada.open(CONFIGURE)
    nothing = await ada.submit(sheet, "/sources/new/test", stream=[])
    assert "Choose at least one stream." in nothing.text
    unknown = await ada.submit(sheet, "/sources/new/test", stream=["users", "made_up"])
    assert "1 stream could be read." in unknown.html


async def test_a_request_of_ones_own_is_read_and_kept_within_the_api(ada: PlainBrowser, connected: int) -> None:
    sheet = await ada.open(CONFIGURE + "&mode=manual")
    read = await ada.submit(sheet, "/sources/new/test", manual_path="users", manual_parameters="perPage=2")
    assert "ada.marsh" in read.text
    refused = await ada.submit(sheet, "/sources/new/test", manual_path="../../oauth/token")
    assert refused.status == 422
    missing = await ada.submit(sheet, "/sources/new/test", manual_path="nothing/here")
    assert "Capsule knows nothing at this address." in missing.text


async def test_an_api_key_is_shown_once_and_can_be_revoked(ada: PlainBrowser) -> None:
    sheet = await ada.open("/settings")
    made = await ada.submit(sheet, "/settings/keys", name="nightly", scopes=["read", "token"], life="30")
    key = re.search(r'value="(csy_[A-Za-z0-9_-]{43})"', made.html)
    assert key is not None
    later = await ada.open("/settings")
    assert key[1] not in later.html
    assert "read, token" in later.text
    revoked = await ada.submit(later, "/settings/keys/1/revoke")
    assert "Revoked" in revoked.text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": "", "scopes": ["read"], "life": "30"}, "Enter a name."),
        ({"name": "x", "scopes": [], "life": "30"}, "Choose at least one scope."),
        ({"name": "x", "scopes": ["everything"], "life": "30"}, "Choose at least one scope."),
        ({"name": "x", "scopes": ["read"], "life": "99999999"}, "Choose one of the times offered."),
    ],
)
async def test_a_key_that_cannot_be_made_says_why(
    ada: PlainBrowser, typed: dict[str, str | list[str]], words: str
) -> None:
    sheet = await ada.submit(await ada.open("/settings"), "/settings/keys", follow=True, **typed)
    assert sheet.status == 422
    assert words in sheet.text


async def test_a_key_that_may_do_everything_asks_for_the_password_again(ada: PlainBrowser, clock: FakeClock) -> None:
    clock.advance(timedelta(minutes=16))
    sheet = await ada.open("/settings")
    refused = await ada.submit(sheet, "/settings/keys", name="ops", scopes=["admin"], life="30")
    assert (refused.status, "This is not your password." in refused.text) == (422, True)
    made = await ada.submit(sheet, "/settings/keys", name="ops", scopes=["admin"], life="30", password=PASSWORD)
    assert "your new API key" in made.text


async def test_people_are_added_disabled_and_enabled(ada: PlainBrowser, guest: PlainBrowser) -> None:
    sheet = await ada.open("/settings")
    added = await ada.submit(
        sheet, "/settings/people", name="Ben", email="ben@example.com", password="long enough words"
    )
    assert "ben@example.com" in added.text
    assert (await guest.sign_in("ben@example.com", "long enough words")).status == 200
    disabled = await ada.submit(added, "/settings/people/2/disable")
    assert (await guest.open("/credentials", follow=False)).status == 303
    await ada.submit(disabled, "/settings/people/2/enable")
    assert (await guest.sign_in("ben@example.com", "long enough words")).status == 200


async def test_a_password_is_changed_with_the_present_one(ada: PlainBrowser, guest: PlainBrowser) -> None:
    sheet = await ada.open("/settings")
    refused = await ada.submit(
        sheet, "/settings/password", current_password="wrong", new_password="another long password"
    )
    assert refused.status == 422
    assert "another long password" not in refused.html
    done = await ada.submit(
        sheet, "/settings/password", current_password=PASSWORD, new_password="another long password"
    )
    assert "Your password is changed" in done.text
    assert (await guest.sign_in("ada@example.com", PASSWORD)).status == 401


async def test_the_trail_is_filtered_and_paged(ada: PlainBrowser, app: App, connected: int) -> None:
    for _ in range(60):
        await credentials.make_link(app.credentials, ADA, connected)
    first = await ada.open("/audit")
    assert "Connect link made" in first.text
    older = next(link for link in first.links if "page=2" in link)
    assert "Consent answered" in (await ada.open(older)).text
    only = await ada.open("/audit?action=authorization.complete")
    assert "Connect link made" not in " ".join(only.html.partition("<tbody>")[2:])
    assert "No entry fits" in (await ada.open("/audit?q=nothing-like-it")).text
    assert (await ada.open("/audit?credential=1&page=abc&action=odd")).status == 200
