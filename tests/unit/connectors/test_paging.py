import time

import pytest

from consentry.connectors import Answer
from consentry.connectors.paging import find_link, link_pager, path_under, read_record
from consentry.errors import ReplyNotUnderstood

BASE = "https://api.example.com"


@pytest.mark.parametrize(
    ("header", "target", "reason"),
    [
        ('<https://a/x?page=2>; rel="next"', "https://a/x?page=2", "as RFC 8288 shows it"),
        ("<https://a/x>; rel=next", "https://a/x", "without quotes"),
        ('<https://a/x>; REL="Next"', "https://a/x", "names in any case"),
        ('<https://a/x>;rel="prev next"', "https://a/x", "several relations"),
        ('<https://a/1>; rel="prev", <https://a/3>; rel="next"', "https://a/3", "several links"),
        ('<https://a/1,2;3?embed=tags,fields>; title="a, <b>; rel=no"; rel="next"', "https://a/1,2;3?embed=tags,fields",
         "commas and semicolons inside"),
        ('<https://a/x>; title="say \\"next\\""; rel="last"', None, "the word in another parameter"),
        ('<https://a/x>; rel="nextpage"', None, "another word"),
        ("https://a/x; rel=next", None, "no angle brackets"),
        ("", None, "nothing"),
        ("<>; rel=next", "", "an empty target"),
    ],
)  # fmt: skip
def test_the_next_link_is_found(header: str, target: str | None, reason: str) -> None:
    assert find_link(header, "next") == target, reason


def test_a_hostile_header_takes_no_time() -> None:
    begun = time.perf_counter()
    for evil in (
        "<" * 8000,
        "<a>" + "; a" * 3000,
        "<a>;" + " " * 8000 + "x",
        '<a>; a="' + "\\" * 8000,
        "<a>; rel=" + '"' * 8000,
    ):
        find_link(evil, "next")
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    ("target", "path", "reason"),
    [
        (f"{BASE}/api/v2/x?page=2&perPage=1", "/api/v2/x?page=2&perPage=1", "absolute"),
        ("/api/v2/x?page=2", "/api/v2/x?page=2", "from the root"),
    ],
)
def test_a_link_at_home_gives_its_path(target: str, path: str, reason: str) -> None:
    assert path_under(BASE, target) == path, reason


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/api/v2/x",
        "//evil.example/api/v2/x",
        "http://api.example.com/api/v2/x",
        "https://api.example.com:8443/api/v2/x",
        "https://api.example.com@evil.example/x",
        "https://user@api.example.com/x",
        "https://api.example.com.evil.example/x",
        "javascript:alert(1)",
        "https://[::1/x",
    ],
)
def test_a_link_that_leads_away_is_refused(target: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        path_under(BASE, target)


def test_a_base_url_with_a_path_keeps_links_under_it() -> None:
    assert path_under(BASE + "/crm", BASE + "/crm/api/x?a=1") == "/api/x?a=1"
    for away in (BASE + "/other/api/x", BASE + "/crmx/api"):
        with pytest.raises(ReplyNotUnderstood):
            path_under(BASE + "/crm", away)


def test_the_last_page_has_no_next() -> None:
    answer = Answer(status=200, headers={"link": f'<{BASE}/x?page=1>; rel="prev"'}, body=b'{"x": [{"id": 1}]}')
    page = link_pager(answer, records_key="x", base_url=BASE, asked="/x?page=2")
    assert (page.records, page.next_path) == ([{"id": 1}], None)


def test_a_record_that_is_none_is_said() -> None:
    with pytest.raises(ReplyNotUnderstood, match="site"):
        read_record(b'{"site": null}', "site")
