"""From Add Credential to a connected tile without any script, and every way in which consent can fail."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from consentry import credentials
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Status
from ground.consenting import ADA, Registered, add_credential, authorize, give_consent
from ground.plain_browser import PlainBrowser, Sheet

STEP = "/sources/new?connector=capsule&step=authenticate"


async def save_credential(browser: PlainBrowser, registered: Registered, *, return_to: str = STEP) -> Sheet:
    """Add a credential as the page without script does; return the consent step."""
    sheet = await browser.open("/credentials/new?connector=capsule&return_to=" + return_to.replace("&", "%26"))
    return await browser.submit(
        sheet,
        "/credentials/new",
        name="Sales CRM",
        client_id=registered.client_id,
        client_secret=registered.client_secret,
    )


async def leave(browser: PlainBrowser, sheet: Sheet) -> str:
    """Press Authorize; return the provider's address that the browser is sent to."""
    left = await browser.submit(sheet, "/authorize", follow=False)
    assert left.status == 303
    return left.headers["location"]


async def come_back(browser: PlainBrowser, query: str) -> Sheet:
    """Come back from the provider."""
    return await browser.open("/oauth/callback?" + query)


async def test_a_credential_is_added_and_authorized_without_any_script(
    ada: PlainBrowser, app: App, registered: Registered
) -> None:
    step = await save_credential(ada, registered)
    assert "Authorize Sales CRM" in step.text
    result = await come_back(ada, await give_consent(await leave(ada, step)))
    assert urlsplit(result.url).path.startswith("/oauth/result/")
    assert urlsplit(result.url).query == ""
    assert "Connected to acme" in result.text
    onward = next(link for link in result.links if link.startswith("/sources/new"))
    tiles = await ada.open(onward)
    assert ("credential", "1") in tiles.form("/sources/new", "get").fields
    assert "Connected to acme" in tiles.text


async def test_the_consent_step_lets_its_form_go_to_the_provider(
    ada: PlainBrowser, app: App, registered: Registered
) -> None:
    step = await save_credential(ada, registered)
    provider = app.catalogue.get("capsule").base_url
    assert f"form-action 'self' https: {provider}" in step.headers["content-security-policy"]


async def test_the_flow_cookie_goes_with_the_callback(ada: PlainBrowser, registered: Registered) -> None:
    step = await save_credential(ada, registered)
    left = await ada.submit(step, "/authorize", follow=False)
    cookie = next(value for value in left.headers.get_list("set-cookie") if value.startswith("consentry-flow-"))
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=600"} <= {part.strip() for part in cookie.split(";")}
    query = await give_consent(left.headers["location"])
    back = await ada.open("/oauth/callback?" + query, follow=False)
    assert back.status == 303
    assert back.headers["referrer-policy"] == "no-referrer"
    assert not [name for name in ada.http.cookies if name.startswith("consentry-flow-")]


async def test_a_refusal_is_said_in_words_and_can_be_tried_again(ada: PlainBrowser, registered: Registered) -> None:
    step = await save_credential(ada, registered)
    query = await give_consent(await leave(ada, step), decision="deny")
    result = await come_back(ada, query)
    assert "Consent was refused at the provider." in result.text
    again = await come_back(ada, await give_consent(await leave(ada, step)))
    assert "Connected to acme" in again.text


async def test_a_callback_counts_once(ada: PlainBrowser, registered: Registered) -> None:
    query = await give_consent(await leave(ada, await save_credential(ada, registered)))
    await come_back(ada, query)
    second = await come_back(ada, query)
    assert second.status == 400
    assert "completed already" in second.text


async def test_looking_ahead_at_a_callback_does_not_use_it_up(ada: PlainBrowser, registered: Registered) -> None:
    query = await give_consent(await leave(ada, await save_credential(ada, registered)))
    assert (await ada.http.head("/oauth/callback?" + query)).status_code == 405
    assert "Connected to acme" in (await come_back(ada, query)).text


async def test_a_callback_counts_in_no_other_browser(
    ada: PlainBrowser, guest: PlainBrowser, app: App, registered: Registered
) -> None:
    query = await give_consent(await leave(ada, await save_credential(ada, registered)))
    back = await guest.open("/oauth/callback?" + query, follow=False)
    assert back.status == 303
    assert (await guest.open(back.headers["location"])).status == 404
    assert (await credentials.get(app.credentials, 1)).status is Status.AUTHORIZATION_REQUIRED


async def test_a_callback_counts_no_more_after_ten_minutes(
    ada: PlainBrowser, registered: Registered, clock: FakeClock
) -> None:
    address = await leave(ada, await save_credential(ada, registered))
    clock.advance(timedelta(minutes=11))
    result = await come_back(ada, await give_consent(address))
    assert "could not be connected" in result.text
    assert "ten minutes" in result.text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=unknown&code=x",
        "error=access_denied",
        "state=a&state=b&code=x",
        "state=<script>alert(1)</script>&error=<b>x</b>&error_description=<script>alert(1)</script>",
        "state=" + "x" * 9000,
    ],
)
async def test_a_callback_that_belongs_to_nothing_is_refused_in_words(guest: PlainBrowser, query: str) -> None:
    sheet = await come_back(guest, query)
    assert sheet.status == 400
    assert "<script>alert" not in sheet.html
    assert "error_description" not in sheet.html


async def test_the_provider_s_own_words_about_an_error_are_never_shown(
    ada: PlainBrowser, registered: Registered
) -> None:
    address = await leave(ada, await save_credential(ada, registered))
    state = dict(part.split("=", 1) for part in urlsplit(address).query.split("&"))["state"]
    result = await come_back(ada, f"state={state}&error=server_error&error_description=<script>Oops</script>")
    assert result.status == 200
    assert "Oops" not in result.html


async def test_the_page_s_script_is_told_how_an_authorization_goes(ada: PlainBrowser, registered: Registered) -> None:
    step = await save_credential(ada, registered)
    token = dict(step.form("/authorize").fields)["csrf_token"]
    headers = {"Accept": "application/json", "X-CSRF-Token": token}
    begun = (await ada.http.post("/credentials/1/authorize", headers=headers)).json()
    told = f"/authorizations/{begun['authorization']}"
    assert (await ada.http.get(told, headers=headers)).json()["status"] == "begun"
    await come_back(ada, await give_consent(begun["authorize_url"]))
    answer = (await ada.http.get(told, headers=headers)).json()
    assert (answer["status"], answer["account"]) == ("connected", "acme")


async def test_nobody_else_is_told_how_an_authorization_goes(
    ada: PlainBrowser, guest: PlainBrowser, address: str, registered: Registered, app: App
) -> None:
    await leave(ada, await save_credential(ada, registered))
    assert (await guest.http.get("/authorizations/1", headers={"Accept": "application/json"})).status_code == 401
    async with PlainBrowser(address) as same_person:
        await same_person.sign_in("ada@example.com", "correct horse battery staple")
        assert (await same_person.open("/authorizations/1")).status == 404
        assert (await same_person.open("/oauth/result/1")).status == 404


@pytest.mark.parametrize(("button", "account"), [("yes", "globex"), ("no", "acme")])
async def test_another_account_is_asked_about_before_anything_is_replaced(
    ada: PlainBrowser, app: App, registered: Registered, button: str, account: str
) -> None:
    credential = await add_credential(app, registered)
    await authorize(app, credential.id)
    step = await ada.open(f"/credentials/{credential.id}/authorize")
    result = await come_back(ada, await give_consent(await leave(ada, step), user="dana.petrov"))
    assert "Consent came from another account: globex" in result.text
    decided = await ada.submit(result, "/confirm-account", accept=button)
    assert f"Connected to {account}" in decided.text


async def test_a_connect_link_says_who_asks_for_what_and_works_without_signing_in(
    guest: PlainBrowser, app: App, registered: Registered
) -> None:
    credential = await add_credential(app, registered, scope="read")
    link = await credentials.make_link(app.credentials, ADA, credential.id)
    path = urlsplit(link.url).path
    sheet = await guest.open(path)
    for words in ("ada@example.com", "Sales CRM", "Capsule", "read", app.settings.public_url):
        assert words in sheet.text
    assert (await guest.open(path)).status == 200, "looking at it does not use it up"
    left = await guest.submit(sheet, path, follow=False)
    assert left.status == 303
    result = await come_back(guest, await give_consent(left.headers["location"]))
    assert "Sales CRM is connected" in result.text
    used = await guest.open(path)
    assert used.status == 410
    assert "used already" in used.text


async def test_a_connect_link_works_once_and_for_an_hour(
    guest: PlainBrowser, app: App, registered: Registered, clock: FakeClock
) -> None:
    credential = await add_credential(app, registered)
    link = await credentials.make_link(app.credentials, ADA, credential.id)
    clock.advance(timedelta(hours=1, seconds=1))
    assert (await guest.open(urlsplit(link.url).path)).status == 410
    assert (await guest.post(urlsplit(link.url).path, [])).status == 410


async def test_a_page_elsewhere_cannot_press_a_connect_links_button(
    guest: PlainBrowser, app: App, registered: Registered
) -> None:
    credential = await add_credential(app, registered)
    path = urlsplit((await credentials.make_link(app.credentials, ADA, credential.id)).url).path
    assert (await guest.post(path, [], Origin="https://evil.example")).status == 403
    assert (await guest.post(path, [])).status == 303, "it was not used up by that"


@pytest.mark.parametrize("path", ["/oauth/callback?state=guess&code=x", "/connect/guess"])
async def test_who_guesses_states_and_links_is_slowed_down(guest: PlainBrowser, path: str, clock: FakeClock) -> None:
    for _ in range(400):
        answer = await guest.http.get(path)
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    clock.advance(timedelta(seconds=int(answer.headers["retry-after"])))
    assert (await guest.http.get(path)).status_code in (400, 404)
