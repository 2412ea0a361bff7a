from datetime import timedelta

import pytest

from consentry.app import App
from consentry.core.clock import FakeClock
from ground.plain_browser import PlainBrowser
from joined.web.conftest import EMAIL, PASSWORD


async def test_the_first_visit_creates_the_first_administrator(guest: PlainBrowser) -> None:
    sheet = await guest.open("/")
    assert sheet.url.endswith("/signin?next=%2F")
    assert "Create the first administrator" in sheet.text
    inside = await guest.submit(sheet, "/signin", name="Ada Marsh", email=EMAIL, password=PASSWORD)
    assert inside.url.endswith("/credentials")
    assert "Ada Marsh" in inside.text


async def test_a_form_that_was_open_before_makes_no_administrator(guest: PlainBrowser, address: str) -> None:
    early = await guest.open("/signin")
    async with PlainBrowser(address) as other:
        await other.sign_in("first@example.com", PASSWORD)
    late = await guest.submit(early, "/signin", name="Mallory", email="mallory@example.com", password=PASSWORD)
    assert late.status == 401
    assert "Create the first" not in late.text


async def test_wrong_passwords_are_refused_without_telling_whether_the_address_is_known(
    ada: PlainBrowser, guest: PlainBrowser
) -> None:
    known = await guest.sign_in(EMAIL, "not the password")
    unknown = await guest.sign_in("nobody@example.com", "not the password")
    assert (known.status, unknown.status) == (401, 401)
    assert known.text.replace(EMAIL, "") == unknown.text.replace("nobody@example.com", "")
    assert "not the password" not in known.html


async def test_many_wrong_passwords_have_to_wait(ada: PlainBrowser, guest: PlainBrowser) -> None:
    for _ in range(30):
        sheet = await guest.sign_in(EMAIL, "not the password")
        if sheet.status == 429:
            break
    assert sheet.status == 429
    assert "try again" in sheet.text.lower()


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/%09/evil.example", "javascript:alert(1)"]
)
async def test_signing_in_leads_nowhere_else(guest: PlainBrowser, next_: str) -> None:
    sheet = await guest.open("/signin?next=" + next_)
    form = sheet.form("/signin")
    assert dict(form.fields)["next"] in ("/", "/%09/evil.example")
    done = await guest.submit(
        sheet, "/signin", follow=False, name="Ada", email=EMAIL, password=PASSWORD, next="//evil.example/"
    )
    assert (done.status, done.headers["location"]) == (303, "/")


async def test_signing_in_leads_back_to_the_page_that_was_wanted(ada: PlainBrowser, guest: PlainBrowser) -> None:
    wanted = await guest.open("/audit?q=signed")
    inside = await guest.submit(wanted, "/signin", email=EMAIL, password=PASSWORD)
    assert inside.url.endswith("/audit?q=signed")


async def test_the_session_cookie_is_for_this_host_and_no_script(guest: PlainBrowser) -> None:
    sheet = await guest.open("/signin")
    done = await guest.submit(sheet, "/signin", follow=False, name="Ada", email=EMAIL, password=PASSWORD)
    cookie = next(value for value in done.headers.get_list("set-cookie") if value.startswith("consentry="))
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}


async def test_signing_out_ends_the_session_for_good(ada: PlainBrowser) -> None:
    inside = await ada.open("/credentials")
    stolen = dict(ada.http.cookies)
    out = await ada.submit(inside, "/signout")
    assert "You are signed out" in out.text
    ada.http.cookies.update(stolen)
    assert (await ada.open("/credentials", follow=False)).status == 303


async def test_an_idle_session_ends_by_itself(ada: PlainBrowser, clock: FakeClock, app: App) -> None:
    clock.advance(timedelta(hours=12, minutes=1))
    assert (await ada.open("/credentials", follow=False)).headers["location"] == "/signin?next=%2Fcredentials"
