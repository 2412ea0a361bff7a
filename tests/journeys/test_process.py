"""One Consentry in a process of its own: it starts, answers, and stops as it is told."""

import resource
import signal

import httpx2
import pytest
from playwright.async_api import Browser

from ground.processes import Running


def test_it_is_ready_when_it_says_so(server: Running) -> None:
    assert httpx2.get(f"{server.url}/healthz").status_code == 200
    assert httpx2.get(f"{server.url}/readyz").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_asked_to_calls_that_success_and_closes_its_database(server: Running, number: int) -> None:
    assert (server.home / "consentry.db-wal").exists()
    server.process.send_signal(number)
    assert server.process.wait(60) == 0
    assert not (server.home / "consentry.db-wal").exists()


def test_it_forbids_itself_core_dumps(server: Running) -> None:
    assert resource.prlimit(server.process.pid, resource.RLIMIT_CORE) == (0, 0)


def test_a_key_made_by_the_command_line_opens_the_running_api(server: Running) -> None:
    key = server.api_key("read")
    answer = httpx2.get(f"{server.url}/api/v1/connectors", headers={"Authorization": f"Bearer {key}"})
    assert [each["name"] for each in answer.json()] == ["capsule"]


async def test_its_pages_open_in_a_real_browser(server: Running, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(f"{server.url}/signin")
    assert "Consentry" in await page.title()
