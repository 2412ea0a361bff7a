"""Measure what runs of destinations take: requests, rows a second and memory, each beside what a plain loop takes.

python bench/destinations.py [requests rate memory many …] [--runs N] [--postgres]
"""

import argparse
import asyncio
import csv
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import stage
import uvloop
from figures import Fresh, database, say
from runs import ADA, Told, carry_out, connected, crm, middle, opened, pure, run_source, spread

from consentry import credentials, flows
from consentry.app import App
from consentry.connectors import read
from consentry.flows import Mapped, NewDestination, NewSource, RowsSpec

COUNT: Final = 1_000
CHANGED: Final = 50
WRITTEN: Final = 3_000
FEW: Final = 1_000
MORE: Final = 20_000
KEPT: Final = 200_000
TAKEN: Final = 1_000_000
AT_ONCE: Final = 8
UPSERTED: Final = ("emailAddresses", "firstName", "lastName", "jobTitle", "emailAddresses")
"""By what a person is found, and the fields that are written."""

Rows = Sequence[Mapping[str, Any]]


def write_file(path: Path, rows: Iterator[Mapping[str, Any]]) -> Path:
    first = next(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(rows)
    return path


async def write(app: App, credential: int, template: str, rows: RowsSpec, match_on: str | None, *fields: str) -> Told:
    """Make a destination whose columns are called as its fields are, and run it."""
    new = NewDestination(
        name=f"Bench {time.time_ns()}",
        credential_id=credential,
        template=template,
        rows=rows,
        mapping={field: Mapped(column=field) for field in fields},
        match_on=match_on,
    )
    destination = await flows.create_destination(app.flows, ADA, new)
    return await carry_out(app, await flows.begin_destination_run(app.flows, ADA, destination.id))


async def keep_parties(app: App, credential: int) -> flows.Source:
    """Keep a dataset of parties, and fill it."""
    new = NewSource(name="S", credential_id=credential, streams=("parties",))
    source = await flows.create(app.flows, ADA, new)
    await run_source(app, source.id)
    return source


async def people(app: App, credential: int, count: int) -> list[dict[str, Any]]:
    """Return people with an e-mail address that nobody else has."""
    client = await credentials.client(app.credentials, ADA, credential)
    connector = app.catalogue.get("capsule")
    stream = connector.stream("parties")
    if stream is None:
        raise LookupError("Capsule has no parties any more")
    by_address: dict[str, list[dict[str, Any]]] = {}
    async for page in read(client, connector, stream):
        for record in page.records:
            for each in record["emailAddresses"]:
                by_address.setdefault(each["address"].casefold(), []).append(record)
    found: dict[int, dict[str, Any]] = {}
    for address, holders in by_address.items():
        record = holders[0]
        if len(holders) == 1 and record["type"] == "person" and record["id"] not in found:
            found[record["id"]] = {"id": record["id"], "emailAddresses": address, "jobTitle": record["jobTitle"] or ""}
    return list(found.values())[:count]


def with_changes(rows: Rows, field: str, words: str) -> RowsSpec:
    """Return the rows with another job title in the first ones."""
    wanted = [
        {field: row[field], "jobTitle": f"{words} {place}" if place < CHANGED else row["jobTitle"]}
        for place, row in enumerate(rows)
    ]
    return RowsSpec(inline=tuple(wanted))


async def requests(fresh: Fresh, _: int) -> None:
    """What an update of a thousand rows costs of which fifty are new to the provider."""
    with crm(4 * COUNT) as provider, stage.home(provider, fresh()) as home:
        async with opened(home) as app:
            (credential,) = await connected(app, provider, 1)
            rows = await people(app, credential, COUNT)
            count = len(rows)
            for field, at_once in (("id", 10), ("emailAddresses", 20)):
                told = await write(
                    app, credential, "update_person", with_changes(rows, field, field), field, field, "jobTitle"
                )
                _check(told, count)
                aim = count // at_once + CHANGED + 5
                say(f"{count:,} rows by {field}, {CHANGED} changed: requests", f"{told.run.requests:,}", f"<= {aim}")
            source = await flows.create(
                app.flows, ADA, NewSource(name="S", credential_id=credential, streams=("parties",))
            )
            await run_source(app, source.id)
            for field in ("id", "emailAddresses"):
                told = await write(
                    app, credential, "update_person", with_changes(rows, field, f"x{field}"), field, field, "jobTitle"
                )
                _check(told, count)
                say(f"by {field}, with a fresh dataset", f"{told.run.requests:,}", f"<= {CHANGED + 5}")
    say("a plain loop: look up, then write, row by row", f"{2 * count:,}", "", "without comparing")


def _check(told: Told, count: int) -> None:
    rows = told.run.rows
    if rows is None or (rows.changed, rows.unchanged) != (CHANGED, count - CHANGED):
        raise RuntimeError(f"the rows came to {rows}")


def made_up(count: int, words: str) -> Iterator[dict[str, Any]]:
    """Yield people whom nobody knows yet."""
    for number in range(count):
        yield {
            "firstName": "Ada",
            "lastName": f"{words} {number}",
            "jobTitle": "Analyst",
            "emailAddresses": f"{words}.{number}@rows.example",
        }


async def rate(fresh: Fresh, runs: int) -> None:
    """Rows written a second when every row makes a record, without a rate limit, against a loop that only sends."""
    ours, bare = [], []
    with crm(260) as provider, stage.home(provider, fresh()) as home, tempfile.TemporaryDirectory() as folder:
        async with opened(home) as app:
            (credential,) = await connected(app, provider, 1)
            token = (await credentials.token(app.credentials, ADA, credential)).access_token.reveal()
            for turn in range(runs):
                path = write_file(Path(folder) / f"{turn}.csv", made_up(WRITTEN, f"row{turn}"))
                told = await write(app, credential, "upsert_person", RowsSpec(file=str(path)), *UPSERTED)
                if told.run.rows is None or told.run.rows.created != WRITTEN:
                    raise RuntimeError(f"the rows came to {told.run.rows}")
                ours.append(WRITTEN / pure(told.run))
                bare.append(await send_all(provider, token, made_up(WRITTEN, f"bare{turn}")))
    say(f"{WRITTEN:,} rows, all new: written a second", f"{middle(ours):,.0f}", ">= 300", f"spread {spread(ours)}")
    say("a loop that only sends, eight at once", f"{middle(bare):,.0f}", "", f"spread {spread(bare)}")


async def send_all(provider: str, token: str, rows: Iterator[dict[str, Any]]) -> float:
    """Send every row, eight at once: nothing looked up, nothing written down."""
    count, began = 0, time.perf_counter()

    async def sender(http: aiohttp.ClientSession) -> None:
        nonlocal count
        for row in rows:
            body = {"party": {"type": "person", **row, "emailAddresses": [{"address": row["emailAddresses"]}]}}
            async with http.post(f"{provider}/api/v2/parties", json=body) as answer:
                if answer.status != 201:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")
                await answer.read()
            count += 1

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        await asyncio.gather(*(sender(http) for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - began)


async def memory(fresh: Fresh, _: int) -> None:
    """What a runner takes in memory for few and for many rows that are written."""
    with crm(260) as provider, stage.home(provider, fresh()) as home, tempfile.TemporaryDirectory() as folder:
        async with opened(home) as app:
            (credential,) = await connected(app, provider, 1)
            for count in (FEW, MORE):
                path = write_file(Path(folder) / f"{count}.csv", made_up(count, f"many{count}"))
                told = await write(app, credential, "upsert_person", RowsSpec(file=str(path)), *UPSERTED)
                say(f"{count:,} rows written: peak memory", f"{told.megabytes:.0f} MB", "flat")


async def many(fresh: Fresh, _: int) -> None:
    """A million rows that are taken in, sorted and refused, and 200,000 compared with a fresh dataset."""
    with crm(260) as provider, stage.home(provider, fresh()) as home, tempfile.TemporaryDirectory() as folder:
        async with opened(home) as app:
            (credential,) = await connected(app, provider, 1)
            rows = ({"id": number, "dueOn": "some day"} for number in range(1, TAKEN + 1))
            path = write_file(Path(folder) / "many.csv", rows)
            new = NewDestination(
                name="Many",
                credential_id=credential,
                template="update_task",
                rows=RowsSpec(file=str(path)),
                mapping={"id": Mapped(column="id"), "dueOn": Mapped(column="dueOn")},
            )
            destination = await flows.create_destination(app.flows, ADA, new)
            told = await carry_out(app, await flows.begin_destination_run(app.flows, ADA, destination.id), any_end=True)
    say(
        f"{TAKEN:,} rows refused: peak memory",
        f"{told.megabytes:.0f} MB",
        "flat",
        f"{TAKEN / told.seconds:,.0f} rows/s",
    )
    with crm(KEPT) as provider, stage.home(provider, fresh()) as home:
        async with opened(home) as app:
            (credential,) = await connected(app, provider, 1)
            source = await flows.create(
                app.flows, ADA, NewSource(name="S", credential_id=credential, streams=("parties",))
            )
            await run_source(app, source.id)
            query = (
                "SELECT id, job_title AS \"jobTitle\" FROM s.parties WHERE type = 'person' AND job_title IS NOT NULL"
            )
            told = await write(
                app, credential, "update_person", RowsSpec(sql=query, source_id=source.id), "id", "id", "jobTitle"
            )
    counts = told.run.rows
    count = counts.unchanged if counts else 0
    say(
        f"{count:,} rows compared with a dataset: memory",
        f"{told.megabytes:.0f} MB",
        "flat",
        f"{count / pure(told.run):,.0f} rows/s, {told.run.requests} requests",
    )


SECTIONS: Final[dict[str, Callable[[Fresh, int], Any]]] = {
    "requests": requests,
    "rate": rate,
    "memory": memory,
    "many": many,
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--postgres", action="store_true")
    chosen = options.parse_args()
    print(f"{'PostgreSQL' if chosen.postgres else 'SQLite'}, medians of {chosen.runs} runs", flush=True)
    with database(postgres=chosen.postgres) as make:
        for name in chosen.sections or SECTIONS:
            uvloop.run(SECTIONS[name](make, chosen.runs))


if __name__ == "__main__":
    main()
