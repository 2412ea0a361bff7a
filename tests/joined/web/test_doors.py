"""Every page and form is held to the same door: who comes, from where, and with which headers the answer leaves."""

import re

import pytest
from starlette.routing import Route

from consentry.app import App
from consentry.web import create_web
from ground.plain_browser import PlainBrowser

OPEN_TO_ALL = {"/signin", "/connect/{token}", "/oauth/callback", "/oauth/result/{id:int}", "/logos/{name}.svg"}
NOWHERE = "/{path:path}"


def addresses(app: App, method: str) -> list[str]:
    """Return every path that a method can be used on, with an id of nothing in it."""
    routes = [route for route in create_web(app).routes if isinstance(route, Route) and route.path != NOWHERE]
    paths = [route.path for route in routes if method in (route.methods or ()) and route.path not in OPEN_TO_ALL]
    return [re.sub(r"\{\w+:int\}", "999999", path) for path in paths]


async def test_every_page_asks_a_stranger_to_sign_in(app: App, guest: PlainBrowser) -> None:
    found = addresses(app, "GET")
    assert len(found) > 12
    for path in found:
        sheet = await guest.open(path, follow=False)
        assert (sheet.status, sheet.headers["location"].split("?")[0]) == (303, "/signin"), path


async def test_no_form_does_anything_for_a_stranger(app: App, guest: PlainBrowser) -> None:
    found = addresses(app, "POST")
    assert len(found) > 12
    for path in found:
        sheet = await guest.post(path, [])
        assert (sheet.status, sheet.headers["location"]) == (303, "/signin"), path


async def test_no_form_does_anything_without_its_token(app: App, ada: PlainBrowser) -> None:
    for path in addresses(app, "POST"):
        for pairs in ([], [("csrf_token", "wrong")]):
            assert (await ada.post(path, pairs)).status == 403, path


async def test_no_form_does_anything_when_it_comes_from_another_site(app: App, ada: PlainBrowser) -> None:
    token = dict((await ada.open("/settings")).form("/signout").fields)["csrf_token"]
    for path in addresses(app, "POST"):
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            sheet = await ada.post(path, [("csrf_token", token)], follow=False, **headers)
            assert sheet.status == 403, path
            assert "another address" in sheet.text


async def test_a_strangers_form_is_held_to_the_token_in_their_own_browser(guest: PlainBrowser, address: str) -> None:
    async with PlainBrowser(address) as mallory:
        token = dict((await mallory.open("/signin")).form("/signin").fields)["csrf_token"]
    for pairs in ([("csrf_token", token)], [("csrf_token", "")], []):
        assert (await guest.post("/signin", [*pairs, ("email", "a@b"), ("password", "x")])).status == 403


async def test_an_id_of_nothing_is_not_found(app: App, ada: PlainBrowser) -> None:
    token = dict((await ada.open("/settings")).form("/signout").fields)["csrf_token"]
    for path in addresses(app, "GET"):
        if "999999" in path:
            assert (await ada.open(path)).status == 404, path
    for path in addresses(app, "POST"):
        if "999999" in path:
            assert (await ada.post(path, [("csrf_token", token)])).status == 404, path


@pytest.mark.parametrize("path", ["/credentials/" + "9" * 20, "/credentials/-1", "/credentials/1e3", "/x/../y"])
async def test_an_odd_address_is_not_found_either(ada: PlainBrowser, path: str) -> None:
    assert (await ada.open(path)).status == 404


async def test_every_answer_keeps_browsers_in_check(app: App, ada: PlainBrowser, guest: PlainBrowser) -> None:
    sheets = [await ada.open(path) for path in addresses(app, "GET")]
    sheets += [await guest.open(path) for path in ("/signin", "/nowhere", "/oauth/callback", "/connect/unknown")]
    for sheet in sheets:
        policy = dict(part.split(" ", 1) for part in sheet.headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'", sheet.url
        assert (policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'self'", "'self'", "'self'")
        assert (policy["frame-ancestors"], policy["base-uri"]) == ("'none'", "'none'")
        assert "unsafe" not in sheet.headers["content-security-policy"]
        assert sheet.headers["x-content-type-options"] == "nosniff"
        assert sheet.headers["cache-control"] == "no-store"
        assert sheet.headers["referrer-policy"] == "same-origin"


async def test_only_pages_with_the_way_to_a_provider_let_forms_leave(app: App, ada: PlainBrowser) -> None:
    for path in addresses(app, "GET"):
        sheet = await ada.open(path)
        assert "form-action 'self';" in sheet.headers["content-security-policy"] + ";", path


async def test_a_page_that_does_not_exist_says_so(guest: PlainBrowser) -> None:
    sheet = await guest.open("/nowhere/at/all")
    assert sheet.status == 404
    assert "There is nothing here" in sheet.text


async def test_a_wrong_method_names_the_right_ones(guest: PlainBrowser) -> None:
    answer = await guest.http.delete("/audit")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_form_beyond_all_measure_is_refused(ada: PlainBrowser) -> None:
    sheet = await ada.post("/settings/people", [("name", "x" * 300_000)])
    assert sheet.status == 413


async def test_scripts_and_drawings_are_ours_and_harmless(ada: PlainBrowser, guest: PlainBrowser) -> None:
    sheet = await ada.open("/credentials")
    loaded = re.findall(r'<(?:script|img|link|use)[^>]*(?:src|href)="([^"]+)"', sheet.html)
    assert loaded
    for source in set(loaded):
        assert source.startswith(("/static/", "/logos/"))
        answer = await guest.http.get(source)
        assert answer.status_code == 200, source
        assert answer.headers["x-content-type-options"] == "nosniff"
