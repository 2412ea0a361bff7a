"""CSV and JSON as they come: whole, broken, and made of any bytes."""

import io
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentry.errors import FieldError, InvalidInput
from consentry.flows.destination.export import write_csv
from consentry.flows.destination.model import RowOutcome, RowResult
from consentry.flows.destination.origin.delimited import Delimited
from consentry.flows.destination.origin.json_text import JsonText
from consentry.flows.destination.raw import RawRow


def csv_of(content: bytes | str, suffix: str = ".csv") -> tuple[Delimited, list[RawRow]]:
    reader = Delimited(io.BytesIO(content.encode() if isinstance(content, str) else content), suffix=suffix)
    return reader, list(reader.rows())


def json_of(content: bytes | str) -> list[RawRow]:
    return list(JsonText(io.BytesIO(content.encode() if isinstance(content, str) else content)).rows())


def values(rows: Sequence[RawRow]) -> list[dict[str, Any]]:
    return [dict(row.values) for row in rows]


def faults(rows: Sequence[RawRow]) -> dict[int, str]:
    return {row.row: row.fault for row in rows if row.fault}


@pytest.mark.parametrize(
    ("content", "delimiter", "encoding", "reason"),
    [
        ("name,size\nÄnn,1\n".encode(), ",", "UTF-8", "plain"),
        ("\ufeffname;size\r\nÄnn;1\r\n".encode(), ";", "UTF-8", "as spreadsheets save it"),
        ("name\tsize\nÄnn\t1\n".encode("utf-16"), "tab", "UTF-16", "as spreadsheets save Unicode text"),
        (b"\xfe\xff" + "name|size\nÄnn|1\n".encode("utf-16-be"), "|", "UTF-16", "the other way round"),
        ("name;size\nÄnn;1\n".encode("cp1252"), ";", "Windows-1252", "as old programs save it"),
        ("name,size\rÄnn,1\r".encode(), ",", "UTF-8", "lines as old Macintoshes end them"),
        ('sep=;\nname;size\n"Änn";1'.encode(), ";", "UTF-8", "said by the file, and the last line not ended"),
        ("\n\nname,size\n\nÄnn,1\n,\n".encode(), ",", "UTF-8", "empty lines, before and between and behind"),
    ],
)
def test_csv_is_read_however_it_was_saved(content: bytes, delimiter: str, encoding: str, reason: str) -> None:
    reader, rows = csv_of(content)
    assert values(rows) == [{"name": "Änn", "size": "1"}], reason
    assert (reader.about.delimiter, reader.about.encoding, rows[0].row) == (delimiter, encoding, 1), reason
    assert faults(rows) == {}, reason


def test_the_delimiter_is_the_one_that_lines_agree_on() -> None:
    reader, rows = csv_of("name;note\nAnn;a, b, c\nBob;d\n")
    assert reader.about.delimiter == ";"
    assert rows[0].values["note"] == "a, b, c"
    assert csv_of("only\na\nb\n")[0].about.columns == ("only",)


def test_a_file_that_is_not_utf_8_is_read_as_windows_has_it_and_says_so() -> None:
    reader, _ = csv_of("name\nÄnn\n".encode("cp1252"))
    assert "Windows-1252" in reader.about.faults[0]


def test_lines_in_another_encoding_than_the_rest_are_refused_not_mangled() -> None:
    reader, rows = csv_of("name,n\nÄ,1\nÖ,2\n".encode() + "Ü,3\n".encode("cp1252") + b"U,4\n")
    assert faults(rows) == {3: "Line 4 can't be read: the line isn't in UTF-8, as the file is."}
    assert [row.values["name"] for row in rows if row.fault is None] == ["Ä", "Ö", "U"]
    assert "another encoding" in reader.about.faults[0]
    _, rows = csv_of("name,n\nÄ,1\nÖ,2\n".encode("cp1252") + "Ü,3\n".encode())
    assert faults(rows) == {3: "Line 4 can't be read: the line is in UTF-8, but the file is in Windows-1252."}


@pytest.mark.parametrize(
    ("broken", "words", "reason"),
    [
        ("a,b,c", "it has 3 columns, but the heading has 2", "one too many"),
        ("a", "it has 1 column, but the heading has 2", "cut off"),
        ('a,"b"c', "something else follows", "a quotation mark in the middle"),
        ('a,"b', "a quotation mark", "never closed"),
        ("a,\0", "a NUL character", "no text"),
        ("a," + "x" * 1_000_001, "longer than 1,000,000 characters", "a line without end"),
        ('a,"' + "x" * 200_000 + '"', "a value is longer than", "a value without end"),
    ],
)
def test_a_broken_line_is_refused_by_itself(broken: str, words: str, reason: str) -> None:
    _, rows = csv_of(f"one,two\n1,2\n{broken}\n3,4\n")
    assert words in (rows[1].fault or ""), reason
    assert (rows[1].fault or "").startswith("Line 3 can't be read: "), reason
    assert values([rows[0], rows[2]]) == [{"one": "1", "two": "2"}, {"one": "3", "two": "4"}], reason
    assert [row.row for row in rows] == [1, 2, 3], reason


def test_an_open_quotation_mark_does_not_swallow_the_file() -> None:
    _, rows = csv_of('one,two\n"open,1\n' + "a,b\n" * 3_000)
    assert list(faults(rows)) == [1]
    assert len(rows) == 3_001


def test_values_over_several_lines_are_read() -> None:
    _, rows = csv_of('one,two\n"a\n""b""\r\nc",2\n3,4\n')
    assert rows[0].values == {"one": 'a\n"b"\r\nc', "two": "2"}
    assert rows[1].values == {"one": "3", "two": "4"}


def test_columns_get_names_of_their_own() -> None:
    reader, rows = csv_of("a,a,,b (2),b,b\n1,2,3,4,5,6\n")
    assert reader.about.columns == ("a", "a (2)", "column 3", "b (2)", "b", "b (3)")
    assert list(rows[0].values.values()) == ["1", "2", "3", "4", "5", "6"]
    assert len([each for each in reader.about.faults if "more than once" in each]) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n\r\n", "empty"),
        (b"PK\x03\x04 and so on", "spreadsheet"),
        (b"\x1f\x8b and so on", "compressed"),
        (b"PAR1 and so on", "Parquet"),
        ("name,size\nA,1\n".encode("utf-16-le") * 20, "isn't text"),
        (bytes(1000), "isn't text"),
        ((",".join("abc" for _ in range(3_000)) + "\n").encode(), "3,000 columns"),
        (b'"open\n', "The heading in line 1 can't be read"),
    ],
)
def test_files_that_hold_no_rows_are_refused_with_words(content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        csv_of(content)
    assert caught.value.errors[0].field == "rows.file"


def test_a_heading_alone_is_no_fault() -> None:
    reader, rows = csv_of("a,b\n")
    assert (reader.about.columns, rows) == (("a", "b"), [])


def test_json_lines_are_objects_one_a_line() -> None:
    rows = json_of('{"a": 1}\n\n[1]\n{"a":\n{"b": NaN}\n{"c": [{"x": null}]}\n{"d": 1e999}\n{"e": "\\ud800"}\n')
    assert values(rows) == [{"a": 1}, {}, {}, {}, {"c": [{"x": None}]}, {}, {}]
    assert {number: words.partition(" can't")[0] for number, words in faults(rows).items()} == {
        2: "Line 3",
        3: "Line 4",
        4: "Line 5",
        6: "Line 7",
        7: "Line 8",
    }


def test_a_json_list_is_read_object_by_object() -> None:
    rows = json_of(' [ {"a": "],[{\\"x\\\\"}, {"b": [1, [2]]} , 5, {bad}, {"c": 1}]\n')
    assert values(rows) == [{"a": '],[{"x\\'}, {"b": [1, [2]]}, {}, {}, {"c": 1}]
    assert list(faults(rows)) == [3, 4]
    assert json_of("[]") == []


def test_a_json_list_that_breaks_off_says_so() -> None:
    rows = json_of('[{"a": 1}, {"b": ')
    assert values(rows) == [{"a": 1}, {}]
    assert faults(rows) == {2: "Object 2 can't be read: the file breaks off before its list is closed."}


@pytest.mark.parametrize("depth", [40, 100_000])
def test_json_too_deep_is_refused_by_itself(depth: int) -> None:
    deep = '{"a": ' + "[" * depth + "]" * depth + "}"
    assert list(faults(json_of(f'{{"a": 1}}\n{deep}\n{{"a": 2}}\n'))) == [2]
    assert list(faults(json_of(f'[{{"a": 1}},{deep},{{"a": 2}}]'))) == [2]


def test_json_objects_that_are_too_long_are_refused_by_themselves() -> None:
    long = '{"a": "' + "x" * 1_100_000 + '"}'
    assert list(faults(json_of(f'[{{"a": 1}},{long},{{"a": 2}}]'))) == [2]
    assert list(faults(json_of(f'{{"a": 1}}\n{long}\n{{"a": 2}}\n'))) == [2]


def test_one_json_object_over_many_lines_is_not_rows() -> None:
    with pytest.raises(InvalidInput, match="a list of objects, or one object a line"):
        json_of('{\n  "parties": []\n}')


def test_json_numbers_too_large_for_a_database_become_texts() -> None:
    assert values(json_of('{"a": 123456789012345678901234567890}')) == [{"a": "123456789012345678901234567890"}]


@given(st.binary(max_size=400))
def test_no_bytes_bring_a_reader_down(content: bytes) -> None:
    for read in (csv_of, json_of):
        with suppress(InvalidInput):
            read(content)


@given(st.text(alphabet="ab,;\"\n\r\t {}[]:\\0é'=", max_size=60))
def test_no_text_brings_a_reader_down_or_loses_count(content: str) -> None:
    with suppress(InvalidInput):
        assert [row.row for row in csv_of(content)[1]] == list(range(1, len(csv_of(content)[1]) + 1))
    with suppress(InvalidInput):
        json_of(content)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=12)


@given(st.lists(st.tuples(TEXTS, TEXTS | st.sampled_from(["=1+1", "'=x", "''-2", "@a", "\t", "\r"])), max_size=6))
def test_what_is_exported_is_read_again_as_it_was(cells: list[tuple[str, str]]) -> None:
    results = [
        RowResult(row=number, key="", outcome=RowOutcome.REFUSED, values={"one": one, "=two": two})
        for number, (one, two) in enumerate(cells, start=1)
    ]
    text = "".join(write_csv(("one", "=two"), results))
    _, rows = csv_of(text)
    assert [(row.values["one"] or "", row.values["=two"] or "") for row in rows] == cells
    assert all(row.fault is None for row in rows)


def test_an_export_has_the_row_then_what_became_of_it_and_no_formula() -> None:
    results = [
        RowResult(
            row=1,
            key="k",
            outcome=RowOutcome.REFUSED,
            errors=(FieldError(field="name", message="=is wrong"), FieldError(field="b", message="too")),
            values={"name": "=HYPERLINK(1)", "n": -5, "tags": ["a"], "outcome": "-mine", "ok": True},
        ),
        RowResult(row=2, key="k", outcome=RowOutcome.CREATED, record_id=7, values={"name": "a,b"}),
    ]
    assert "".join(write_csv(("name", "n", "tags", "outcome", "ok"), results)).split("\r\n") == [
        "name,n,tags,outcome,ok,outcome (2),record_id,errors",
        '\'=HYPERLINK(1),-5,"[""a""]",\'-mine,true,refused,,name: =is wrong; b: too',
        '"a,b",,,,,created,7,',
        "",
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_would_be_formulas_are_texts(start: str) -> None:
    result = RowResult(row=1, key="", outcome=None, values={"a": f"{start}cmd"})
    assert f"'{start}cmd" in "".join(write_csv(("a",), [result]))
