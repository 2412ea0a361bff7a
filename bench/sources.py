"""Measure what runs of sources take, end to end and in processes of their own, against a raw loop in the same run.

python bench/sources.py [first many idle due …] [--runs N] [--postgres]
"""

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import duckdb
import msgspec
import pyarrow as pa
import stage
import uvloop
from figures import Fresh, database, say
from runs import ADA, connected, crm, middle, opened, post, pure, run_source, spread

from consentry import accounts, credentials, flows
from consentry.app import App
from consentry.core.secret import Secret
from consentry.flows import NewSource, RunStatus, Schedule
from ground.person import Person
from ground.processes import ADMIN_EMAIL, ADMIN_PASSWORD

BATCH: Final = 2_000
MANY: Final = 1_000_000
SOURCES: Final = 200
CREDENTIALS: Final = 20
PATIENCE: Final = 1_800.0


async def raw(provider: str, token: str, folder: Path) -> float:
    """Fetch page after page, parse, and write with Arrow's own types: nothing typed, compared or made safe."""
    began = time.perf_counter()
    count, waiting = 0, list[Any]()
    address: str | None = f"{provider}/api/v2/parties?embed=tags,fields&perPage=100"
    with duckdb.connect(str(folder / "raw.duckdb")) as connection:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
            while address is not None:
                async with http.get(address) as answer:
                    waiting += msgspec.json.decode(await answer.read())["parties"]
                    address = str(answer.links["next"]["url"]) if "next" in answer.links else None
                if len(waiting) >= BATCH or address is None:
                    connection.register("batch", pa.Table.from_pylist([_loose(each) for each in waiting], _TABLE))
                    connection.execute("INSERT INTO t FROM batch" if count else "CREATE TABLE t AS FROM batch")
                    count, waiting = count + len(waiting), []
    return count / (time.perf_counter() - began)


def _loose(record: dict[str, Any]) -> dict[str, Any]:
    """Keep what is nested as JSON: Arrow's guesses differ from batch to batch."""
    nested = {name: value for name, value in record.items() if isinstance(value, dict | list)}
    return {name: record.get(name) for name in _PLAIN} | {"nested": msgspec.json.encode(nested).decode()}


_PLAIN: Final = ("id", "type", "firstName", "lastName", "jobTitle", "name", "about", "createdAt", "updatedAt")
_TABLE: Final = pa.schema([("id", pa.int64()), *((name, pa.string()) for name in _PLAIN[1:]), ("nested", pa.string())])


async def first(fresh: Fresh, runs: int) -> None:
    """The first run of 20,000 parties with tags, fields and contact data, and a second one with nothing new."""
    rates, whole, memory, bare, again = [], [], [], [], []
    with crm(20_000) as provider:
        for _ in range(runs):
            with stage.home(provider, fresh()) as home, tempfile.TemporaryDirectory() as folder:
                async with opened(home) as app:
                    (credential,) = await connected(app, provider, 1)
                    new = NewSource(name="Bench", credential_id=credential, streams=("parties",))
                    source = await flows.create(app.flows, ADA, new)
                    told = await run_source(app, source.id)
                    count = told.run.counts.new
                    rates.append(count / pure(told.run))
                    whole.append(count / told.seconds)
                    memory.append(told.megabytes)
                    token = (await credentials.token(app.credentials, ADA, credential)).access_token.reveal()
                    bare.append(await raw(provider, token, Path(folder)))
                    again.append(await run_source(app, source.id))
    say(
        f"first run, {count:,} parties: records a second",
        f"{middle(rates):,.0f}",
        ">= 10,000",
        f"spread {spread(rates)}",
    )
    say("the same with the start of the process", f"{middle(whole):,.0f}", "", f"spread {spread(whole)}")
    say("fetch, parse, write and nothing else (raw)", f"{middle(bare):,.0f}", "", f"spread {spread(bare)}")
    say("ratio of the first run to raw", f"{middle([a / b for a, b in zip(rates, bare, strict=True)]):.2f}", "")
    say("peak memory of the runner", f"{middle(memory):.0f} MB", "< 400 MB")
    say("a run with nothing new, one stream", f"{middle([pure(each.run) for each in again]):.2f} s", "< 3 s")


async def many(fresh: Fresh, _: int) -> None:
    """A million parties."""
    with crm(MANY) as provider, stage.home(provider, fresh()) as home:
        async with opened(home) as app:
            (credential,) = await connected(app, provider, 1)
            new = NewSource(name="Bench", credential_id=credential, streams=("parties",))
            source = await flows.create(app.flows, ADA, new)
            told = await run_source(app, source.id)
    count = told.run.counts.new
    say(f"{count:,} parties: records a second", f"{count / pure(told.run):,.0f}", "")
    say("peak memory of the runner", f"{told.megabytes:.0f} MB", "< 400 MB")


async def idle(fresh: Fresh, runs: int) -> None:
    """Every stream of the sandbox, a second time, when nothing is new."""
    seconds, requests, most = [], [], 0
    with crm(260) as provider, stage.home(provider, fresh()) as home:
        async with opened(home) as app:
            (credential,) = await connected(app, provider, 1)
            source = await flows.create(app.flows, ADA, NewSource(name="Bench", credential_id=credential))
            began = await run_source(app, source.id)
            for _ in range(runs):
                told = await run_source(app, source.id)
                seconds.append(pure(told.run))
                requests.append(told.run.counts.requests)
                most = max(each.counts.requests for each in told.run.streams)
    streams = len(began.run.streams)
    say(f"{streams} streams, all new: requests", f"{began.run.counts.requests:,}", "", f"{pure(began.run):.2f} s")
    say("nothing new: requests", f"{middle(requests):.0f}", f"<= {streams}", f"most for one stream {most}")
    say("nothing new: seconds", f"{middle(seconds):.2f} s", "< 3 s")


async def due(fresh: Fresh, _: int) -> None:
    """Two hundred sources due at once on twenty stale credentials of one user, while somebody reads pages."""
    port = stage.free_port()
    with crm(260, limit=400, window=10) as provider, stage.home(provider, fresh()) as home:
        async with opened(home, port) as app:
            ids = await connected(app, provider, CREDENTIALS)
            await accounts.create_person(
                app.accounts, ADA, name="Bench", email=ADMIN_EMAIL, password=Secret(ADMIN_PASSWORD)
            )
            plain = NewSource(name="", credential_id=0, streams=("users", "teams"))
            for number in range(SOURCES):
                schedule = Schedule(every=timedelta(hours=1))
                new = replace(plain, name=f"S{number}", credential_id=ids[number % len(ids)], schedule=schedule)
                await flows.create(app.flows, ADA, new)
            await _make_due(app)
            post(f"{provider}/sandbox/expire", {})
            post(f"{provider}/sandbox/reset", {})
        command = [str(Path(sys.executable).parent / "consentry"), "up"]
        with stage.running(*command, ready=f"http://127.0.0.1:{port}/readyz", environment=home.environment(port)):
            began = time.perf_counter()
            slow, runs = await _until_all_ran(home, port)
            seconds = time.perf_counter() - began
        state: Any = stage.get_json(f"{provider}/sandbox/state")
    refreshes = state["token_requests"]["refresh_token"]
    refused = sum(state["over_the_limit"].values())
    say(f"{SOURCES} sources due at once, two streams each", f"{seconds:.1f} s", "", f"{runs} runs succeeded")
    say("refreshes by their stale credentials", f"{refreshes}", f"<= {CREDENTIALS}")
    say("calls over the provider's limit", f"{refused}", "0", "400 calls in ten seconds for all")
    slow.sort()
    say(
        "pages meanwhile, p99",
        f"{slow[int(len(slow) * 0.99)] * 1000:.0f} ms",
        "< 200 ms",
        f"median {middle(slow) * 1000:.0f}",
    )


async def _make_due(app: App) -> None:
    from sqlalchemy import update

    from consentry.storage.tables import sources

    async with app.database.transaction() as connection:
        await connection.execute(update(sources).values(next_run_at=app.clock.now()))


async def _until_all_ran(home: stage.Home, port: int) -> tuple[list[float], int]:
    """Read pages until every source ran; return how long each page took, and how many runs succeeded."""
    slow: list[float] = []
    over = threading.Event()
    well = 0

    def read() -> None:
        with Person(f"http://127.0.0.1:{port}") as person:
            person.sign_in()
            while not over.is_set():
                for path in ("/sources", "/runs", "/credentials"):
                    began = time.perf_counter()
                    person.open(path)
                    slow.append(time.perf_counter() - began)
                    person.pages.clear()
                    time.sleep(0.05)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        async with opened(home, port) as app:
            ends = time.perf_counter() + PATIENCE
            while time.perf_counter() < ends:
                ended, well = await _count(app)
                if ended >= SOURCES:
                    break
                await asyncio.sleep(0.5)
    finally:
        over.set()
        reader.join()
    return slow, well


async def _count(app: App) -> tuple[int, int]:
    """Return how many runs have ended, and how many of them well."""
    ended, well, more, page = 0, 0, True, 0
    while more:
        page += 1
        runs, more = await flows.list_runs(app.flows, page=page, per_page=100)
        ended += sum(run.status in flows.ENDED for run in runs)
        well += sum(run.status is RunStatus.SUCCEEDED for run in runs)
    return ended, well


SECTIONS: Final[dict[str, Callable[[Fresh, int], Any]]] = {"first": first, "many": many, "idle": idle, "due": due}


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
