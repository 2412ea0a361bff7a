"""Values of every kind: what is read, and what is refused rather than guessed."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from consentry.connectors import TemplateField, ValueKind
from consentry.flows.destination.numbers import Unfit
from consentry.flows.destination.values import read_value


def a_field(kind: ValueKind, **more: Any) -> TemplateField:
    return TemplateField(name="field", title="Field", kind=kind, **more)


@pytest.mark.parametrize(
    ("given", "wanted", "reason"),
    [
        ("12", "12", "plain"),
        ("-12.50", "-12.50", "a sign and a point"),
        ("\u221212", "-12", "the typographer's minus"),
        ("1.234", "1.234", "a point alone is a decimal point, as programs write it"),
        ("12,5", "12.5", "a comma that no three digits follow divides no thousands"),
        ("0,125", "0.125", "no thousands begin with nought"),
        ("1234,567", "1234.567", "four digits before it: the comma divides no thousands"),
        ("1.234,56", "1234.56", "the last sign is the decimal one"),
        ("1,234.56", "1234.56", "the same the other way"),
        ("1,234,567", "1234567", "a sign that comes twice divides thousands"),
        ("1.234.567", "1234567", "also a point"),
        ("1.234.567,8", "1234567.8", "thousands by points"),
        ("1\u00a0234\u202f567", "1234567", "spaces that don't break lines"),
        ("1'234.50", "1234.50", "as the Swiss write"),
        (1.1, "1.1", "a float is what it is written as"),
        (7, "7", "a number already"),
    ],
)
def test_decimals_are_read_where_one_reading_is_possible(given: Any, wanted: str, reason: str) -> None:
    assert read_value(a_field("decimal"), given) == Decimal(wanted), reason


@pytest.mark.parametrize(
    ("given", "words", "reason"),
    [
        ("1,234", "can be 1234 or 1.234", "both are possible"),
        ("-12,345", "can be -12345 or -12.345", "the same with a sign"),
        ("1,23,456", "isn't a number", "no way to write thousands that is known here"),
        ("1.23E+05", "digits a spreadsheet has left out", "most of its digits are gone"),
        ("EUR 5", "isn't a number", "a currency is another field's"),
        ("5 %", "isn't a number", "so is what it is a part of"),
        ("\u0665", "isn't a number", "digits of another script"),
        ("9" * 50, "too long", "no amount"),
        (True, "isn't a number", "a truth is no number"),
        (float("nan"), "isn't a number", "not even by its name"),
        ([1], "isn't a number", "a list"),
        ("nan", "isn't a number", "what Python would take"),
        ("1_000", "isn't a number", "what Python would take, too"),
    ],
)
def test_decimals_that_can_be_two_numbers_or_none_are_refused(given: Any, words: str, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        read_value(a_field("decimal"), given)
    assert words in str(caught.value), reason


@pytest.mark.parametrize(
    ("given", "wanted", "reason"),
    [
        ("007", 7, "leading noughts count nothing"),
        ("1,234", 1234, "the other reading isn't whole"),
        ("12.0", 12, "whole all the same"),
        (12.0, 12, "as tables of numbers have it"),
        (2**70, 2**70, "as long as it likes"),
    ],
)
def test_whole_numbers_are_read(given: Any, wanted: int, reason: str) -> None:
    found = read_value(a_field("integer"), given)
    assert (found, type(found)) == (wanted, int), reason


@pytest.mark.parametrize("given", ["1.5", "12,5", 1.5, float("inf"), float("nan"), True, "x", {"a": 1}, "1.234"])
def test_what_is_no_whole_number_is_refused(given: Any) -> None:
    with pytest.raises(Unfit):
        read_value(a_field("integer"), given)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("2025-04-03", "ISO"),
        ("2025/4/3", "the year first, the day last"),
        ("20250403", "ISO's short form"),
        ("3.4.2025", "with points, the day is first wherever dates are written so"),
        ("3 April 2025", "a month by its name"),
        ("3. Apr. 2025", "or by its short name"),
        ("April 3rd, 2025", "as it is said"),
        ("2025-04-03T00:00:00Z", "midnight, as tables write a date that became a moment"),
        ("2025-04-03 00:00", "the same without seconds"),
        (date(2025, 4, 3), "a date already"),
    ],
)
def test_dates_are_read_that_can_be_one_day_only(given: Any, reason: str) -> None:
    assert read_value(a_field("date"), given) == date(2025, 4, 3), reason


def test_a_date_of_numbers_is_read_where_only_one_of_them_can_be_the_month() -> None:
    for text in ("25/03/2025", "03/25/2025", "25-03-2025"):
        assert read_value(a_field("date"), text) == date(2025, 3, 25)
    assert read_value(a_field("date"), "05/05/2025") == date(2025, 5, 5)


@pytest.mark.parametrize(
    ("given", "words", "reason"),
    [
        ("03/04/2025", "can be 3 April or 4 March 2025", "both are"),
        ("03-04-2025", "can be 3 April or 4 March 2025", "both are, with any sign but points"),
        ("next Tuesday", "isn't a date", "in words"),
        ("3/4/25", "isn't a date", "in which century?"),
        ("45000", "isn't a date", "a spreadsheet's count of days"),
        (45000, "isn't a date", "the same as a number"),
        ("31.02.2025", "that there isn't", "February is short"),
        ("2025-13-01", "that there isn't", "a year has twelve months"),
        ("2025-04-03 10:00", "a time of day too", "which day that is depends on where"),
    ],
)
def test_dates_that_can_be_two_days_or_none_are_refused(given: Any, words: str, reason: str) -> None:
    with pytest.raises(Unfit) as caught:
        read_value(a_field("date"), given)
    assert words in str(caught.value), reason


@pytest.mark.parametrize(
    ("given", "wanted", "reason"),
    [
        ("2025-04-03T10:00:00Z", datetime(2025, 4, 3, 10, tzinfo=UTC), "ISO"),
        ("2025-04-03 10:00", datetime(2025, 4, 3, 10, tzinfo=UTC), "without a place it is UTC"),
        ("2025-04-03T10:00:00.5+02:00", datetime(2025, 4, 3, 10, 0, 0, 500_000, timezone(timedelta(hours=2))), "zone"),
        ("2025-04-03T10:00:00.123456789Z", datetime(2025, 4, 3, 10, 0, 0, 123_456, UTC), "finer than can be kept"),
        ("2025-04-03", datetime(2025, 4, 3, tzinfo=UTC), "a day is its first moment"),
    ],
)
def test_moments_are_read_and_know_their_zone(given: str, wanted: datetime, reason: str) -> None:
    found = read_value(a_field("timestamp"), given)
    assert (found, found.utcoffset()) == (wanted, wanted.utcoffset()), reason


@pytest.mark.parametrize("given", ["2025-04-03T25:00:00", "2025-13-03T01:00:00", "soon", 1743674400, "10:00"])
def test_what_is_no_moment_is_refused(given: Any) -> None:
    with pytest.raises(Unfit):
        read_value(a_field("timestamp"), given)


def test_times_of_day_are_read() -> None:
    assert read_value(a_field("time"), "17:30") == time(17, 30)
    assert read_value(a_field("time"), "7:05:09.25") == time(7, 5, 9, 250_000)
    for wrong in ("25:00", "5pm", "17", 17):
        with pytest.raises(Unfit):
            read_value(a_field("time"), wrong)


def test_truths_are_read() -> None:
    truths: list[Any] = ["yes", "TRUE", " 1 ", 1, 1.0, True]
    falsehoods: list[Any] = ["No", "false", "0", 0, False]
    assert all(read_value(a_field("boolean"), each) is True for each in truths)
    assert all(read_value(a_field("boolean"), each) is False for each in falsehoods)
    for wrong in ("maybe", 2, "on", "2", [True]):
        with pytest.raises(Unfit):
            read_value(a_field("boolean"), wrong)


@pytest.mark.parametrize(
    ("given", "wanted", "reason"),
    [
        ("a; b;; a ;c", ["a", "b", "c"], "trimmed, none twice, none empty"),
        (["x", " y "], ["x", "y"], "a list"),
        ('["p", "q"]', ["p", "q"], "a list as a table keeps it"),
        ([{"id": 1, "name": "VIP"}], ["VIP"], "as the provider writes tags"),
        (5, ["5"], "a number is a name too"),
        (" ; ", None, "nothing"),
        ([], None, "nothing either"),
    ],
)
def test_tags_are_read(given: Any, wanted: Any, reason: str) -> None:
    assert read_value(a_field("tags"), given) == wanted, reason


def test_items_are_texts_or_objects_with_the_parts_that_the_field_has() -> None:
    field = a_field("text", repeats=True, parts=("address", "type"))
    work = {"address": "ann@example.com", "type": "Work"}
    assert read_value(field, "ann@example.com; bob@example.com") == ["ann@example.com", "bob@example.com"]
    assert read_value(field, [work]) == [work]
    assert read_value(field, '[{"id": 5, "address": "ann@example.com", "type": "Work"}]') == [work]
    assert read_value(field, {"address": "ann@example.com", "type": None}) == [{"address": "ann@example.com"}]
    with pytest.raises(Unfit, match="adress"):
        read_value(field, [{"adress": "ann@example.com"}])
    with pytest.raises(Unfit, match="501 items"):
        read_value(field, [str(each) for each in range(501)])


@pytest.mark.parametrize(
    ("given", "wanted", "reason"),
    [
        ("  Ann \r\n", "Ann", "trimmed"),
        ("two\r\nlines", "two\nlines", "one way to end lines"),
        (5.0, "5", "what a table of numbers made of a telephone number"),
        (5.5, "5.5", "what is no whole number stays"),
        (True, "true", "as JSON has it"),
        ("   ", None, "nothing"),
    ],
)
def test_texts_are_read(given: Any, wanted: Any, reason: str) -> None:
    assert read_value(a_field("text"), given) == wanted, reason


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("a\x07b", "U\\+0007"),
        ("a\x00b", "U\\+0000"),
        ("x\ufffd", "lost on the way"),
        (["a"], "a list or an object"),
        ("123456", "6 characters; 5 are taken"),
    ],
)
def test_texts_that_can_not_be_kept_are_refused(given: Any, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        read_value(a_field("text", longest=5), given)


def test_a_value_that_must_be_one_of_some_is_found_without_minding_capitals() -> None:
    field = a_field("text", values=("OPEN", "CLOSED"))
    assert read_value(field, "open") == "OPEN"
    with pytest.raises(Unfit, match="isn't one of OPEN, CLOSED"):
        read_value(field, "ajar")


def test_references_are_names_or_ids() -> None:
    field = a_field("reference")
    assert [read_value(field, each) for each in (5, 5.0, " Ann ", {"id": 7, "name": "Ann"})] == [5, 5, "Ann", 7]
    for wrong in (True, 5.5, [1]):
        with pytest.raises(Unfit):
            read_value(field, wrong)


def test_json_is_kept_and_its_text_is_read() -> None:
    field = a_field("json")
    assert read_value(field, {"a": [1]}) == {"a": [1]}
    assert read_value(field, ' {"a": [1]} ') == {"a": [1]}
    assert read_value(field, "plain") == "plain"
    with pytest.raises(Unfit):
        read_value(field, '{"a": ')
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    with pytest.raises(Unfit, match="deep"):
        read_value(field, deep)
    with pytest.raises(Unfit):
        read_value(field, "[" * 100_000)
