"""In a real Chromium: from Add Credential to the tile selected, with the pop-up, without it, and when it goes wrong."""

import pytest
from playwright.async_api import Browser, expect

from consentry.sandbox import RunningSandbox
from ground.processes import Running
from ground.visitor import Visitor, approve, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

NO_POPUPS = "window.open = () => null"


async def test_consent_in_the_pop_up_ends_with_the_tile_selected(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.fill_in()
    await ada.save()
    window = await ada.press_authorize()
    await ada.expect_words("Waiting for consent")
    await approve(window)
    await ada.expect_chosen()
    assert window.is_closed()
    await expect(ada.radio).to_be_focused()
    await expect(ada.page.get_by_role("status").first).to_contain_text(f"{ada.name}: Connected to acme")
    await ada.page.get_by_role("button", name="Continue").click()
    await expect(ada.page.get_by_role("group", name="Streams")).to_be_visible()
    assert ada.complaints == []


async def test_where_pop_ups_are_blocked_consent_is_given_in_the_same_window(ada: Visitor) -> None:
    await ada.page.add_init_script(NO_POPUPS)
    await ada.open_overlay()
    await ada.fill_in()
    await ada.save()
    await ada.authorize.click()
    await ada.expect_words("Your browser blocked the window.")
    await ada.page.get_by_role("button", name="Go to Capsule in this window").click()
    await ada.page.wait_for_url("**/oauth/authorise**")
    await approve(ada.page)
    await ada.page.wait_for_url("**/sources/new?**")
    await ada.expect_chosen()


async def test_without_script_the_same_way_leads_through_pages(
    chromium: Browser, house: Running, provider: RunningSandbox
) -> None:
    async with visiting(chromium, house, provider, java_script_enabled=False) as ada:
        await ada.go("/sources/new")
        await ada.page.get_by_role("link", name="Capsule").click()
        await ada.page.get_by_role("button", name="Add Credential").click()
        await ada.fill_in()
        await ada.page.get_by_role("button", name="Save").click()
        await ada.authorize.click()
        await ada.page.wait_for_url("**/oauth/authorise**")
        await approve(ada.page)
        await ada.page.get_by_role("link", name="Continue").click()
        await expect(ada.radio).to_be_checked()


async def test_a_refusal_is_said_and_the_next_try_succeeds(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.fill_in()
    await ada.save()
    window = await ada.press_authorize()
    await window.get_by_role("button", name="Deny").click()
    await ada.expect_words("Consent was refused at the provider.")
    await approve(await ada.press_authorize("Try again"))
    await ada.expect_chosen()


async def test_a_closed_window_is_said_and_the_next_try_succeeds(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.fill_in()
    await ada.save()
    await (await ada.press_authorize()).close()
    await ada.expect_words("The window was closed before consent was given.")
    await approve(await ada.press_authorize("Try again"))
    await ada.expect_chosen()


async def test_after_five_minutes_it_is_said_that_nobody_answered(ada: Visitor) -> None:
    await ada.page.clock.install()
    await ada.open_overlay()
    await ada.fill_in()
    await ada.save()
    window = await ada.press_authorize()
    await ada.expect_words("Waiting for consent")
    async with window.expect_event("close"):
        await ada.page.clock.fast_forward("05:01")
    await ada.expect_words("Nobody gave consent within five minutes.")
    await ada.page.clock.resume()
    await approve(await ada.press_authorize("Try again"))
    await ada.expect_chosen()


async def test_a_wrong_client_secret_is_said_as_what_it_is(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.fill_in(secret="not-the-secret-at-all")
    await ada.save()
    await approve(await ada.press_authorize())
    await ada.expect_words("client")
    await expect(ada.page.get_by_role("button", name="Try again")).to_be_visible()


async def test_while_nobody_answers_it_is_said_and_goes_on_by_itself(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.fill_in()
    await ada.save()
    window = await ada.press_authorize()
    await ada.page.route("**/authorizations/*", lambda route: route.abort())
    await ada.expect_words("Consentry doesn't answer.")
    await ada.page.unroute("**/authorizations/*")
    await ada.expect_words("Waiting for consent")
    await approve(window)
    await ada.expect_chosen()


async def test_who_was_signed_out_meanwhile_is_told(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.fill_in()
    await ada.save()
    await ada.press_authorize()
    other = await ada.context.new_page()
    await other.goto(f"{ada.server.url}/settings")
    await other.get_by_role("button", name="Sign out").first.click()
    await ada.expect_words("You are signed out.")


@pytest.mark.parametrize(("button", "account"), [("Use this account", "globex"), ("Keep the present account", "acme")])
async def test_consent_from_another_account_is_asked_about(ada: Visitor, button: str, account: str) -> None:
    await ada.go(await ada.connect())
    await ada.page.get_by_role("button", name="Authorize again").click()
    await expect(ada.authorize).to_be_visible()
    await approve(await ada.press_authorize(), user="Dana Petrov")
    await ada.expect_words("Consent came from another account.")
    await ada.page.get_by_role("button", name=button).click()
    await expect(ada.page.get_by_role("dialog")).to_be_hidden()
    await expect(ada.page.locator("[data-status]")).to_contain_text(f"Connected to {account}")


async def test_saving_for_later_leaves_a_tile_that_waits(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.fill_in()
    await ada.save()
    await ada.page.get_by_role("button", name="Not now").click()
    await expect(ada.tile).to_contain_text("Waiting for consent")
    await ada.page.get_by_role("button", name="Continue").click()
    await expect(ada.page.get_by_role("alert")).to_contain_text(f"{ada.name} waits for consent.")
    await ada.page.get_by_role("button", name=f"Authorize {ada.name}").click()
    await approve(await ada.press_authorize())
    await ada.expect_chosen()
    await expect(ada.page.get_by_role("status").first).to_contain_text("Connected to acme")


async def test_the_whole_way_can_be_gone_by_keyboard(ada: Visitor) -> None:
    await ada.go("/sources/new")
    keys = ada.page.keyboard
    await ada.page.get_by_role("link", name="Capsule").focus()
    await keys.press("Enter")
    await ada.page.wait_for_url("**connector=capsule**")
    await ada.page.get_by_role("button", name="Add Credential").focus()
    await keys.press("Enter")
    await expect(ada.page.get_by_label("Credential Name")).to_be_focused()
    await keys.press("Escape")
    await expect(ada.page.get_by_role("dialog")).to_be_hidden()
    await expect(ada.page.get_by_role("button", name="Add Credential")).to_be_focused()
    await keys.press("Enter")
    await expect(ada.page.get_by_label("Credential Name")).to_be_focused()
    await keys.type(ada.name)
    await ada.page.get_by_label("Client ID").focus()
    await keys.type(ada.registered.client_id)
    await keys.press("Tab")
    await keys.type(ada.registered.client_secret)
    await keys.press("Enter")
    await expect(ada.authorize).to_be_focused()
    async with ada.page.expect_popup() as opening:
        await keys.press("Enter")
    window = await opening.value
    await window.wait_for_url("**/oauth/authorise**")
    await approve(window)
    await ada.expect_chosen()
