"""Whatever happens in whatever order: a grant that the provider accepts, and whose newest reply we have, is in use."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from consentry import app as composition
from consentry import credentials
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.core.secret import Secret
from consentry.credentials import CredentialEdit, Status
from consentry.errors import ConsentryError
from consentry.sandbox import Fail, RunningSandbox, World, start
from consentry.settings import Settings
from ground.afterwards import assert_works, keep_up
from ground.consenting import ADA, Registered, add_credential, authorize, register
from ground.databases import Databases

LONG: Final = bool(os.environ.get("CONSENTRY_SOAK"))


class Story:
    """One credential, to which things happen."""

    def __init__(self, app: App, world: World, clock: FakeClock, registered: Registered, number: int) -> None:
        self.app = app
        self.world = world
        self.clock = clock
        self.registered = registered
        self.number = number
        self.grant = world.grants.all()[-1]

    async def ask(self) -> None:
        await credentials.token(self.app.credentials, ADA, self.number)

    async def force(self) -> None:
        await credentials.token(self.app.credentials, ADA, self.number, force=True)

    async def force_at_once(self) -> None:
        await asyncio.gather(*(self.force() for _ in range(5)), return_exceptions=True)

    async def reconnect(self) -> None:
        if (await authorize(self.app, self.number)).status == "connected":
            self.grant = self.world.grants.all()[-1]

    async def enter_a_new_secret(self) -> None:
        await self._enter(self.world.applications.add_secret(self.registered.client_id))

    async def enter_a_wrong_secret(self) -> None:
        await self._enter("not the secret")

    async def _enter(self, secret: str) -> None:
        edit = CredentialEdit(client_secret=Secret(secret))
        await credentials.edit(self.app.credentials, ADA, self.number, edit)

    async def let_a_minute_pass(self) -> None:
        self.clock.advance(timedelta(minutes=1))

    async def let_a_week_pass(self) -> None:
        self.clock.advance(timedelta(days=7))

    async def keep_up(self) -> None:
        await keep_up(self.app)

    async def next_answer_is_dropped(self) -> None:
        self.world.drop("token")

    async def next_request_is_dropped(self) -> None:
        self.world.drop("token", processed=False)

    async def next_answer_is_a_page(self) -> None:
        self.world.faults.order(Fail(target="token", status=502, body="html"))

    async def next_answer_breaks_off(self) -> None:
        self.world.faults.order(Fail(target="token", status=500, body="truncated", processed=True))

    async def next_answer_has_no_token(self) -> None:
        self.world.answer_oddly("no_access_token")

    async def tokens_expire_at_the_provider(self) -> None:
        self.world.expire_access_tokens()

    async def the_user_withdraws(self) -> None:
        self.world.withdraw("ada.marsh")


EVENTS: Final = tuple(name for name in vars(Story) if not name.startswith("_"))


async def tell(sandbox: RunningSandbox, home: Path, url: str, rotation: str, events: list[str]) -> None:
    clock = FakeClock(datetime.now(UTC))
    here = Settings(home=home, database_url=SecretStr(url), base_urls={"capsule": sandbox.url})
    async with composition.open(here, clock=clock) as app:
        registered = register(sandbox, app.settings.redirect_uri)
        credential = await add_credential(app, registered)
        await authorize(app, credential.id)
        story = Story(app, sandbox.world, clock, registered, credential.id)
        sandbox.world.turn(rotation=rotation, grace_seconds=600)
        for name in events:
            event: Callable[[], Awaitable[None]] = getattr(story, name)
            with suppress(ConsentryError):
                await event()
        await judge(story)


async def judge(story: Story) -> None:
    """When all is quiet again: the credential works, or it says that it needs consent because the grant is dead."""
    story.world.faults.clear()
    for _ in range(2):
        story.clock.advance(timedelta(hours=2))
        await keep_up(story.app)
    with suppress(ConsentryError):
        await story.force()
    found = await credentials.get(story.app.credentials, story.number)
    assert found.grant is not None
    if found.status is Status.REAUTHORIZATION_REQUIRED:
        assert story.grant.ended is not None, "the provider still accepts it"
        assert found.status_reason
        await authorize(story.app, story.number)
        await keep_up(story.app)
    await assert_works(story.app, story.number)
    assert (await credentials.get(story.app.credentials, story.number)).status is Status.AUTHORIZED


@pytest.mark.soak
@pytest.mark.timeout(3600 if LONG else 300)
@settings(
    max_examples=300 if LONG else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    derandomize=not LONG,
    database=None,
)
@given(
    rotation=st.sampled_from(["rotate", "rotate_with_grace", "keep"]),
    events=st.lists(st.sampled_from(EVENTS), min_size=1, max_size=8),
)
def test_no_order_of_events_loses_a_grant(databases: Databases, rotation: str, events: list[str]) -> None:
    home = Path(tempfile.mkdtemp(prefix="fortune-"))
    try:
        with databases.make("sqlite", home) as url, start() as sandbox:
            asyncio.run(tell(sandbox, home, url, rotation, events))
    finally:
        shutil.rmtree(home)
