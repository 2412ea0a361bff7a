"""Addresses of warehouses: which are taken, what is shown of them, and which place they name."""

from pathlib import Path
from typing import get_args

import pytest

from consentry.flows.addresses import FORMS, is_possible, place_of, without_secrets
from consentry.flows.model import WarehouseKind

SECRET = "a-long-word"


def test_every_kind_of_warehouse_but_files_of_our_own_has_a_form_and_an_example_of_it() -> None:
    assert FORMS.keys() == set(get_args(WarehouseKind)) - {"duckdb", "parquet"}
    for kind, form in FORMS.items():
        for example in form.example.split(", or "):
            assert is_possible(kind, example), example


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("snowflake", "mssql://ada@host/crm"),  # another kind's
        ("snowflake", "snowflake://account"),  # no database
        ("mssql", "mssql:///crm"),  # no host
        ("mssql", "mssql://ada@host:port/crm"),
        ("sqlalchemy", "sqlite:///here.db"),  # a path from nowhere
        ("sqlalchemy", "sqlite://"),  # in memory, and gone
        ("sqlalchemy", "not an address"),
        ("sqlalchemy", "mysql+pymysql://host/c\nrm"),
        ("filesystem", "file:///"),
        ("filesystem", "file://host/folder"),
        ("filesystem", "s3://"),
        ("filesystem", "memory://bucket"),
        ("bigquery", "bigquery://"),
    ],
)
def test_an_address_that_can_not_be_is_not_taken(kind: WarehouseKind, url: str) -> None:
    assert not is_possible(kind, url)


@pytest.mark.parametrize(
    ("kind", "url", "shown"),
    [
        ("snowflake", f"snowflake://ada:{SECRET}@account/crm?warehouse=w", "snowflake://ada@account/crm"),
        ("motherduck", f"md:///crm?motherduck_token={SECRET}", "md:///crm"),
        ("databricks", f"databricks://token:{SECRET}@host/main?http_path=/sql/1", "databricks://token@host/main"),
        ("filesystem", f"s3://KEY:{SECRET}@bucket/folder?endpoint_url=https://host", "s3://KEY@bucket/folder"),
        ("sqlalchemy", f"mysql+pymysql://ada:{SECRET}@host/crm?ssl_key={SECRET}", "mysql+pymysql://ada@host/crm"),
        ("mssql", f"mssql://ada:{SECRET}@host/crm?PWD={SECRET}", "mssql://ada@host/crm"),
    ],
)
def test_what_is_shown_of_an_address_has_no_password_and_no_parameters(
    kind: WarehouseKind, url: str, shown: str
) -> None:
    bare, whole = without_secrets(kind, url)
    assert (bare, whole.reveal()) == (shown, url)
    assert SECRET not in repr(whole)


def test_the_place_of_an_address_is_the_same_for_whoever_goes_there(tmp_path: Path) -> None:
    pairs: tuple[tuple[WarehouseKind, str, str], ...] = (
        ("snowflake", "snowflake://ada:x@Account/crm?role=a", "snowflake://bob@account/crm"),
        ("sqlalchemy", "mysql+pymysql://ada@host/crm", "mysql+mysqldb://bob@host/crm"),
        ("sqlalchemy", f"sqlite:///{tmp_path}/x/../crm.db", f"sqlite:///{tmp_path}/crm.db?timeout=1"),
        ("filesystem", f"file://{tmp_path}/lake/", f"file://{tmp_path}/lake"),
        ("filesystem", "s3://KEY:x@bucket/folder/", "s3://bucket/folder"),
    )
    for kind, one, other in pairs:
        assert place_of(kind, one) == place_of(kind, other), one
    assert place_of("mssql", "mssql://host/a") != place_of("mssql", "mssql://host/b")


def test_the_place_is_the_same_with_and_without_what_is_secret() -> None:
    for kind, form in FORMS.items():
        for example in form.example.split(", or "):
            assert place_of(kind, without_secrets(kind, example)[0]) == place_of(kind, example)
