"""Streams in the library: records as the provider spells them, one by one, on the home and through a server."""

import pyarrow as pa
import pytest

import consentry
from consentry import errors
from consentry.credentials import Credential
from consentry.sandbox import RunningSandbox


def requests(sandbox: RunningSandbox) -> int:
    return sum(each.path.startswith("/api/v2/parties") for each in sandbox.world.journal.recent())


def test_every_record_of_a_stream_comes_once(hub: consentry.Hub, sandbox: RunningSandbox) -> None:
    parties = list(hub.credential("Sales CRM").stream("parties"))
    kept = sandbox.world.crm("acme")["parties"].all()
    assert len(parties) == len(kept) > 100
    assert {each["id"] for each in parties} == {each.id for each in kept}


def test_a_stream_below_parents_is_walked(hub: consentry.Hub, sandbox: RunningSandbox) -> None:
    milestones = list(hub.credential("Sales CRM").stream("milestones"))
    assert {each["id"] for each in milestones} == {each.id for each in sandbox.world.crm("acme")["milestones"].all()}


def test_who_stops_early_asks_for_one_page(hub: consentry.Hub, sandbox: RunningSandbox) -> None:
    assert next(iter(hub.credential("Sales CRM").stream("parties")))["id"]
    assert requests(sandbox) == 1


def test_a_stream_that_is_not_there_is_named_with_those_that_are(hub: consentry.Hub) -> None:
    with pytest.raises(errors.NotFound, match="no stream named invoices") as refused:
        hub.credential("Sales CRM").stream("invoices")
    assert "parties" in refused.value.hint


async def test_the_same_works_with_await(sales: Credential) -> None:
    async with consentry.aio.open() as hub:
        capsule = await hub.credential("Sales CRM")
        users = [each["name"] async for each in capsule.stream("users")]
    with consentry.open() as hub:
        assert users == [each["name"] for each in hub.credential("Sales CRM").stream("users")]


@pytest.mark.parametrize(("status", "expected"), [(403, errors.ScopeMissing), (502, errors.ProviderDown)])
def test_what_the_provider_refuses_is_said(
    hub: consentry.Hub, sandbox: RunningSandbox, status: int, expected: type[errors.ConsentryError]
) -> None:
    sandbox.world.fail("api", status)
    with pytest.raises(expected):
        list(hub.credential("Sales CRM").stream("users"))


def test_a_stream_becomes_an_arrow_table_typed_as_in_a_dataset(hub: consentry.Hub, sandbox: RunningSandbox) -> None:
    opportunities = hub.credential("Sales CRM").stream("opportunities")
    table = opportunities.arrow()
    kept = {each.id: each.decode() for each in sandbox.world.crm("acme")["opportunities"].all()}
    assert pa.types.is_timestamp(table.schema.field("created_at").type)
    assert pa.types.is_decimal(table.schema.field("value_amount").type)
    amounts = dict(zip(table["id"].to_pylist(), table["value_amount"].to_pylist(), strict=True))
    told = {key: (each["value"] or {}).get("amount") for key, each in kept.items()}
    assert {key: None if value is None else float(value) for key, value in amounts.items()} == told
    assert any(told.values())


def test_nested_lists_are_tables_of_their_own(hub: consentry.Hub, sandbox: RunningSandbox) -> None:
    tables = hub.credential("Sales CRM").stream("parties").tables()
    told = {
        (each.id, position, one["address"])
        for each in sandbox.world.crm("acme")["parties"].all()
        for position, one in enumerate(each.decode()["emailAddresses"])
    }
    read = tables["parties__email_addresses"].select(["_parent_id", "_position", "address"])
    assert {tuple(row.values()) for row in read.to_pylist()} == told
    assert "_hash" not in tables["parties"].column_names


def test_a_list_without_records_still_has_its_columns(hub: consentry.Hub, sandbox: RunningSandbox) -> None:
    titles = sandbox.world.crm("acme")["titles"]
    for each in titles.all():
        titles.remove(each.id, at="2026-01-01T00:00:00Z")
    table = hub.credential("Sales CRM").stream("titles").arrow()
    assert table.num_rows == 0
    assert "id" in table.column_names
