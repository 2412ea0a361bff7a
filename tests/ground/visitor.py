"""A person with a browser: signs in, adds credentials, and sits before the provider's window when it opens."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from consentry.sandbox import RunningSandbox
from ground.consenting import Registered, give_consent, register
from ground.processes import ADMIN_EMAIL, ADMIN_PASSWORD, Running

PATIENCE_MS = 20_000


_names = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """One signed-in person, the page before them, and what the browser complained about."""

    context: BrowserContext
    page: Page
    server: Running
    registered: Registered
    complaints: list[str]
    name: str  # of the credential that this journey is about

    async def go(self, path: str) -> None:
        """Open a page."""
        await self.page.goto(self.server.url + path)

    async def open_overlay(self) -> None:
        """Go to the Authenticate step of a new source, and open Add New Credential."""
        await self.go("/sources/new")
        await self.page.get_by_role("link", name="Capsule").click()
        await self.page.get_by_role("button", name="Add Credential").click()
        await expect(self.page.get_by_role("dialog", name="Add New Credential")).to_be_visible()

    async def fill_in(self, *, secret: str | None = None) -> None:
        """Fill in the overlay."""
        await self.page.get_by_label("Credential Name").fill(self.name)
        await self.page.get_by_label("Client ID").fill(self.registered.client_id)
        await self.page.get_by_label("Client Secret").fill(secret or self.registered.client_secret)

    async def save(self) -> None:
        """Save, and wait for the consent step."""
        await self.page.get_by_role("button", name="Save").click()
        await expect(self.authorize).to_be_visible()

    @property
    def authorize(self) -> Locator:
        """The button that asks for consent."""
        return self.page.get_by_role("button", name="Authorize with Capsule", exact=True)

    async def press_authorize(self, button: str = "Authorize with Capsule") -> Page:
        """Press the button that opens the provider's window; return that window, at the provider."""
        async with self.page.expect_popup() as opening:
            await self.page.get_by_role("button", name=button, exact=True).click()
        window = await opening.value
        await window.wait_for_url("**/oauth/authorise**")
        return window

    async def expect_words(self, words: str) -> None:
        """Expect words in the overlay's live region."""
        await expect(self.page.locator("[data-happening]")).to_contain_text(words, timeout=PATIENCE_MS)

    async def expect_chosen(self) -> None:
        """Expect the overlay to be gone, and the credential's tile to be there, connected and selected."""
        await expect(self.page.get_by_role("dialog")).to_be_hidden(timeout=PATIENCE_MS)
        await expect(self.radio).to_be_checked()
        await expect(self.tile).to_contain_text("Connected to acme")

    @property
    def radio(self) -> Locator:
        """The choice of the credential, in the Authenticate step."""
        return self.page.get_by_role("radio", name=self.name, exact=True)

    @property
    def tile(self) -> Locator:
        """The tile around that choice."""
        return self.page.locator("label.tile", has=self.radio)

    async def connect(self) -> str:
        """Add a credential by the API and give consent without a browser; return the path of its page."""
        credential = await _connected(self)
        return f"/credentials/{credential}"


async def _connected(visitor: Visitor) -> int:
    token = await visitor.page.locator("meta[name=csrf-token]").get_attribute("content")
    made = await visitor.context.request.post(
        f"{visitor.server.url}/api/v1/credentials",
        headers={"X-CSRF-Token": token or ""},
        data={
            "connector": "capsule",
            "name": visitor.name,
            "client_id": visitor.registered.client_id,
            "client_secret": visitor.registered.client_secret,
        },
    )
    credential = await made.json()
    link = credential["connect_url"]
    left = await visitor.context.request.post(link, max_redirects=0)
    query = await give_consent(left.headers["location"])
    await visitor.context.request.get(f"{visitor.server.url}/oauth/callback?{query}")
    return int(credential["id"])


async def approve(window: Page, *, user: str = "") -> None:
    """Approve in the provider's window."""
    if user:
        await window.get_by_label(user).check()
    await window.get_by_role("button", name="Approve").click()


@asynccontextmanager
async def visiting(
    browser: Browser, server: Running, sandbox: RunningSandbox, **options: Any
) -> AsyncIterator[Visitor]:
    """Sign somebody in with a fresh browser, made with Playwright's options for one."""
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page = await context.new_page()
    await page.goto(f"{server.url}/signin")
    await page.get_by_label("Email").fill(ADMIN_EMAIL)
    await page.get_by_label("Password").fill(ADMIN_PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/credentials")
    registered = register(sandbox, f"{server.url}/oauth/callback")
    name = f"Sales CRM {next(_names)}"
    yield Visitor(context=context, page=page, server=server, registered=registered, complaints=complaints, name=name)
    await context.close()
