"""Pages, links and moments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.sandbox.query import Invalid, Page, parse_query


@given(total=st.integers(0, 500), size=st.integers(1, 100))
def test_pages_cover_a_list_without_gap_or_overlap(total: int, size: int) -> None:
    records = list(range(total))
    seen: list[int] = []
    for number in range(1, total + 2):
        page = Page(number=number, size=size, total=total)
        seen += records[page.part]
        if not page.has_more:
            break
    assert seen == records


def test_the_first_page_has_no_previous_and_the_last_no_next() -> None:
    first = Page(number=1, size=10, total=25).headers("http://a/parties", {})
    assert first == {"X-Pagination-Has-More": "true", "Link": '<http://a/parties?page=2>; rel="next"'}
    last = Page(number=3, size=10, total=25).headers("http://a/parties", {"page": "3"})
    assert last == {"X-Pagination-Has-More": "false", "Link": '<http://a/parties?page=2>; rel="prev"'}
    only = Page(number=1, size=10, total=10).headers("http://a/parties", {})
    assert only == {"X-Pagination-Has-More": "false"}


def test_a_link_keeps_and_escapes_the_other_parameters() -> None:
    parameters = parse_query("q=M%C3%BCller+%26+Co&embed=tags,fields&page=1").parameters
    headers = Page(number=1, size=1, total=2).headers("http://a/parties/search", parameters)
    assert headers["Link"] == '<http://a/parties/search?q=M%C3%BCller+%26+Co&embed=tags,fields&page=2>; rel="next"'


@pytest.mark.parametrize(
    ("given", "page", "size"),
    [
        ("", 1, 50),
        ("page=3&perPage=7", 3, 7),
        ("page=0&perPage=0", 1, 1),
        ("page=-1&perPage=-1", 1, 50),
        ("perPage=101", 1, 100),
        ("page=9999999999999", 1, 50),
        ("page=1&page=2", 2, 50),
    ],
)
def test_page_and_size_are_brought_within_bounds(given: str, page: int, size: int) -> None:
    query = parse_query(given)
    assert (query.page, query.per_page()) == (page, size)


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2025-01-02T03:04:05Z", "2025-01-02T03:04:05Z"),
        ("2025-01-02T03:04:05.999Z", "2025-01-02T03:04:05Z"),
        ("2025-01-02T05:04:05%2B02:00", "2025-01-02T03:04:05Z"),
        ("2025-01-02", "2025-01-02T00:00:00Z"),
        ("", None),
    ],
)
def test_since_is_read_as_a_moment_in_utc(given: str, moment: str | None) -> None:
    assert parse_query(f"since={given}").since() == moment


def test_a_since_that_is_no_moment_is_invalid() -> None:
    with pytest.raises(Invalid, match="since is invalid"):
        parse_query("since=yesterday").since()
    with pytest.raises(Invalid, match="since is required"):
        parse_query("").need_since()


def test_both_spellings_embed_the_tasks_of_a_track() -> None:
    assert "tasks" in parse_query("embed=task").embeds
    assert "tasks" in parse_query("embed=tasks").embeds
    assert "tasks" not in parse_query("embed=tags").embeds
