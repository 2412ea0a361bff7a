from dataclasses import replace
from pathlib import Path

import pytest

from consentry.connectors import Catalogue
from consentry.errors import InvalidInput
from consentry.flows.addresses import without_secrets
from consentry.flows.form import check, place_of, slug
from consentry.flows.model import ManualRead, NewSource, WarehouseSpec

CAPSULE = Catalogue.load().get("capsule")
PLAIN = NewSource(name="Sales", credential_id=1)
HOME = Path("/srv/consentry")


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("Sales CRM", "sales_crm"),
        ("  Österreich - West ", "sterreich_west"),  # only what every engine takes without quotes
        ("2026", "dataset_2026"),  # a name begins with a letter
        ("public", "dataset_public"),  # the engine's own
        ("pg_stat", "dataset_pg_stat"),
        ("", "dataset"),
        ("x" * 100, "x" * 55),
    ],
)
def test_a_dataset_takes_its_name_from_its_source(name: str, dataset: str) -> None:
    assert slug(name) == dataset


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (replace(PLAIN, name="  "), "name"),
        (replace(PLAIN, name="x" * 101), "name"),
        (replace(PLAIN, streams=()), "streams"),
        (replace(PLAIN, streams=("parties", "nonsense")), "streams"),
        (replace(PLAIN, hooks=True, streams=("countries",)), "hooks"),  # nothing that events tell of
        (replace(PLAIN, hooks=True, manual=ManualRead(path="x", parameters={}, records_path="")), "hooks"),
        (replace(PLAIN, dataset="main"), "dataset"),
        (replace(PLAIN, dataset="a-b"), "dataset"),
        (replace(PLAIN, dataset="x" * 64), "dataset"),
        (replace(PLAIN, manual=ManualRead(path="../up", parameters={}, records_path="")), "manual.path"),
        (replace(PLAIN, manual=ManualRead(path=" / ", parameters={}, records_path="")), "manual.path"),
        (replace(PLAIN, warehouse=WarehouseSpec(kind="postgres")), "warehouse.url"),
        (replace(PLAIN, warehouse=WarehouseSpec(kind="postgres", url="mysql://h/d")), "warehouse.url"),
        (replace(PLAIN, warehouse=WarehouseSpec(kind="postgres", url="postgresql://host")), "warehouse.url"),
        (replace(PLAIN, warehouse=WarehouseSpec(kind="duckdb", url="postgresql://h/d")), "warehouse.url"),
        (replace(PLAIN, warehouse=WarehouseSpec(kind="snowflake")), "warehouse.url"),
        (replace(PLAIN, warehouse=WarehouseSpec(kind="mssql", url="mssql://h/d", path="/a")), "warehouse.path"),
        (replace(PLAIN, warehouse=WarehouseSpec(kind="duckdb", path="here.duckdb")), "warehouse.path"),
        (replace(PLAIN, warehouse=WarehouseSpec(kind="parquet", path="/a\x00b")), "warehouse.path"),
    ],
)
def test_what_a_source_can_not_be_is_named_by_its_field(said: NewSource, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(said, CAPSULE)
    assert [fault.field for fault in refused.value.errors] == [field]


def test_every_fault_is_named_at_once() -> None:
    said = replace(PLAIN, name="", dataset="Bad", warehouse=WarehouseSpec(kind="duckdb", path="here"))
    with pytest.raises(InvalidInput) as refused:
        check(said, CAPSULE)
    assert {fault.field for fault in refused.value.errors} == {"name", "dataset", "warehouse.path"}


def test_an_address_that_is_kept_already_need_not_be_given_again() -> None:
    check(replace(PLAIN, warehouse=WarehouseSpec(kind="postgres")), CAPSULE, has_address=True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:a-long-word@h/d", "postgresql://ada@h/d"),
        ("postgres://ada:a-long-word@h:1/d?sslmode=require", "postgresql://ada@h:1/d?sslmode=require"),
        ("postgresql://h/d?password=a-long-word", "postgresql://h/d"),  # libpq takes it there too
        ("postgresql+psycopg://ada:a%2Dlong%2Dword@h/d", "postgresql://ada@h/d"),
    ],
)
def test_what_is_shown_of_an_address_has_no_password(url: str, shown: str) -> None:
    bare, whole = without_secrets("postgres", url)
    assert bare == shown
    assert "a-long-word" in whole.reveal()


def test_two_ways_to_name_a_warehouse_are_one_place() -> None:
    named = WarehouseSpec(kind="duckdb", path=str(HOME / "other" / ".." / "warehouse.duckdb"))
    assert place_of(named, HOME) == place_of(WarehouseSpec(), HOME)
    one = WarehouseSpec(kind="postgres", url="postgresql://ada@h/d")
    other = WarehouseSpec(kind="postgres", url="postgresql://bob@h:5432/d?sslmode=require")
    assert place_of(one, HOME) == place_of(other, HOME)
