"""In a real Chromium: every page by day and in the dark, on a wide screen and a phone; and what the overlay does."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from ground.visitor import Visitor, approve

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = (
    "/credentials",
    "{credential}",
    "{credential}/edit",
    "{credential}/authorize",
    "{credential}/delete",
    "/credentials/new?connector=capsule",
    "/sources",
    "/sources/new",
    "/sources/new?connector=capsule&credential={id}&step=authenticate",
    "/sources/new?connector=capsule&credential={id}",
    "/sources/new?connector=capsule&credential={id}&mode=manual",
    "/destinations",
    "/destinations/new",
    "/destinations/new?connector=capsule&credential={id}",
    "/destinations/new?connector=capsule&credential={id}&mode=manual",
    "/runs",
    "/audit",
    "/settings",
)
CONFIGURE = "/sources/new?connector=capsule&credential={id}"
UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((field) => !field.labels.length && !field.getAttribute("aria-labelledby")).map((field) => field.name)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark"), (320, "light")])
async def test_every_page_fits_names_its_fields_and_loads_nothing_it_must_not(
    ada: Visitor, width: int, scheme: str
) -> None:
    await ada.page.set_viewport_size({"width": width, "height": 800})
    await ada.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    credential = await ada.connect()
    for page in PAGES:
        path = page.format(credential=credential, id=credential.rpartition("/")[2])
        await ada.go(path)
        assert await ada.page.locator("h1").count() == 1, path
        assert await ada.page.evaluate(UNNAMED) == [], path
        assert await ada.page.evaluate(TOO_WIDE) <= 0, path
        shown = await ada.page.evaluate("() => getComputedStyle(document.body).fontFamily")
        assert "system-ui" in shown, path
    assert ada.complaints == []


async def test_an_error_is_said_at_its_field_and_in_a_summary_that_leads_to_it(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.page.get_by_label("Credential Name").fill("")
    await ada.page.get_by_label("Client Secret").fill("typed already")
    await ada.page.get_by_role("button", name="Save").click()
    summary = ada.page.get_by_role("dialog").get_by_role("alert")
    await expect(summary).to_be_focused()
    await expect(summary).to_contain_text("Credential Name is required.")
    await summary.get_by_role("link", name="Client ID is required.").click()
    field = ada.page.get_by_label("Client ID")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_accessible_description(re.compile("^Client ID is required. "))
    await expect(ada.page.get_by_label("Client Secret")).to_have_value("typed already")


async def test_the_overlay_offers_what_saves_typing(ada: Visitor) -> None:
    await ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await ada.open_overlay()
    dialog = ada.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Copy redirect URI").click()
    await expect(dialog.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    assert await ada.page.evaluate("navigator.clipboard.readText()") == f"{ada.server.url}/oauth/callback"
    await dialog.get_by_role("button", name="read Read everything").click()
    await expect(dialog.get_by_label("Access Scope")).to_have_value("read")
    await dialog.get_by_role("button", name="write Create").click()
    await expect(dialog.get_by_label("Access Scope")).to_have_value("read write")
    await dialog.get_by_role("button", name="read Read everything").click()
    await expect(dialog.get_by_label("Access Scope")).to_have_value("write")
    secret = dialog.get_by_label("Client Secret")
    await secret.fill("what I type")
    await dialog.get_by_role("button", name="Show").click()
    await expect(secret).to_have_attribute("type", "text")


async def test_pressing_before_the_scripts_are_there_opens_the_overlay_all_the_same(ada: Visitor) -> None:
    async def late(route: Route) -> None:
        await asyncio.sleep(1)
        await route.continue_()

    await ada.page.route("**/static/overlay.js*", late)
    await ada.page.goto(ada.server.url + "/sources/new?connector=capsule", wait_until="commit")
    await ada.page.get_by_role("button", name="Add Credential").click(no_wait_after=True)
    await expect(ada.page.get_by_role("dialog", name="Add New Credential")).to_be_visible()


async def test_what_was_typed_does_not_stay_in_a_closed_overlay(ada: Visitor) -> None:
    await ada.open_overlay()
    await ada.page.get_by_label("Client Secret").fill("what I typed")
    await ada.page.get_by_role("button", name="Cancel").click()
    assert await ada.page.locator("dialog input").count() == 0


async def test_a_credential_is_edited_in_the_same_overlay_and_a_blank_secret_keeps_it(ada: Visitor) -> None:
    await ada.go(await ada.connect())
    await ada.page.get_by_role("button", name="Edit").click()
    dialog = ada.page.get_by_role("dialog", name="Edit Credential")
    await expect(dialog.get_by_label("Client Secret")).to_have_value("")
    await dialog.get_by_label("Credential Name").fill(f"{ada.name} and support")
    await dialog.get_by_role("button", name="Save").click()
    await expect(ada.page.get_by_role("heading", name=f"{ada.name} and support")).to_be_visible()
    await ada.page.get_by_role("button", name="Test", exact=True).click()
    await expect(ada.page.get_by_text("The last test succeeded just now")).to_be_visible()


async def test_a_new_scope_leads_on_to_consent_and_the_old_grant_serves_until_then(ada: Visitor) -> None:
    await ada.go(await ada.connect())
    await ada.page.get_by_role("button", name="Edit").click()
    await ada.page.get_by_label("Access Scope").fill("read")
    await ada.page.get_by_role("button", name="Save").click()
    await expect(ada.page.get_by_role("dialog")).to_contain_text("The grant in use goes on")
    await ada.page.get_by_role("button", name="Not now").click()
    await expect(ada.page.locator("[data-status]")).to_contain_text("a change waits for consent")
    await ada.page.get_by_role("button", name="Authorize again").click()
    await approve(await ada.press_authorize())
    await expect(ada.page.get_by_role("dialog")).to_be_hidden()
    await expect(ada.page.locator("[data-status]")).to_have_text("Connected to acme since a moment ago")


async def test_a_test_shows_rows_without_leaving_the_page(ada: Visitor) -> None:
    await ada.go(CONFIGURE.format(id=(await ada.connect()).rpartition("/")[2]))
    await ada.page.get_by_role("button", name="Choose none").click()
    await ada.page.get_by_role("button", name="Test").click()
    await expect(ada.page.get_by_role("alert")).to_contain_text("Choose at least one stream.")
    await ada.page.get_by_role("checkbox", name="Users", exact=True).check()
    await ada.page.get_by_role("button", name="Test").click()
    await expect(ada.page.get_by_role("table", name="Users")).to_contain_text("ada.marsh")
    await ada.page.get_by_role("tab", name="Manual").click()
    await ada.page.get_by_label("Path").fill("site")
    await ada.page.get_by_role("button", name="Test").click()
    await expect(ada.page.get_by_role("table")).to_contain_text("acme")


async def test_back_leads_through_the_steps_with_the_choice_kept(ada: Visitor) -> None:
    await ada.go(CONFIGURE.format(id=(await ada.connect()).rpartition("/")[2]))
    await ada.page.get_by_role("button", name="Back").click()
    await expect(ada.radio).to_be_checked()
    await ada.page.get_by_role("button", name="Continue").click()
    await expect(ada.page.get_by_role("heading", name="What should be read?")).to_be_visible()
    await ada.page.get_by_role("button", name="Back").click()
    await ada.page.get_by_role("button", name="Back").click()
    await expect(ada.page.get_by_role("heading", name="Select a connector")).to_be_visible()


async def test_tabs_are_gone_through_with_arrow_keys(ada: Visitor) -> None:
    await ada.go(CONFIGURE.format(id=(await ada.connect()).rpartition("/")[2]))
    await ada.page.get_by_role("tab", name="Streams").focus()
    await ada.page.keyboard.press("ArrowRight")
    await expect(ada.page.get_by_role("tab", name="Manual")).to_have_attribute("aria-selected", "true")
    await expect(ada.page.get_by_role("tabpanel", name="Manual")).to_be_visible()
    await expect(ada.page.get_by_role("group", name="Streams")).to_be_hidden()


async def test_a_credential_is_deleted_by_the_button_that_says_so(ada: Visitor) -> None:
    await ada.go(await ada.connect())
    await ada.page.get_by_role("button", name="Delete", exact=True).click()
    await expect(ada.page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    await ada.page.get_by_role("button", name="Delete credential").click()
    await expect(ada.page.get_by_role("status").first).to_contain_text("The credential is deleted.")


async def test_opened_at_another_address_the_page_says_where_consent_works(ada: Visitor) -> None:
    elsewhere = ada.server.url.replace("127.0.0.1", "localhost")
    page = await ada.context.new_page()
    await page.goto(f"{elsewhere}/signin")
    await page.get_by_label("Email").fill("ada@example.com")
    await page.get_by_label("Password").fill("correct horse battery staple")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("This isn't Consentry's public address.")).to_be_visible()
