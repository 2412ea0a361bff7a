"""A real Chromium for the journeys: the machine's own, or the one that Playwright keeps."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, Error, async_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET: Final = (
    "--no-sandbox",  # as root, Chromium doesn't start with it; these pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find_chromium() -> str | None:
    """Return the machine's own Chromium; None leaves the choice to Playwright."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Run a headless browser while the block lasts."""
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET))
        except Error as error:
            raise RuntimeError("The browser tests need Chromium. `make journeys` installs it, or says how.") from error
        try:
            yield browser
        finally:
            await browser.close()
