"""Waiting for consent at the terminal: shows the connect link, opens a browser, and hears what came of it."""

import asyncio
import os
import sys
import time
import webbrowser
from dataclasses import replace
from typing import Final

import httpx2

from consentry.audit import Action, Outcome
from consentry.cli.screen import Screen
from consentry.desk import CredentialView, Desk, EntryView
from consentry.errors import AuthorizationFailed, AuthorizationRequired

_LOOK_EVERY: Final = 1.0
_ANSWERED_WITHIN: Final = 3.0
_ENDS: Final = (Action.AUTHORIZATION_COMPLETE, Action.GRANT_REPLACE)
"""What the trail calls the end of an authorization; the second, when it replaced a grant."""


class Consent:
    """How consent is asked for from this terminal. A patience of None doesn't wait at all."""

    def __init__(self, desk: Desk, screen: Screen, *, browser: bool, patience: float | None) -> None:
        self._desk = desk
        self._screen = screen
        self._browser = browser
        self._patience = patience

    async def ask_for(self, credential: CredentialView, url: str | None) -> CredentialView:
        """Show the link, and return the credential as consent has left it.

        Raises AuthorizationFailed when consent was refused, AuthorizationRequired when nobody gave it in time.
        """
        if url is None:
            return credential
        if self._patience is None:
            return _with_link(credential, url)
        seen = await self._newest(credential.id)
        self._screen.say(f"Open this link and give consent:\n  {url}")
        await self._tell_when_nobody_serves(url)
        if self._browser and self._screen.is_watched and _has_browser():
            webbrowser.open(url)
        with self._screen.waiting("Waiting for the consent …"):
            entry = await self._wait(credential, seen, self._patience)
        if entry.outcome != Outcome.DONE:
            raise AuthorizationFailed(
                f"The authorization ended without a grant: {entry.detail or entry.outcome}",
                hint=f"Try again: consentry credential connect {credential.id}",
            )
        found = await self._desk.get(credential.id)
        self._screen.say("Consent has arrived.")
        if found.pending_account is not None:
            self._screen.say(
                "It came from another account than before, so nothing is replaced until somebody decides:\n"
                f"  {self._desk.public_url}/credentials/{found.id}"
            )
        return found

    async def _wait(self, credential: CredentialView, seen: int, patience: float) -> EntryView:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            for entry in await self._desk.history(credential.id):
                if entry.id > seen and entry.action in _ENDS:
                    return entry
            await asyncio.sleep(_LOOK_EVERY)
        raise AuthorizationRequired(
            f"Nobody gave consent for {credential.name} within {patience:.0f} seconds.",
            hint=f"The credential is kept. Get another link: consentry credential connect {credential.id}",
        )

    async def _newest(self, credential_id: int) -> int:
        return max((entry.id for entry in await self._desk.history(credential_id)), default=0)

    async def _tell_when_nobody_serves(self, url: str) -> None:
        address = url.partition("/connect/")[0]
        if not await answers(address):
            self._screen.say(
                f"Nothing answers at {address} yet, so the link can't open. Start Consentry there: consentry up\n"
                "If it runs elsewhere, set CONSENTRY_PUBLIC_URL to the address that people use."
            )


async def answers(address: str) -> bool:
    """Tell whether a Consentry answers at this address."""
    try:
        async with httpx2.AsyncClient(timeout=_ANSWERED_WITHIN) as http:
            return (await http.get(f"{address}/healthz")).is_success
    except httpx2.HTTPError:
        return False


def _has_browser() -> bool:
    """Tell whether a link can be opened in a window; a text browser would take over the terminal."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _with_link(credential: CredentialView, url: str) -> CredentialView:
    return replace(credential, connect_url=url)
