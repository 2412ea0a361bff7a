"""Mended rows come back as they were exported, whatever a person did to the file's columns."""

from pathlib import Path

import pytest

from consentry.errors import FieldError, InvalidInput
from consentry.flows import RowOutcome, RowResult, read_mended
from consentry.flows.destination.export import write_csv

ROWS = [
    RowResult(
        row=number,
        key="",
        outcome=RowOutcome.REFUSED,
        errors=(FieldError(field="owner", message="There is nobody."),),
        values={"email": f"p{number}@example.com", "note": "=1+1"},
    )
    for number in (3, 17)
]
MENDED = {number: {"email": f"p{number}@example.com", "note": "=1+1"} for number in (3, 17)}


def file_of(folder: Path, text: str, name: str = "mended.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_an_export_is_read_back_without_its_own_columns(tmp_path: Path) -> None:
    assert read_mended(file_of(tmp_path, "".join(write_csv(("email", "note"), ROWS)))) == MENDED


def test_a_column_of_one_s_own_named_as_ours_stays_apart(tmp_path: Path) -> None:
    rows = [RowResult(row=5, key="", outcome=None, values={"row": "A", "errors": "mine"})]
    text = "".join(write_csv(("row", "errors"), rows))
    assert read_mended(file_of(tmp_path, text)) == {5: {"row": "A", "errors": "mine"}}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("row,email\n3,a@example.com\n", "the other columns of ours were dropped"),
        ("outcome,row,errors,email\nrefused,3,x,a@example.com\n", "they were moved"),
    ],
)
def test_columns_may_be_dropped_or_moved(tmp_path: Path, text: str, reason: str) -> None:
    assert read_mended(file_of(tmp_path, text)) == {3: {"email": "a@example.com"}}, reason


def test_rows_may_be_json_as_a_run_s_rows_are_shown(tmp_path: Path) -> None:
    shown = '[{"row": 3, "key": "k", "outcome": "refused", "values": {"email": "a@example.com", "n": 1}}]'
    assert read_mended(file_of(tmp_path, shown, "mended.json")) == {3: {"email": "a@example.com", "n": 1}}


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("email\na@example.com\n", "a.csv", "no row says which one it is"),
        ("row,email\nthree,a@example.com\n", "a.csv", "three is no number"),
        ("row,email\n0,a@example.com\n", "a.csv", "rows are counted from 1"),
        ("row,email\n3,a\n3,b\n", "a.csv", "a row stands twice"),
        ("row,email\n3,a,b,c\n", "a.csv", "a broken line"),
        ("row,email\n3,a\n", "a.txt", "no rows are read from such files"),
        ("", "a.parquet", "nobody mends those by hand"),
    ],
)
def test_what_can_t_be_told_is_refused(tmp_path: Path, text: str, name: str, reason: str) -> None:
    path = file_of(tmp_path, text, name)
    with pytest.raises(InvalidInput):
        pytest.fail(f"{reason}, and {read_mended(path)} was read")


def test_a_file_that_isn_t_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="can't be read"):
        read_mended(tmp_path / "nowhere.csv")
