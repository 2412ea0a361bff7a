"""In a real Chromium: from the last step of a new source to its run, live, and a look into what it brought."""

import re

import pytest
from playwright.async_api import expect

from ground.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

A_RUN_MS = 60_000
A_LOOK_MS = 30_000  # a process of its own opens the warehouse
UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((field) => !field.labels.length && !field.getAttribute("aria-labelledby")).map((field) => field.name)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def make_source(ada: Visitor, *streams: str) -> str:
    """Go through the last step with these streams alone; return the path of the source."""
    credential = (await ada.connect()).rpartition("/")[2]
    await ada.go(f"/sources/new?connector=capsule&credential={credential}")
    await ada.page.get_by_role("button", name="Choose none").click()
    for stream in streams:
        await ada.page.get_by_role("checkbox", name=stream, exact=True).check()
    await ada.page.get_by_role("button", name="Save").click()
    await expect(ada.page.get_by_role("status").filter(has_text="The source is saved")).to_be_visible()
    return ada.page.url.removeprefix(ada.server.url).partition("?")[0]


async def test_a_source_is_made_run_and_looked_into(ada: Visitor) -> None:
    path = await make_source(ada, "Users", "Teams")
    await expect(ada.page.get_by_role("heading", level=1)).to_have_text(ada.name)
    await ada.page.get_by_role("button", name="Run now").click()
    summary = ada.page.locator("#source-summary")
    await expect(summary).to_contain_text("Succeeded", timeout=A_RUN_MS)
    await expect(summary).to_contain_text("2 of 2 streams read")
    await expect(ada.page.get_by_role("button", name="Run now")).to_be_visible()
    await expect(ada.page.get_by_role("img", name=re.compile("^Rows written"))).to_be_visible()
    await ada.page.get_by_role("link", name="users", exact=True).click(timeout=A_LOOK_MS)
    table = ada.page.get_by_role("region", name=re.compile("^users"))
    await expect(table).to_contain_text("ada.marsh", timeout=A_LOOK_MS)
    await expect(table.get_by_role("columnheader").filter(has_text="_synced_at")).to_have_count(1)
    assert ada.page.url.partition("?")[0].endswith(path), "the look is taken in place"
    await ada.page.get_by_role("link", name=re.compile(r"^Run no\. \d+")).click()
    await expect(ada.page.get_by_role("row", name=re.compile("^Users"))).to_contain_text("Succeeded")
    assert ada.complaints == []


async def test_what_isnt_chosen_is_out_of_sight_and_a_fault_is_led_to(ada: Visitor) -> None:
    credential = (await ada.connect()).rpartition("/")[2]
    await ada.go(f"/sources/new?connector=capsule&credential={credential}")
    await expect(ada.page.get_by_label("Cron line", exact=True)).to_be_hidden()
    await ada.page.get_by_role("radio", name="By a cron line").check()
    await ada.page.get_by_label("Cron line", exact=True).fill("nonsense")
    await expect(ada.page.get_by_label("PostgreSQL address")).to_be_hidden()
    await ada.page.get_by_role("radio", name="Another warehouse").check()
    await ada.page.get_by_label("Kind of warehouse").select_option("Snowflake")
    await expect(ada.page.get_by_label("Warehouse address")).to_be_visible()
    await ada.page.get_by_role("radio", name="PostgreSQL").check()
    await expect(ada.page.get_by_label("Warehouse address")).to_be_hidden()
    await expect(ada.page.get_by_label("PostgreSQL address")).to_be_visible()
    await ada.page.get_by_role("button", name="Save").click()
    summary = ada.page.get_by_role("alert")
    await expect(summary).to_be_focused()
    await summary.get_by_role("link", name=re.compile("^PostgreSQL address")).click()
    await expect(ada.page.get_by_label("PostgreSQL address")).to_be_focused()


async def test_a_first_run_is_estimated_in_place(ada: Visitor) -> None:
    credential = (await ada.connect()).rpartition("/")[2]
    await ada.go(f"/sources/new?connector=capsule&credential={credential}")
    await ada.page.get_by_label("Source Name").fill("Typed already")
    await ada.page.get_by_role("button", name="Choose none").click()
    await ada.page.get_by_role("checkbox", name="Users", exact=True).check()
    await ada.page.get_by_role("button", name="Estimate").click()
    await expect(ada.page.get_by_role("status").filter(has_text="About 1 request")).to_be_visible()
    await expect(ada.page.get_by_role("heading", name="What a first run takes")).to_be_visible()
    await expect(ada.page.get_by_label("Source Name")).to_have_value("Typed already")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (320, "light")])
async def test_every_page_of_a_source_fits_and_names_its_fields(ada: Visitor, width: int, scheme: str) -> None:
    path = await make_source(ada, "Users")
    await ada.page.get_by_role("button", name="Run now").click()
    await expect(ada.page.locator("#source-summary")).to_contain_text("Succeeded", timeout=A_RUN_MS)
    run = await ada.page.get_by_role("link", name=re.compile(r"^Run no\.")).get_attribute("href") or ""
    await ada.page.set_viewport_size({"width": width, "height": 800})
    await ada.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for page in ("/sources", path, f"{path}/edit", f"{path}/delete", f"{path}/dataset?table=users", "/runs", run):
        await ada.go(page)
        assert await ada.page.locator("h1").count() == 1, page
        assert await ada.page.evaluate(UNNAMED) == [], page
        assert await ada.page.evaluate(TOO_WIDE) <= 0, page
    assert ada.complaints == []
