"""Nothing is committed that must stay with one person or one machine, and the search for it does find things."""

from pathlib import Path

import pytest

import leaks


def test_nothing_committed_holds_a_secret_or_the_place_of_one_machine() -> None:
    assert leaks.find() == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("-----BEGIN " + "RSA PRIVATE KEY-----", "a private key"),
        ("key = 'csy_" + "k" * 43 + "'", "an API key of ours"),
        ("AKIA" + "Q" * 16, "an access key of a cloud"),
        ("ghp_" + "a" * 36, "a token of a code host"),
        ("eyJ" + "a" * 20 + "." + "b" * 20 + "." + "c" * 20, "a signed token"),
        ('"primaryKeyId": ' + "2147483647", "a keyset"),
        (f"open {Path.home() / 'notes.txt'}", "a folder of somebody's machine"),
        ("see /home" + "/ada/notes.txt", "a folder of somebody's machine"),
        ("--extra-index" + "-url x", "an address to install packages from"),
        ('"resolved": ' + '"https://example.com/x.tgz"', "an address to install packages from"),
    ],
)
def test_the_search_finds_what_must_not_be_there(line: str, what: str) -> None:
    assert leaks.search(f"harmless\n{line}\n") == [(2, what)]


def test_the_search_lets_ordinary_lines_pass() -> None:
    text = "consentry keeps home/ and root/ apart\nhttps://example.com/home/page\nprimaryKeyId is a number\n"
    assert leaks.search(text) == []
