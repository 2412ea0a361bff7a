"""A running sandbox on a loopback port, and an application that is registered with it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from consentry import sandbox
from ground.applicant import REDIRECT_URI, Applicant


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
