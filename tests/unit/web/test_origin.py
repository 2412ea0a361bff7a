import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from consentry.web.origin import is_from_own_page, local_path, origin_of, path_of, path_within

PUBLIC = "https://example.com/consentry"


@pytest.mark.parametrize(
    ("headers", "expected", "reason"),
    [
        ({"origin": "https://example.com", "sec-fetch-site": "same-origin"}, True, "one of our own pages"),
        ({"origin": "HTTPS://EXAMPLE.COM"}, True, "case of scheme and host means nothing"),
        ({}, True, "no browser: the form's token decides"),
        ({"origin": "https://evil.example"}, False, "another site"),
        ({"origin": "null"}, False, "a sandboxed frame or a file"),
        ({"origin": "http://example.com"}, False, "the same host without TLS"),
        ({"origin": "https://example.com:8443"}, False, "another port is another origin"),
        ({"origin": "https://example.com.evil.example"}, False, "our name as a prefix"),
        ({"sec-fetch-site": "cross-site"}, False, "the browser says that it came from elsewhere"),
        ({"sec-fetch-site": "same-site"}, False, "a sibling host isn't us"),
        ({"origin": "https://other.name", "host": "other.name"}, True, "the host that was asked for"),
        ({"origin": "http://example.com", "host": "example.com"}, False, "our host, but without TLS"),
        ({"origin": "null", "host": ""}, False, "nothing is equal to nothing"),
    ],
)
def test_a_form_counts_only_when_one_of_our_own_pages_sent_it(
    headers: dict[str, str], expected: bool, reason: str
) -> None:
    assert is_from_own_page(Headers(headers), PUBLIC) is expected, reason


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example/",
        "/\n/evil.example/",
        "/\u2028/evil.example",
        "/\u200b/evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        " /credentials",
        "",
        "/" + "a" * 2000,
    ],
)
def test_a_way_on_that_could_lead_elsewhere_is_not_taken(wanted: str) -> None:
    assert local_path(wanted, otherwise="/safe") == "/safe"


@pytest.mark.parametrize("wanted", ["/", "/credentials", "/sources/new?connector=capsule&credential=3", "/a//b"])
def test_a_way_on_within_this_site_is_taken(wanted: str) -> None:
    assert local_path(wanted, otherwise="/safe") == wanted


@given(st.text())
def test_whatever_is_wanted_the_way_on_begins_with_exactly_one_slash(wanted: str) -> None:
    chosen = local_path(wanted, otherwise="/safe")
    assert chosen.startswith("/")
    assert chosen[1:2] not in ("/", "\\")


def test_a_public_url_has_an_origin_and_a_path() -> None:
    assert (origin_of(PUBLIC), path_of(PUBLIC), path_of("http://127.0.0.1:8400")) == (
        "https://example.com",
        "/consentry",
        "",
    )


@pytest.mark.parametrize(
    ("path", "prefix", "within"),
    [
        ("/consentry/audit", "/consentry", "/audit"),
        ("/consentry", "/consentry", "/"),
        ("/audit", "/consentry", "/audit"),
        ("/consentrypedia", "/consentry", "/consentrypedia"),
        ("/audit", "", "/audit"),
    ],
)
def test_a_path_is_seen_from_our_own_root_whether_or_not_a_proxy_took_the_prefix_off(
    path: str, prefix: str, within: str
) -> None:
    assert path_within(path, prefix) == within
