"""Random changes of records against a dictionary, and processes that die in the middle of a write."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consentry.flows.model import WarehouseKind
from ground.databases import Databases
from ground.dying_writer import DIED
from ground.flattening import Expected, differences
from ground.warehouses import KINDS, THINGS, Warehouse, a_warehouse

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
MOMENTS = st.datetimes().map(lambda moment: moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z")
PART = st.fixed_dictionaries({"id": st.integers(-(2**63), 2**63 - 1), "name": st.none() | TEXTS})
RECORD = st.fixed_dictionaries(
    {"id": st.integers(0, 5)},
    optional={
        "name": st.none() | TEXTS,
        "isBig": st.none() | st.booleans(),
        "price": st.none() | st.integers(-(10**15), 10**15).map(lambda cents: cents / 100),
        "weight": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "createdAt": st.none() | MOMENTS,
        "dueOn": st.none() | st.dates().map(str),
        "dueTime": st.none() | st.times().map(lambda time: time.isoformat(timespec="seconds")),
        "owner": st.fixed_dictionaries({}, optional={"id": st.integers(1, 9), "name": TEXTS}),
        "parts": st.lists(PART, max_size=3),
        "words": st.lists(TEXTS, max_size=2),
        "mood": st.none() | TEXTS,
    },
)
STEP = st.tuples(st.just("write"), st.lists(RECORD, max_size=6)) | st.tuples(
    st.just("delete"), st.lists(st.integers(0, 5), max_size=3)
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=1, max_size=5))
def test_a_dataset_holds_what_a_dictionary_would(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, kind: WarehouseKind, steps: list[tuple[str, Any]]
) -> None:
    model: dict[int, dict[str, Any]] = {}
    with a_warehouse(kind, databases, tmp_path_factory.mktemp("home")) as warehouse:
        for what, given_now in steps:
            if what == "delete":
                there = set(given_now) & model.keys()
                assert warehouse.delete(*((number,) for number in given_now)) == len(there)
                for number in there:
                    del model[number]
            elif given_now:
                last = {record["id"]: record for record in given_now}
                written = warehouse.write(given_now)
                assert written.unchanged == sum(model.get(number) == record for number, record in last.items())
                assert written.new + written.changed + written.unchanged == len(last)
                model |= last
        expected = Expected()
        for record in model.values():
            expected.add(THINGS, record)
        assert differences(expected, warehouse.live()) == []


def die_after(warehouse: Warehouse, statements: int) -> bool:
    """Write in another process that dies behind so many statements; tell whether it came to the end."""
    spec = warehouse.source.warehouse
    place = spec.url or str(warehouse.home / "warehouse.duckdb")
    done = subprocess.run(
        [sys.executable, "-m", "ground.dying_writer", spec.kind, place, str(statements)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, DIED), done.stderr
    return done.returncode == 0


@contextlib.contextmanager
def begun(kind: WarehouseKind, databases: Databases, home: Path) -> Iterator[Warehouse]:
    """Give a dataset with three records."""
    with a_warehouse(kind, databases, home) as warehouse:
        records = [{"id": number, "name": "before", "parts": [{"id": 7}, {"id": 8}]} for number in (1, 2, 3)]
        warehouse.write(records, state={"at": "before"})
        warehouse.finish()
        yield warehouse


def stand(warehouse: Warehouse) -> tuple[Any, ...]:
    """Return what a reader sees: state, names, parts."""
    with warehouse.open() as dataset:
        rows = dataset.rows("things", 10)
        parts = dataset.rows("things__parts", 20)
        return (dataset.state("things"), sorted((row["id"], row["name"]) for row in rows), len(parts))


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_a_process_that_dies_between_two_statements_leaves_nothing_half_done(
    databases: Databases, home: Path, kind: WarehouseKind
) -> None:
    before = ({"at": "before"}, [(1, "before"), (2, "before"), (3, "before")], 6)
    after = ({"at": "after"}, [(1, "after"), (2, "after"), (3, "before"), (4, "after")], 5)
    with begun(kind, databases, home) as warehouse:
        for statements in range(3, 60, 6):
            came_through = die_after(warehouse, statements)
            assert stand(warehouse) == (after if came_through else before)
            if came_through:
                break
        assert stand(warehouse) == after
