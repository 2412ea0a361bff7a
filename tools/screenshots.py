"""Take the pictures in docs/images anew: a Consentry and a sandbox with a week of history, gone through in Chromium."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from consentry import accounts, flows, sandbox, web
from consentry import app as composition
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.credentials import CredentialId
from consentry.flows import RowsSpec
from consentry.settings import Settings
from picture_stage import ADA, EMAIL, PEOPLE, Stage, visitor

IMAGES: Final = Path(__file__).parent.parent / "docs" / "images"
LARGEST: Final = 120_000
WIDE: Final = (1120, 720)
PHONE: Final = (390, 844)
PORT: Final = 8400
PASSWORD: Final = "a sentence that only Ada knows"
SOURCE: Final = "/sources/new?connector=capsule"
DESTINATION: Final = "/destinations/new?connector=capsule&credential=1"


class Camera:
    """Takes pictures of a page, and minds their size."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self._base = base

    async def go(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(self._base + path)

    async def take(self, name: str, path: str | None = None) -> None:
        """Take a picture of what is before the camera, or of another page."""
        if path is not None:
            await self.go(path)
        await self.page.wait_for_load_state("networkidle")
        picture = await self.page.screenshot(animations="disabled", caret="hide")
        if len(picture) > LARGEST:
            raise SystemExit(f"{name}.png has {len(picture):,} bytes; at most {LARGEST:,} are wanted.")
        await asyncio.to_thread((IMAGES / f"{name}.png").write_bytes, picture)
        print(f"{name}.png  {len(picture) // 1000} kB")


async def take_first_pages(camera: Camera, stage: Stage) -> None:
    """The way in, and what stands there before anything was added."""
    await camera.take("first-administrator", "/signin")
    await accounts.create_first_person(
        stage.app.accounts, name="Ada Marsh", email=EMAIL, password=Secret(PASSWORD), ip=ADA.ip
    )
    await camera.take("sign-in", "/signin")
    await camera.page.get_by_label("Email").fill(EMAIL)
    await camera.page.get_by_label("Password").fill(PASSWORD)
    await camera.page.get_by_role("button", name="Sign in").click()
    await camera.take("first-visit", "/credentials")


async def take_consent(camera: Camera, stage: Stage) -> None:
    """From the tile to the overlay, through refusal and consent, to the tile selected."""
    page = camera.page
    await camera.take("new-source-select", "/sources/new")
    await camera.take("new-source-authenticate", SOURCE)
    await page.get_by_role("button", name="Add Credential").click()
    await page.get_by_label("Credential Name").fill("Support desk")
    await camera.take("add-credential")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("dialog").get_by_role("alert").wait_for()
    await camera.take("add-credential-errors")
    await page.get_by_label("Client ID").fill(stage.application.client_id)
    await page.get_by_label("Client Secret").fill(stage.application.secrets[0])
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("button", name="Authorize with Capsule").wait_for()
    await camera.take("consent")
    window = await open_window(page, "Authorize with Capsule")
    await page.get_by_text("Waiting for consent in").wait_for()
    await camera.take("consent-waiting")
    await window.get_by_role("button", name="Deny").click()
    await page.get_by_text("Consent was refused").wait_for()
    await camera.take("consent-denied")
    window = await open_window(page, "Try again")
    await window.get_by_role("button", name="Approve").click()
    await page.get_by_role("dialog").wait_for(state="hidden")
    await page.get_by_text("Support desk: Connected").wait_for()
    await camera.take("new-source-selected")


async def open_window(page: Page, button: str) -> Page:
    """Press a button that opens the provider's window; return the window."""
    async with page.expect_popup() as opening:
        await page.get_by_role("button", name=button, exact=True).click()
    window = await opening.value
    await window.wait_for_url("**/oauth/authorise**")
    return window


async def take_configure(camera: Camera) -> None:
    """The last step, and what a test shows."""
    page = camera.page
    await camera.take("new-source-configure", f"{SOURCE}&credential=1")
    await page.get_by_role("button", name="Choose none").click()
    await page.get_by_role("checkbox", name="Users", exact=True).check()
    await page.get_by_role("button", name="Test").click()
    await page.get_by_role("heading", name="Sample rows").wait_for()
    await page.get_by_role("heading", name="Sample rows").scroll_into_view_if_needed()
    await camera.take("new-source-test")
    await page.get_by_role("radio", name="Every so often").check()
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await camera.take("new-source-save")


async def take_sources(camera: Camera, stage: Stage) -> None:
    """Sources and their runs, at rest and at work."""
    page = camera.page
    for source_id in (1, 2):  # no worker has run since, so that their next runs lie behind
        await flows.pause(stage.app.flows, ADA, source_id)
        await flows.activate(stage.app.flows, ADA, source_id)
    await camera.take("sources", "/sources")
    await camera.go("/sources/1")
    await page.get_by_role("link", name="parties", exact=True).click()
    await page.get_by_role("region", name="parties").wait_for()
    await page.evaluate("scrollTo(0, 0)")
    await camera.take("source")
    await page.get_by_role("heading", name="Dataset").scroll_into_view_if_needed()
    await page.get_by_role("region", name="parties").scroll_into_view_if_needed()
    await camera.take("source-dataset")
    await camera.take("runs", "/runs")
    partly = page.get_by_role("row", name="Partly failed").get_by_role("link").first
    await camera.take("run", await partly.get_attribute("href") or "")
    await camera.go("/sources/2")
    await page.get_by_role("button", name="Estimate").click()
    await page.get_by_role("heading", name="What a first run takes").wait_for()
    await camera.take("source-estimate")
    stage.change(40)
    stage.provider.world.slow("api", 4.0, path="/api/v2/entries")
    running = asyncio.create_task(stage.run(1))
    await page.wait_for_timeout(500)  # until it has begun
    await camera.go("/sources/1")
    await page.locator("#source-progress li").nth(5).wait_for()
    await camera.take("source-running")
    await running


async def take_new_destination(camera: Camera, folder: Path) -> None:
    """The last step of a new destination: a file, its mapping, a test and a preview."""
    page, file = camera.page, folder / "fair.csv"
    await asyncio.to_thread(file.write_text, PEOPLE)
    await camera.take("new-destination", DESTINATION)
    await page.get_by_label("Destination Name").fill("Visitors of the next fair")
    await page.get_by_label("File", exact=True).set_input_files(file)
    await page.get_by_role("heading", name="Mapping").wait_for()
    await page.get_by_role("heading", name="Where the rows come from").scroll_into_view_if_needed()
    await page.locator("#columns").evaluate("(place) => place.scrollIntoView({ block: 'center' })")
    await camera.take("new-destination-rows")
    await page.get_by_role("heading", name="Mapping").evaluate("(title) => title.scrollIntoView()")
    await camera.take("new-destination-mapping")
    await page.get_by_role("heading", name="How it writes").evaluate("(title) => title.scrollIntoView()")
    await page.get_by_role("radio", name="Daily at a time").check()
    await camera.take("new-destination-how")
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_role("heading", name="What a run would do").wait_for()
    await page.get_by_role("heading", name="Before anything is written").evaluate("(title) => title.scrollIntoView()")
    await camera.take("new-destination-preview")
    await page.get_by_role("button", name="Test").click()
    await page.get_by_role("heading", name="The first rows as they would be mapped").wait_for()
    await page.get_by_role("heading", name="Before anything is written").evaluate("(title) => title.scrollIntoView()")
    await camera.take("new-destination-test")


async def take_destinations(camera: Camera, stage: Stage) -> int:
    """Destinations and their runs, at rest and at work; return the run whose refused rows are shown."""
    for destination_id in (1, 2):
        await flows.pause_destination(stage.app.flows, ADA, destination_id)
        await flows.activate_destination(stage.app.flows, ADA, destination_id)
    following, _ = await flows.list_runs(stage.app.flows, kind="destination", flow_id=2)
    await stage.work(following[0].id)
    await camera.take("destinations", "/destinations")
    run = await stage.fill(1)
    await camera.take("destination", "/destinations/1")
    await camera.page.get_by_role("heading", name="What it writes").evaluate("(title) => title.scrollIntoView()")
    await camera.take("destination-facts")
    await camera.take("run-rows", f"/runs/{run.id}")
    await camera.go(f"/runs/{run.id}?outcome=refused")
    await camera.page.get_by_label("Owner").first.fill("chiara.rossi")
    await camera.page.get_by_role("heading", name="Rows").evaluate("(title) => title.scrollIntoView()")
    await camera.take("run-rows-mended")
    rows = tuple(visitor(number, is_wrong=False) for number in range(30, 250))
    stage.provider.world.slow("api", 0.4, calls=250, path="/api/v2/parties")
    running = asyncio.create_task(stage.fill(1, RowsSpec(inline=rows)))
    await camera.page.wait_for_timeout(1000)
    await camera.go(f"/runs/{run.id + 1}")
    await camera.page.locator("#run-summary").filter(has_text="100 created").wait_for()
    await camera.take("run-rows-running")
    await running
    stage.provider.world.faults.clear()
    return run.id


async def take_pages(camera: Camera, stage: Stage) -> None:
    """Every page that stands still."""
    await camera.take("credentials", "/credentials")
    await camera.take("credential", "/credentials/1")
    await camera.page.get_by_role("button", name="Edit").click()
    await camera.page.get_by_role("dialog").wait_for()
    await camera.take("edit-credential")
    await camera.go("/credentials/1")
    await camera.page.get_by_role("button", name="Delete", exact=True).click()
    await camera.page.get_by_role("dialog").wait_for()
    await camera.take("delete-credential")
    await camera.take("credential-withdrawn", "/credentials/2")
    await camera.take("audit", "/audit")
    await camera.go("/settings")
    await camera.page.get_by_label("Name", exact=True).first.fill("nightly reports")
    await camera.page.get_by_role("checkbox", name="token").check()
    await camera.page.get_by_role("button", name="Create API key").click()
    await camera.page.get_by_text("your new API key").wait_for()
    await camera.take("settings", "/settings")  # again, because a picture is no place for a key
    await camera.take("not-found", "/nothing/here")
    await camera.take("connect-link", await stage.link(CredentialId(3)))


async def take_other_lights(browser: Browser, stage: Stage, state: str, run_id: int) -> None:
    """The main pages in the dark and on a phone."""
    base = stage.app.settings.public_url
    for ending, size, scheme in (("dark", WIDE, "dark"), ("phone", PHONE, "light"), ("phone-dark", PHONE, "dark")):
        async with open_page(browser, size, dark=scheme == "dark", state=state) as page:
            other = Camera(page, base)
            await other.take(f"credentials-{ending}", "/credentials")
            await other.take(f"credential-{ending}", "/credentials/1")
            await other.take(f"sources-{ending}", "/sources")
            await other.take(f"source-{ending}", "/sources/1")
            await other.take(f"destinations-{ending}", "/destinations")
            await other.take(f"destination-{ending}", "/destinations/1")
            await other.take(f"run-rows-{ending}", f"/runs/{run_id}?outcome=refused")
            await other.go("/destinations/1/edit")
            await page.get_by_role("heading", name="Mapping").evaluate("(title) => title.scrollIntoView()")
            await other.take(f"destination-mapping-{ending}")
            await other.go(SOURCE)
            await page.get_by_role("button", name="Add Credential").click()
            await page.get_by_role("dialog").wait_for()
            await other.take(f"add-credential-{ending}")


@asynccontextmanager
async def open_page(
    browser: Browser, size: tuple[int, int], *, dark: bool = False, state: str | None = None
) -> AsyncIterator[Page]:
    """Open a page with a browser profile of its own."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        storage_state=state,
        locale="en-GB",
        timezone_id="UTC",
    )
    yield await context.new_page()
    await context.close()


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[None]:
    """Serve the pages while the block lasts."""
    config = uvicorn.Config(web.create_web(app), port=PORT, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if task.done():
                raise SystemExit(f"Port {PORT} is taken; the pictures show it, so it has to be free.")
            await asyncio.sleep(0.05)
        yield
    finally:
        server.should_exit = True
        await task


async def take_all(browser: Browser, home: Path) -> None:
    """Set the stage, and take every picture."""
    clock = FakeClock(datetime.now(UTC) - timedelta(days=6))
    with sandbox.start(clock=clock) as provider:
        settings = Settings(home=home, public_url=f"http://127.0.0.1:{PORT}", base_urls={"capsule": provider.url})
        async with (
            composition.open(settings, clock=clock) as app,
            serving(app),
            open_page(browser, WIDE) as page,
        ):
            camera = Camera(page, settings.public_url)
            stage = Stage(app, provider, clock, page.context)
            await take_first_pages(camera, stage)
            await stage.live_a_week()
            await camera.go("/signin")
            if await page.get_by_label("Password").count():
                await page.get_by_label("Email").fill(EMAIL)
                await page.get_by_label("Password").fill(PASSWORD)
                await page.get_by_role("button", name="Sign in").click()
                await page.wait_for_url("**/credentials")
            await take_consent(camera, stage)
            await take_configure(camera)
            await take_sources(camera, stage)
            await take_new_destination(camera, home.parent)
            run_id = await take_destinations(camera, stage)
            await take_pages(camera, stage)
            state = str(home / "browser.json")
            await page.context.storage_state(path=state)
            await take_other_lights(browser, stage, state, run_id)


async def main() -> int:
    """Take every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            await take_all(browser, Path(folder) / "home")
            await browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
