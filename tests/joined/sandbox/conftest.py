"""A running sandbox on a loopback port, and an application that is registered with it."""

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from consentry import sandbox
from ground.applicant import REDIRECT_URI, Applicant
from ground.writer import EMPTY, Writer


@pytest.fixture
def running() -> Iterator[sandbox.RunningSandbox]:
    """Start a sandbox of its own for each test."""
    with sandbox.start() as started:
        yield started


@pytest.fixture
async def applicant(running: sandbox.RunningSandbox) -> AsyncIterator[Applicant]:
    """Register a web application."""
    application = running.world.register(name="Consentry", redirect_uri=REDIRECT_URI)
    async with Applicant(running, application) as made:
        yield made


@pytest.fixture(scope="session")
def kept_running() -> Iterator[sandbox.RunningSandbox]:
    """Start one sandbox for all that write: what they wrote is forgotten before the next one begins."""
    with sandbox.start() as started:
        yield started


@pytest.fixture
async def writer(kept_running: sandbox.RunningSandbox) -> AsyncIterator[Writer]:
    """Let the administrator of the empty account write."""
    world = kept_running.world
    world.restore(EMPTY)
    world.faults.clear()
    world.budget.forget()
    world.turn(**msgspec.to_builtins(sandbox.Knobs()))
    application = world.register(name="Consentry", redirect_uri=REDIRECT_URI)
    async with Applicant(kept_running, application) as applicant:
        yield Writer(applicant, (await applicant.tokens(user="ada.fresh"))["access_token"])
