from datetime import timedelta

import pytest

from consentry.api.proxy_links import Links
from consentry.api.proxy_rules import (
    LONGEST_WAIT,
    headers_back,
    headers_upstream,
    upstream_path,
    upstream_query,
    wait_of,
)
from consentry.errors import NotFound, Unreadable

PREFIX = "api/v2/"
LINKS = Links(
    base_url="https://api.capsulecrm.com",
    prefix=PREFIX,
    proxy_url="https://hub.example.com/api/v1/credentials/7/proxy",
    asked="https://api.capsulecrm.com/api/v2/parties?page=1",
)
PROXY = LINKS.proxy_url


@pytest.mark.parametrize(
    ("raw", "path", "reason"),
    [
        (b"api/v2/users", "/api/v2/users", "an ordinary path"),
        (b"/api/v2/users", "/api/v2/users", "a client that joins with a slash too many"),
        (b"api/v2//users", "/api/v2/users", "empty segments are seen in the wild"),
        (b"//api///v2//users", "/api/v2/users", "however many"),
        (b"api/v2/users/", "/api/v2/users/", "a slash at the end may mean something"),
        (b"api/v2/parties/1,2,3", "/api/v2/parties/1,2,3", "several ids"),
        (b"api/v2/parties/search", "/api/v2/parties/search", "a word"),
        (b"api/v2/tags/%C3%A4", "/api/v2/tags/%C3%A4", "percent-encoded letters stay as they are"),
        (b"api/v2/a%20b", "/api/v2/a%20b", "a space"),
        (b"api/v2/a@b;c=1", "/api/v2/a@b;c=1", "what may stand in a path"),
        (b"api/v2/...", "/api/v2/...", "three dots are a name"),
        (b"api/v2/.hidden", "/api/v2/.hidden", "so is this"),
    ],
)
def test_a_path_of_the_api_passes(raw: bytes, path: str, reason: str) -> None:
    assert upstream_path(raw, PREFIX) == path, reason


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"api/v2/../admin", "it climbs"),
        (b"api/v2/%2e%2e/admin", "it climbs in disguise"),
        (b"api/v2/%2E./admin", "half in disguise"),
        (b"api/v2/.%2e/admin", "the other half"),
        (b"api/v2/./users", "it stands still"),
        (b"api/v2/..;/admin", "some servers cut the parameter off"),
        (b"api/v2/..;a=b/admin", "with a value too"),
        (b"api/v2/..%3b/admin", "and encoded"),
        (b"api/v2/users%2f..%2fadmin", "encoded slashes"),
        (b"api/v2/users%2Fadmin", "in capitals"),
        (b"api/v2/users%5cadmin", "an encoded backslash"),
        (b"api/v2/users\\admin", "a backslash"),
        (b"api/v2/%00", "nul"),
        (b"api/v2/%0d%0aHost:x", "line ends"),
        (b"api/v2/%7f", "delete"),
        (b"api/v2/%252e%252e/admin", "encoded twice"),
        (b"api/v2/%252fadmin", "a slash encoded twice"),
        (b"api/v2/%", "half an encoding"),
        (b"api/v2/%zz", "no encoding"),
        (b"api/v2/users#x", "a fragment"),
        (b"api/v2/us ers", "a space"),
        (b"api/v2/us\ters", "a tab"),
        (b"api/v2/\xc3\xa4", "letters that aren't encoded"),
        (b"api/v2/<x>", "brackets"),
        (b"api/v2/" + b"a" * 9000, "too long"),
    ],
)
def test_a_path_that_can_be_read_in_two_ways_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(Unreadable):
        upstream_path(raw, PREFIX)
    assert reason


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"/",
        b"api",
        b"api/v2",
        b"api/v1/users",
        b"api/v22/users",
        b"oauth/token",
        b"API/v2/users",
        b"%61pi/v2/users",
        b"https://evil.example/api/v2/users",
        b"//evil.example/api/v2/users",
        b"user:word@evil.example/api/v2/users",
        b"@evil.example/api/v2/",
        b"api/v2;x/users",
    ],
)
def test_nothing_but_the_api_can_be_reached(raw: bytes) -> None:
    with pytest.raises(NotFound, match="api/v2/"):
        upstream_path(raw, PREFIX)


@pytest.mark.parametrize(
    ("raw", "query"),
    [
        (b"", ""),
        (b"page=2&perPage=100", "?page=2&perPage=100"),
        (b"q=a%20b+c", "?q=a%20b+c"),
        (b"q=\xc3\xa4", "?q=%C3%A4"),
        (b"q=a#b", "?q=a%23b"),
        (b"q=a\\b", "?q=a%5Cb"),
        (b'filter[a]={"b":1}', '?filter[a]={"b":1}'),
        (b"x=../..", "?x=../.."),
    ],
)
def test_a_query_passes_as_it_came(raw: bytes, query: str) -> None:
    assert upstream_query(raw) == query


@pytest.mark.parametrize("raw", [b"a=\r\nHost: x", b"a=\0", b"a=b c", b"a=\x7f"])
def test_a_query_with_control_characters_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        upstream_query(raw)


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Cookie",
        "Host",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Forwarded",
        "Via",
        "X-Real-IP",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Expect",
        "Prefer",
        "X-CSRF-Token",
        "Consentry-Anything",
        "Origin",
        "Referer",
        "Sec-Fetch-Site",
    ],
)
def test_what_was_meant_for_us_or_the_line_goes_no_further(name: str) -> None:
    sent = headers_upstream([(name.encode(), b"x"), (b"accept", b"application/json")])
    assert [header for header, _ in sent] == ["accept", "accept-encoding"]


@pytest.mark.parametrize(
    "name", ["Accept", "Content-Type", "Content-Length", "If-None-Match", "User-Agent", "X-Custom"]
)
def test_what_was_meant_for_the_provider_goes_on(name: str) -> None:
    assert (name.lower(), "x") in headers_upstream([(name.encode(), b"x")])


def test_headers_that_connection_names_stay_behind_both_ways() -> None:
    pairs = [(b"Connection", b"close, X-Line"), (b"X-Line", b"1"), (b"X-Other", b"2")]
    assert ("x-line", "1") not in headers_upstream(pairs)
    assert ("x-other", "2") in headers_upstream(pairs)
    assert headers_back(pairs, LINKS) == [(b"x-other", b"2")]


def test_connection_cannot_take_the_body_apart() -> None:
    sent = headers_upstream([(b"Connection", b"content-length, content-type"), (b"Content-Length", b"3")])
    assert ("content-length", "3") in sent


def test_compression_is_only_asked_for_by_who_can_read_it() -> None:
    assert headers_upstream([]) == [("accept-encoding", "identity")]
    assert headers_upstream([(b"Accept-Encoding", b"gzip")]) == [("accept-encoding", "gzip")]


@pytest.mark.parametrize(
    "name",
    [
        "Set-Cookie",
        "Connection",
        "Transfer-Encoding",
        "Keep-Alive",
        "Strict-Transport-Security",
        "Access-Control-Allow-Origin",
        "Clear-Site-Data",
        "Alt-Svc",
        "Date",
        "Server",
        "Consentry-Error",
    ],
)
def test_what_a_provider_must_not_say_in_our_name_stays_behind(name: str) -> None:
    assert headers_back([(name.encode(), b"x")], LINKS) == []


def test_several_headers_of_one_name_stay_several() -> None:
    assert headers_back([(b"Vary", b"a"), (b"Vary", b"b")], LINKS) == [(b"vary", b"a"), (b"vary", b"b")]


def test_a_challenge_keeps_its_scheme_alone() -> None:
    challenge = [(b"WWW-Authenticate", b'Bearer error="invalid_token", error_description="token 123 of ada"')]
    assert headers_back(challenge, LINKS) == [(b"www-authenticate", b"Bearer")]


@pytest.mark.parametrize(
    ("target", "expected", "reason"),
    [
        ("https://api.capsulecrm.com/api/v2/parties?page=2", f"{PROXY}/api/v2/parties?page=2", "absolute"),
        (
            "https://API.CapsuleCRM.com:443/api/v2/parties",
            f"{PROXY}/api/v2/parties",
            "the same host, written otherwise",
        ),
        ("/api/v2/parties?page=2", f"{PROXY}/api/v2/parties?page=2", "absolute path"),
        ("?page=2", f"{PROXY}/api/v2/parties?page=2", "query alone"),
        ("parties/5", f"{PROXY}/api/v2/parties/5", "relative path"),
        ("//api.capsulecrm.com/api/v2/x#part", f"{PROXY}/api/v2/x#part", "without scheme, with fragment"),
        ("https://files.example.com/api/v2/x", "https://files.example.com/api/v2/x", "another host"),
        ("http://api.capsulecrm.com/api/v2/x", "http://api.capsulecrm.com/api/v2/x", "another scheme"),
        ("https://api.capsulecrm.com:8443/api/v2/x", "https://api.capsulecrm.com:8443/api/v2/x", "another port"),
        ("https://api.capsulecrm.com/oauth/token", "https://api.capsulecrm.com/oauth/token", "not the API"),
        ("https://api.capsulecrm.com.evil.example/api/v2/x", "https://api.capsulecrm.com.evil.example/api/v2/x", "no"),
        ("https://[bad", "https://[bad", "no address at all"),
    ],
)
def test_links_into_the_api_stay_on_the_proxy(target: str, expected: str, reason: str) -> None:
    assert LINKS.onto_proxy(target) == expected, reason
    assert headers_back([(b"Location", target.encode())], LINKS) == [(b"location", expected.encode())]


def test_every_target_of_a_link_header_is_brought_along() -> None:
    value = "<https://api.capsulecrm.com/api/v2/a?page=2>; rel=next, </api/v2/a?page=1,2>; rel=prev, <https://x.y/>"
    expected = f"<{PROXY}/api/v2/a?page=2>; rel=next, <{PROXY}/api/v2/a?page=1,2>; rel=prev, <https://x.y/>"
    assert headers_back([(b"Link", value.encode())], LINKS) == [(b"link", expected.encode())]


def test_a_base_url_with_a_path_is_taken_off() -> None:
    links = Links(base_url="http://127.0.0.1:9/capsule", prefix=PREFIX, proxy_url=PROXY, asked="http://127.0.0.1:9/x")
    assert links.onto_proxy("http://127.0.0.1:9/capsule/api/v2/users") == f"{PROXY}/api/v2/users"


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (["wait=10"], 10),
        (["respond-async, wait=5"], 5),
        (["return=minimal", "WAIT=7"], 7),
        (['wait="3"'], 3),
        (["wait=0"], 0),
        (["wait = 4 ; x=y"], 4),
        (["wait=999999"], LONGEST_WAIT.total_seconds()),
        ([], None),
        (["wait"], None),
        (["wait=-1"], None),
        (["await=3"], None),
        (["wait=1.5"], None),
    ],
)
def test_a_preference_to_wait_is_understood(prefer: list[str], seconds: float | None) -> None:
    assert wait_of(prefer) == (None if seconds is None else timedelta(seconds=seconds))
