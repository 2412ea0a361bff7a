from consentry.connectors import Change, TemplateField
from consentry.errors import FieldError
from consentry.flows import Mapped, Preview, RowCounts, RowOutcome, RowResult
from consentry.web.fields import Entries
from consentry.web.row_views import Titles, count_views, mended, preview_view, result_views

FIELDS = (
    TemplateField(name="firstName", title="First name"),
    TemplateField(name="emailAddresses", title="E-mail addresses", repeats=True),
    TemplateField(name="emailAddresses.Work", title="E-mail address (Work)"),
    TemplateField(name="addresses.Office.city", title="City (Office)"),
)
MAPPING = {
    "firstName": Mapped(column="First"),
    "emailAddresses.Work": Mapped(column="Mail"),
    "addresses.Office.city": Mapped(column="Town"),
    "fields.Size": Mapped(column="Size"),
    "owner": Mapped(value="Ada"),
}
TITLES = Titles(FIELDS, MAPPING)
VALUES = {"First": "Ada", "Mail": "nonsense", "Town": "", "Size": 7}


def refused(*errors: FieldError, outcome: RowOutcome | None = RowOutcome.REFUSED) -> RowResult:
    return RowResult(row=3, key="ada", outcome=outcome, errors=errors, values=VALUES)


def test_an_error_stands_at_the_columns_that_it_is_about() -> None:
    cases = {
        "firstName": {"First"},
        "emailAddresses": {"Mail"},  # a part of the list is what the row has
        "emailAddresses[0].address": {"Mail"},  # as the provider names it
        "addresses.Office.city.more": {"Town"},
        "fields.Size": {"Size"},
        "lastName": set(),  # nothing fills it
        "owner": set(),  # the same for every row
    }
    for name, columns in cases.items():
        view = result_views([refused(FieldError(field=name, message="Wrong."))], TITLES)[0]
        assert {value.column for value in view.wrong} == columns, name
        assert bool(view.errors) is not bool(columns), name
    beyond = result_views([refused(FieldError(field="", message="Wrong."))], TITLES)[0]
    assert beyond.errors == ("Wrong.",)


def test_only_rows_without_a_good_end_can_be_mended_and_only_when_the_run_has_ended() -> None:
    for outcome in (*RowOutcome, None):
        is_open = outcome in (RowOutcome.REFUSED, RowOutcome.FAILED, None)
        assert result_views([refused(outcome=outcome)], TITLES, can_mend=True)[0].can_mend is is_open
        assert not result_views([refused(outcome=outcome)], TITLES)[0].can_mend


def test_what_was_not_touched_keeps_its_kind_and_rows_without_a_change_are_left_out() -> None:
    row = refused()
    form = Entries([("v:3:First", "Ada"), ("v:3:Mail", "ada@example.com"), ("v:3:Size", "7"), ("v:9:First", "x")])
    assert mended(form, [row]) == {3: {**VALUES, "Mail": "ada@example.com"}}
    assert mended(Entries([("v:3:First", "Ada"), ("v:x:First", "y"), ("v:3", "z")]), [row]) == {}


def test_a_value_of_several_lines_is_no_change_when_the_browser_sends_it_back() -> None:
    row = RowResult(row=1, key="", outcome=RowOutcome.REFUSED, values={"note": "one\r\ntwo"})
    assert mended(Entries([("v:1:note", "one\r\ntwo")]), [row]) == {}


def test_a_change_is_shown_as_people_read_it() -> None:
    changes = (Change(field="tags", old=["a", "b"], new=[]), Change(field="firstName", old=None, new="Ada"))
    view = result_views([RowResult(row=1, key="1", outcome=RowOutcome.CHANGED, changes=changes)], TITLES)[0]
    tags, first = view.changes
    assert (tags.title, tags.old.text, tags.new.is_nothing) == ("tags", "a; b", True)
    assert (first.title, first.old.is_nothing, first.new.text) == ("First name", True, "Ada")


def test_a_key_that_is_a_hash_is_not_shown() -> None:
    view = result_views([RowResult(row=1, key="0" * 64 + ":1", outcome=RowOutcome.CREATED)], TITLES)[0]
    assert view.key == ""


def test_a_preview_counts_and_says_what_was_not_looked_at() -> None:
    counts = RowCounts(created=2, refused=1)
    view = preview_view(Preview(counts=counts, rows=(), total=5000, looked_at=3), TITLES)
    assert view.words == "Nothing is written. Of 3 rows: 2 would be created, 1 would be refused."
    assert view.rest.startswith("3 of 5,000 rows were looked at")
    nothing = preview_view(Preview(counts=RowCounts(), rows=(), total=0, looked_at=0), TITLES)
    assert (nothing.words, nothing.rest) == ("There are no rows.", "")


def test_rows_by_outcome_add_up_and_the_chosen_one_is_marked() -> None:
    views = count_views(RowCounts(created=2, refused=1, waiting=4), "refused")
    assert [(view.name, view.count) for view in views] == [("", "7"), ("created", "2"), ("refused", "1")]
    assert [view.name for view in views if view.is_chosen] == ["refused"]
