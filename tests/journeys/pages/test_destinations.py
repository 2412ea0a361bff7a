"""In a real Chromium: from the upload of a CSV file to the report, with a refused row mended and tried again."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from ground.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

A_RUN_MS = 90_000
A_LOOK_MS = 60_000
UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((field) => !field.labels.length && !field.getAttribute("aria-labelledby")).map((field) => field.name)"""
OPEN_ALL = "() => { for (const one of document.querySelectorAll('details')) one.open = true; }"
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PEOPLE = """First name,Last name,E-Mail,Owner,Customer no
Grace,Hopper,grace.{n}@example.com,ada.marsh,C-1
Alan,Turing,alan.{n}@example.com,nobody.here,C-2
Ada,Lovelace,ada.{n}@example.com,ben.okafor,C-3
"""


async def choose_file(ada: Visitor, folder: Path, text: str = PEOPLE) -> None:
    """Open the last step of a new destination, and choose a file."""
    credential = (await ada.connect()).rpartition("/")[2]
    await ada.go(f"/destinations/new?connector=capsule&credential={credential}")
    path = folder / "people.csv"
    await asyncio.to_thread(path.write_text, text.replace("{n}", credential))
    await ada.page.get_by_label("File", exact=True).set_input_files(path)
    await expect(ada.page.get_by_role("heading", name="Mapping")).to_be_visible(timeout=A_LOOK_MS)


async def make_destination(ada: Visitor, folder: Path) -> str:
    """Go through the last step with a file; return the path of the destination."""
    await choose_file(ada, folder)
    await ada.page.get_by_role("button", name="Save").click()
    await expect(ada.page.get_by_role("status").filter(has_text="The destination is saved")).to_be_visible()
    return ada.page.url.removeprefix(ada.server.url).partition("?")[0]


async def test_a_file_goes_in_and_a_refused_row_is_mended_and_tried_again(ada: Visitor, tmp_path: Path) -> None:
    await choose_file(ada, tmp_path)
    page = ada.page
    await expect(page.get_by_label("Destination Name")).to_have_value(ada.name)
    await expect(page.get_by_role("row", name=re.compile("^E-Mail"))).to_contain_text("grace.")
    await expect(page.get_by_label("First name", exact=True)).to_have_value("c:First name")
    await expect(page.get_by_label("What identifies a record")).to_have_value("emailAddresses")
    await page.get_by_role("button", name="Test").click()
    await expect(page.get_by_role("status").filter(has_text="3 rows mapped")).to_be_visible(timeout=A_LOOK_MS)
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="What a run would do")).to_be_visible(timeout=A_LOOK_MS)
    await expect(page.locator("#tried")).to_contain_text("2 would be created")
    await expect(page.locator("#tried")).to_contain_text("There is no owner “nobody.here”.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="The destination is saved")).to_be_visible()
    await page.get_by_role("button", name="Run now").click()
    summary = page.locator("#run-summary")
    await expect(summary).to_contain_text("2 created, 1 refused", timeout=A_RUN_MS)
    await page.get_by_role("link", name=re.compile("^Refused")).click()
    await expect(page.get_by_text("There is no owner “nobody.here”.")).to_be_visible()
    owner = page.get_by_role("group", name="Row 2").get_by_label("Owner")
    await expect(owner).to_have_accessible_description(re.compile("There is no owner"))
    await owner.fill("chiara.rossi")
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download as CSV").click()
    downloaded = Path(await (await downloading.value).path())
    assert "Turing" in await asyncio.to_thread(downloaded.read_text)
    await page.get_by_role("button", name="Retry these rows").click()
    await expect(summary).to_contain_text("1 created", timeout=A_RUN_MS)
    await expect(page.get_by_role("row", name=re.compile("^2 Created"))).to_be_visible()
    await page.get_by_role("link", name="run no.").click()
    await expect(page.get_by_text("Rows of this run were tried again in")).to_be_visible()
    assert ada.complaints == []


async def test_the_form_goes_on_in_place_and_says_what_is_wrong_at_its_field(ada: Visitor, tmp_path: Path) -> None:
    await choose_file(ada, tmp_path)
    page = ada.page
    await page.get_by_label("Owner", exact=True).select_option("=")
    await page.get_by_label("Owner of every row").select_option("Ada Marsh")
    await page.get_by_label("Stop after refused rows").fill("many")
    await page.get_by_role("button", name="Test").click()
    alert = page.get_by_role("alert")
    await expect(alert).to_be_focused(timeout=A_LOOK_MS)
    await alert.get_by_role("link", name=re.compile("^Stop after refused rows")).click()
    field = page.get_by_label("Stop after refused rows")
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description(re.compile("Enter a whole number"))
    await expect(page.get_by_label("Owner of every row").locator("option:checked")).to_have_text("Ada Marsh")
    await page.get_by_label("Endpoint").select_option("create_organisation")
    await expect(page.get_by_label("First name", exact=True)).to_have_count(0, timeout=A_LOOK_MS)
    await page.get_by_role("tab", name="Manual").click()
    await expect(page.get_by_label("Method")).to_be_visible()
    await expect(page.get_by_role("heading", name="Mapping")).to_be_hidden()
    assert [said for said in ada.complaints if "422" not in said] == [], "a refused form is no error of the page's"


async def test_every_page_of_a_destination_fits_and_names_its_fields(ada: Visitor, tmp_path: Path) -> None:
    path = await make_destination(ada, tmp_path)
    await ada.page.get_by_role("button", name="Run now").click()
    await expect(ada.page.locator("#run-summary")).to_contain_text("refused", timeout=A_RUN_MS)
    run = ada.page.url.removeprefix(ada.server.url)
    pages = ("/destinations", path, f"{path}/edit", f"{path}/delete", "/runs", run, f"{run}?outcome=refused")
    for width, scheme in ((1280, "light"), (375, "dark"), (320, "light")):
        await ada.page.set_viewport_size({"width": width, "height": 800})
        await ada.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        for page in pages:
            await ada.go(page)
            await ada.page.evaluate(OPEN_ALL)
            assert await ada.page.locator("h1").count() == 1, page
            assert await ada.page.evaluate(UNNAMED) == [], page
            assert await ada.page.evaluate(TOO_WIDE) <= 0, (page, width)
    assert ada.complaints == []
