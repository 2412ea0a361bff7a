"""Measure how quickly records go into a DuckDB dataset, against the barest way there is in the same run.

python bench/datasets.py [--records 20000] [--runs 5]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec
import pyarrow as pa

from consentry.connectors import Catalogue, Record, Stream
from consentry.flows.model import Source, SourceId, WarehouseSpec
from consentry.flows.shape import plan_of
from consentry.flows.warehouse import Written, open_dataset

PAGE: Final = 100
BATCH: Final = 2_000
MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE: Final = Source(
    id=SourceId(1),
    name="CRM",
    connector="capsule",
    credential_id=1,
    credential_name="CRM",
    streams=("parties",),
    manual=None,
    dataset="crm",
    warehouse=WarehouseSpec(),
    deletions="mark",
    full_listing_every=MADE - MADE,
    schedule=None,
    is_active=True,
    next_run_at=None,
    created_by="bench",
    created_at=MADE,
    updated_at=MADE,
)


def party(number: int) -> Record:
    """Return a person with an organisation, an owner, and six rows in lists."""
    stamp = f"2024-0{1 + number % 9}-11T10:{number % 60:02d}:00Z"
    return {
        "id": 1_000_000 + number,
        "type": "person",
        "firstName": f"Ada {number}",
        "lastName": "Lovelace",
        "jobTitle": "Analyst",
        "organisation": {"id": 7, "type": "organisation", "name": "Engines Ltd", "pictureURL": None},
        "about": "Wrote the first program there was, and a good deal about it. " * 2,
        "createdAt": stamp,
        "updatedAt": stamp,
        "lastContactedAt": None,
        "owner": {"id": 3, "username": "charles", "name": "Charles"},
        "team": None,
        "addresses": [{"id": number, "type": "Home", "street": "1 Main St", "city": "London", "zip": "N1"}],
        "phoneNumbers": [{"id": number, "type": "Work", "number": f"+44 20 {number}"}],
        "websites": [],
        "emailAddresses": [{"id": number, "type": "Work", "address": f"ada{number}@example.com"}],
        "pictureURL": "https://example.com/face.png",
        "tags": [{"id": 1, "name": "VIP", "dataTag": False}, {"id": 2, "name": "Maths", "dataTag": False}],
        "fields": [{"id": number, "value": "blue", "definition": {"id": 9, "name": "Colour"}, "tagId": None}],
    }


def pages(count: int) -> list[bytes]:
    """Return bodies as the API would send them."""
    return [
        msgspec.json.encode({"parties": [party(number) for number in range(start, min(start + PAGE, count))]})
        for start in range(0, count, PAGE)
    ]


def batches(bodies: list[bytes]) -> Iterator[list[Record]]:
    """Read bodies, and yield their records in batches."""
    waiting: list[Record] = []
    for body in bodies:
        waiting += msgspec.json.decode(body)["parties"]
        if len(waiting) >= BATCH:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def bare(bodies: list[bytes], home: Path) -> None:
    """Parse, let Arrow guess the types, insert: no lists apart, no comparing, one connection, one transaction."""
    with duckdb.connect(str(home / "bare.duckdb")) as connection:
        for number, records in enumerate(batches(bodies)):
            connection.register("batch", pa.Table.from_pylist(records))
            connection.execute("CREATE TABLE t AS FROM batch" if number == 0 else "INSERT INTO t FROM batch")


def shape(stream: Stream, bodies: list[bytes]) -> None:
    """Parse and make typed tables."""
    plan = plan_of(stream)
    for records in batches(bodies):
        plan.shape(records)


def keep(stream: Stream, bodies: list[bytes], home: Path, fence: int) -> Written:
    """Parse, shape and write as a run does while pages come quickly: each batch compared, committed with its state."""
    plan, new, unchanged = plan_of(stream), 0, 0
    with open_dataset(SOURCE, [stream], home=home) as dataset:
        for number, records in enumerate(batches(bodies)):
            state: dict[str, Any] = {"page": number}
            done = dataset.write("parties", plan.shape(records), state=state, fence=fence, at=MADE, seen=True)
            new, unchanged = new + done.new, unchanged + done.unchanged
        dataset.finish(fence=fence)
    return Written(new=new, changed=0, unchanged=unchanged)


def rate(count: int, what: Callable[[], object]) -> float:
    """Return records a second."""
    begun = time.perf_counter()
    what()
    return count / (time.perf_counter() - begun)


def one_round(stream: Stream, bodies: list[bytes], count: int, home: Path) -> Iterator[tuple[str, float]]:
    """Measure each way once."""
    yield "bare", rate(count, lambda: bare(bodies, home))
    yield "shape", rate(count, lambda: shape(stream, bodies))
    yield "first", rate(count, lambda: keep(stream, bodies, home, 1))
    yield "again", rate(count, lambda: keep(stream, bodies, home, 2))


def run(count: int, runs: int) -> None:
    """Measure each way so often, in turns, and print the medians."""
    stream = Catalogue.load().get("capsule").stream("parties")
    if stream is None:
        raise LookupError("Capsule has no parties any more")
    bodies = pages(count)
    found: dict[str, list[float]] = {"bare": [], "shape": [], "first": [], "again": []}
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            for name, each in one_round(stream, bodies, count, Path(folder)):
                found[name].append(each)
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    print(f"{count} parties, medians of {runs} runs, records a second")
    print(f"  parse, Arrow's own types, INSERT (bare)   {medians['bare']:>9.0f}")
    print(f"  parse and shape                           {medians['shape']:>9.0f}")
    print(f"  parse, shape and write: all new           {medians['first']:>9.0f}   aim 20000")
    print(f"  parse, shape and write: nothing changed   {medians['again']:>9.0f}   aim 20000")
    print(f"  bare / all new                            {medians['bare'] / medians['first']:>9.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    said = parser.parse_args()
    run(said.records, said.runs)
