from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from consentry.connectors import Catalogue
from consentry.core.secret import Secret
from consentry.errors import Conflict, FieldError, InvalidInput
from consentry.flows.model import ManualRead, Schedule, Source, SourceId, WarehouseKind, WarehouseSpec
from consentry.web.fields import Entries
from consentry.web.source_fields import source_fields
from consentry.web.source_form import TypedSource, at_its_field, described, read_typed, typed_of

CONNECTOR = Catalogue.load().list()[0]
NAMES = tuple(stream.name for stream in CONNECTOR.streams)
TYPED = TypedSource(name="Sales", streams=NAMES)
SOURCE = Source(
    id=SourceId(1),
    name="Sales",
    connector=CONNECTOR.name,
    credential_id=3,
    credential_name="Sales CRM",
    streams=NAMES[:2],
    manual=None,
    dataset="sales",
    warehouse=WarehouseSpec(),
    deletions="remove",
    full_listing_every=timedelta(hours=6),
    schedule=Schedule(daily_at="06:00", timezone="Europe/Berlin"),
    is_active=True,
    next_run_at=None,
    created_by="person:ada@example.com",
    created_at=datetime(2026, 11, 24, tzinfo=UTC),
    updated_at=datetime(2026, 11, 24, tzinfo=UTC),
)


def test_an_untouched_form_describes_everything_into_a_duckdb_file_by_hand() -> None:
    new = described(TYPED, CONNECTOR, 3)
    assert (new.streams, new.manual, new.warehouse, new.schedule) == (None, None, WarehouseSpec(), None)
    assert (new.name, new.credential_id, new.deletions, new.full_listing_every) == (
        "Sales",
        3,
        "mark",
        timedelta(days=1),
    )


def test_an_empty_form_reads_as_the_untouched_one() -> None:
    read = read_typed(Entries(()))
    assert read == TypedSource(postgres_url=read.postgres_url, other_url=read.other_url)


@pytest.mark.parametrize(
    "source",
    [
        SOURCE,
        replace(SOURCE, streams=None, schedule=None),
        replace(SOURCE, warehouse=WarehouseSpec(kind="parquet", path="/data/sales")),
        replace(
            SOURCE, warehouse=WarehouseSpec(path="/data/sales.duckdb"), schedule=Schedule(every=timedelta(hours=2))
        ),
        replace(
            SOURCE, streams=None, manual=ManualRead(path="users", parameters={"embed": "tags"}, records_path="users")
        ),
    ],
)
def test_a_source_survives_its_form(source: Source) -> None:
    new = described(typed_of(source, CONNECTOR), CONNECTOR, source.credential_id)
    for name in ("name", "streams", "manual", "dataset", "warehouse", "deletions", "full_listing_every", "schedule"):
        assert getattr(new, name) == getattr(source, name), name


def test_everything_that_is_wrong_is_said_at_once_and_at_its_field() -> None:
    typed = replace(TYPED, name="", streams=(), warehouse="postgres", full_number="x")
    with pytest.raises(InvalidInput) as caught:
        described(typed, CONNECTOR, 3)
    assert {error.field for error in caught.value.errors} == {"name", "stream", "postgres_url", "full_number"}


def test_a_manual_request_is_judged_in_full() -> None:
    typed = replace(TYPED, mode="manual", manual_path="users", manual_records="a b")
    with pytest.raises(InvalidInput) as caught:
        described(typed, CONNECTOR, 3)
    assert [error.field for error in caught.value.errors] == ["manual_records"]


def test_an_address_that_is_there_is_kept_by_a_blank_field() -> None:
    new = described(replace(TYPED, warehouse="postgres"), CONNECTOR, 3, has_url="postgres")
    assert (new.warehouse.kind, new.warehouse.url) == ("postgres", None)
    other = replace(TYPED, warehouse="other", other_kind="snowflake")
    assert described(other, CONNECTOR, 3, has_url="snowflake").warehouse == WarehouseSpec(kind="snowflake")
    kinds: tuple[tuple[TypedSource, WarehouseKind], ...] = (
        (other, "mssql"),
        (replace(other, other_kind="nonsense"), "snowflake"),
    )
    for typed, has_url in kinds:
        with pytest.raises(InvalidInput) as caught:
            described(typed, CONNECTOR, 3, has_url=has_url)
        assert [error.field for error in caught.value.errors] == ["other_url"]


def test_a_warehouse_that_dlt_writes_to_is_chosen_by_its_kind() -> None:
    source = replace(SOURCE, warehouse=WarehouseSpec(kind="mssql", url="mssql://ada@host/crm"))
    typed = typed_of(source, CONNECTOR)
    assert (typed.warehouse, typed.other_kind) == ("other", "mssql")
    kinds = source_fields(typed, ()).other_kinds
    assert [choice.value for choice in kinds if choice.is_chosen] == ["mssql"]
    new = described(replace(typed, other_url=Secret("mssql://ada:hush@other/crm")), CONNECTOR, 3)
    assert new.warehouse == WarehouseSpec(kind="mssql", url="mssql://ada:hush@other/crm")


def test_the_address_of_a_database_is_never_shown_again() -> None:
    typed = replace(
        TYPED, postgres_url=Secret("postgresql://a:hush@host/db"), other_url=Secret("mssql://a:hush@host/db")
    )
    assert "hush" not in repr(source_fields(typed, ()))
    assert "hush" not in repr(typed)


def test_what_the_rules_of_a_source_find_stands_at_the_fields_of_the_form() -> None:
    found = InvalidInput(
        FieldError(field="schedule.cron", message="must be a cron line"),
        FieldError(field="warehouse.path", message="x"),
        FieldError(field="streams", message="x"),
        FieldError(field="warehouse.type", message="x"),
    )
    placed = at_its_field(found, replace(TYPED, warehouse="parquet"))
    assert isinstance(placed, InvalidInput)
    assert [error.field for error in placed.errors] == ["cron", "parquet_path", "stream", "postgres_url"]
    elsewhere = at_its_field(
        InvalidInput(FieldError(field="warehouse.url", message="x")), replace(TYPED, warehouse="other")
    )
    assert isinstance(elsewhere, InvalidInput)
    assert [error.field for error in elsewhere.errors] == ["other_url"]
    assert placed.errors[0].message == "This must be a cron line."
    conflict = Conflict("There is one already.")
    assert at_its_field(conflict, TYPED) is conflict
