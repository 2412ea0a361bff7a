from consentry.web.choices import choices, pages_around, with_more, with_query


def test_the_chosen_entry_of_a_select_is_marked() -> None:
    assert [choice.is_chosen for choice in choices({"a": "A", "b": "B"}, "b")] == [False, True]


def test_pages_keep_what_was_searched_for() -> None:
    newer, older = pages_around("/audit", {"q": "a b", "action": ""}, 2, has_more=True)
    assert (newer, older) == ("/audit?q=a+b&page=1", "/audit?q=a+b&page=3")


def test_the_first_page_has_none_before_it_and_the_last_none_after() -> None:
    assert pages_around("/audit", {}, 1, has_more=False) == ("", "")


def test_more_in_a_query_replaces_what_has_the_same_name() -> None:
    assert with_more("/sources/new?connector=x&credential=1", credential=2) == "/sources/new?connector=x&credential=2"


def test_an_empty_query_adds_nothing() -> None:
    assert (with_query("/a", {}), with_query("/a", {"b": "c d"})) == ("/a", "/a?b=c+d")
