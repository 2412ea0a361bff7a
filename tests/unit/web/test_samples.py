from consentry.web.samples import LONGEST_CELL, MOST_COLUMNS, cell_of, failed_sample, sample_of, summary_of


def test_columns_are_all_names_in_the_order_of_their_first_record() -> None:
    sample = sample_of("Users", [{"id": 1, "name": "Ada"}, {"id": 2, "email": "b@example.com"}])
    assert [column.name for column in sample.columns] == ["id", "name", "email"]
    assert [cell.text for cell in sample.rows[1]] == ["2", "none", "b@example.com"]
    assert sample.words == "2 rows, 3 columns"


def test_figures_stand_to_the_right_and_nothing_else_does() -> None:
    sample = sample_of("Users", [{"id": 1, "active": True, "name": "7"}])
    assert [column.is_number for column in sample.columns] == [True, False, False]


def test_nested_and_long_values_are_shortened_and_kept_whole_for_who_asks() -> None:
    nested = cell_of({"id": 1, "name": "Zürich"})
    assert nested.text == '{"id": 1, "name": "Zürich"}'
    long = cell_of("word " * 100)
    assert len(long.text) <= LONGEST_CELL
    assert long.whole.startswith("word word")


def test_a_wide_record_says_that_not_all_of_it_is_shown() -> None:
    sample = sample_of("Wide", [{f"c{number}": number for number in range(MOST_COLUMNS + 5)}])
    assert len(sample.columns) == MOST_COLUMNS
    assert "first 40 shown" in sample.words


def test_an_empty_stream_says_so() -> None:
    assert sample_of("Goals", []).words == "no rows yet"


def test_a_summary_counts_what_could_be_read_and_what_could_not() -> None:
    good, bad = sample_of("Users", []), failed_sample("Goals", "Not allowed.", "")
    assert summary_of([good]) == "1 stream could be read."
    assert summary_of([good, good, bad]) == "2 streams could be read, 1 stream could not."
