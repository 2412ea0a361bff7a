"""Measure what Consentry promises to be quick at, each against something else in the same run; medians of several runs.

python bench/figures.py [token library proxy start due …] [--runs N] [--postgres]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.request import Request as Ask
from urllib.request import urlopen

import stage
import uvloop
from load import Report, Request, load

import consentry

Fresh = Callable[[], str | None]
"""Makes a fresh database, and tells its address; None is SQLite in the home."""


def measure(request: Request, connections: int, seconds: float) -> Report:
    return uvloop.run(load(request, connections=connections, seconds=seconds))


def median(values: list[float]) -> float:
    return statistics.median(values)


def say(name: str, figure: str, aim: str, note: str = "") -> None:
    print(f"  {name:<46} {figure:>22}   aim {aim:<14} {note}", flush=True)


def token(fresh: Fresh, runs: int) -> None:
    """`POST …/token` with a fresh token, at 16 connections, against a bare route on the same server."""
    with stage.upstream() as provider, stage.home(provider, fresh()) as home:
        (credential,) = stage.stock(home, 1)
        key = stage.api_key(home)
        with stage.consentry(home) as (url, _), stage.bare() as plain:
            ours = Request(
                url=f"{url}/api/v1/credentials/{credential}/token",
                method="POST",
                headers={"Authorization": f"Bearer {key}"},
            )
            bare = Request(url=plain, method="POST")
            pairs = [(measure(ours, 16, 3), measure(bare, 16, 3)) for _ in range(runs)]
    errors = sum(mine.errors for mine, _ in pairs)
    rate = median([mine.rate for mine, _ in pairs])
    say("token reads a second", f"{rate:,.0f}", ">= 2,000", f"errors {errors}")
    say("their p99", f"{median([mine.p99 for mine, _ in pairs]):.1f} ms", "< 25 ms")
    ratio = median([mine.rate / other.rate for mine, other in pairs])
    say("ratio to a bare route", f"{ratio:.2f}", "0.4", f"bare {median([o.rate for _, o in pairs]):,.0f}/s")


def library(fresh: Fresh, runs: int) -> None:
    """Attach a fresh token to a request, in process."""
    import httpx2

    with stage.upstream() as provider, stage.home(provider, fresh()) as home:
        (credential,) = stage.stock(home, 1)
        os.environ.update(home.environment(0))
        with consentry.open() as hub:
            auth = hub.credential(credential).auth()
            request = httpx2.Request("GET", f"{provider}/api/v2/users")
            auth(request)
            times = []
            for _ in range(runs):
                began = time.perf_counter()
                for _ in range(5_000):
                    auth(request)
                times.append((time.perf_counter() - began) / 5_000 * 1e6)
            nothing = []
            for _ in range(runs):
                began = time.perf_counter()
                for _ in range(5_000):
                    request.headers["Authorization"] = "Bearer constant"
                nothing.append((time.perf_counter() - began) / 5_000 * 1e6)
    say("attach a fresh token", f"{median(times):.1f} us", "< 20 us", f"a constant header {median(nothing):.1f} us")


def proxy(fresh: Fresh, runs: int) -> None:
    """Calls through the proxy against the same calls made directly."""
    for delay in (0.0, 0.03):
        with stage.upstream(delay) as provider, stage.home(provider, fresh()) as home:
            (credential,) = stage.stock(home, 1)
            key = stage.api_key(home)
            with stage.consentry(home) as (url, process):
                through = Request(
                    url=f"{url}/api/v1/credentials/{credential}/proxy/api/v2/users",
                    headers={"Authorization": f"Bearer {key}"},
                )
                direct = Request(url=f"{provider}/api/v2/users", headers={"Authorization": "Bearer x"})
                _proxy_rates(through, direct, delay, runs)
                if not delay:
                    _stream(url, credential, key, process.pid)


def _proxy_rates(through: Request, direct: Request, delay: float, runs: int) -> None:
    pairs = [(measure(through, 16, 3), measure(direct, 16, 3)) for _ in range(runs)]
    errors = sum(mine.errors for mine, _ in pairs)
    rate = median([mine.rate for mine, _ in pairs])
    ratio = median([mine.rate / other.rate for mine, other in pairs])
    if delay:
        say("proxy, provider takes 30 ms: ratio to direct", f"{ratio:.2f}", ">= 0.9", f"{rate:,.0f}/s, errors {errors}")
        return
    say("proxy calls a second", f"{rate:,.0f}", ">= 1,000", f"errors {errors}, ratio to direct {ratio:.3f}")
    single = [(measure(through, 1, 2), measure(direct, 1, 2)) for _ in range(runs)]
    added = median([mine.p50 - other.p50 for mine, other in single])
    say("proxy adds at p50, one connection", f"{added:.2f} ms", "< 3 ms")


def _stream(url: str, credential: int, key: str, pid: int) -> None:
    """Stream 500 MB through, and watch the memory."""
    size = 500 * 1024 * 1024
    before = stage.resident_megabytes(pid)
    peak = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], stage.resident_megabytes(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    ask = Ask(
        f"{url}/api/v1/credentials/{credential}/proxy/api/v2/bytes/{size}", headers={"Authorization": f"Bearer {key}"}
    )
    received = 0
    with urlopen(ask, timeout=120) as answer:
        while piece := answer.read(1 << 20):
            received += len(piece)
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    rate = received / seconds / 1e6
    say("memory grows while 500 MB stream", f"{peak[0] - before:.0f} MB", "flat", f"{rate:,.0f} MB/s, {received} bytes")


def start(fresh: Fresh, runs: int) -> None:
    """Time until ready, memory when idle, and how quickly the command line answers."""
    ready, idle = [], []
    with stage.upstream() as provider, stage.home(provider, fresh()) as home:
        for _ in range(runs):
            began = time.perf_counter()
            with stage.consentry(home) as (_, process):
                ready.append(time.perf_counter() - began)
                time.sleep(3)
                idle.append(stage.resident_megabytes(process.pid))
    say("consentry up: ready", f"{median(ready):.2f} s", "< 3 s")
    say("resident when idle", f"{median(idle):.0f} MB", "< 150 MB")
    command = str(Path(sys.executable).parent / "consentry")
    helped, python = [], []
    for _ in range(max(runs, 5)):
        helped.append(_seconds(lambda: subprocess.run([command, "--help"], capture_output=True, check=True)))
        python.append(_seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)))
    say("consentry --help", f"{median(helped):.2f} s", "< 0.5 s", f"python alone {median(python):.2f} s")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def due(fresh: Fresh, _runs: int, count: int = 10_000) -> None:
    """Ten thousand credentials fall due in the same minute, while tokens are read."""
    with stage.upstream() as provider, stage.home(provider, fresh()) as home:
        ids = stage.stock(home, count, due_in=timedelta(seconds=0))
        key = stage.api_key(home)
        with stage.consentry(home) as (url, _):
            began = time.perf_counter()
            reads = Request(
                url=f"{url}/api/v1/credentials/{ids[-1]}/token",
                method="POST",
                headers={"Authorization": f"Bearer {key}"},
            )
            worst: list[float] = []
            errors = 0
            while (issued := int(str(stage.get_json(provider + "/issued")))) < count:
                if time.perf_counter() - began > 600:
                    break
                report = uvloop.run(load(reads, connections=2, seconds=2, warm_up=0, pause=0.01))
                worst.append(report.p99)
                errors += report.errors
            seconds = time.perf_counter() - began
            time.sleep(2)
            issued = int(str(stage.get_json(provider + "/issued")))
    say(f"{count:,} due at once: refreshed a second", f"{issued / seconds:,.0f}", ">= 100", f"requests {issued:,}")
    say(
        "token reads meanwhile, p99",
        f"{median(worst):.1f} ms",
        "< 50 ms",
        f"worst window {max(worst):.1f} ms, errors {errors}",
    )


SECTIONS: dict[str, Callable[[Fresh, int], None]] = {
    "token": token,
    "library": library,
    "proxy": proxy,
    "start": start,
    "due": due,
}


@contextmanager
def database(*, postgres: bool) -> Iterator[Fresh]:
    """Give each section a database of its own."""
    if not postgres:
        yield lambda: None
        return
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from ground.databases import Databases

    folder = Path(tempfile.mkdtemp(prefix="consentry-bench-pg-"))
    databases = Databases(folder)
    try:
        with ExitStack() as stack:
            yield lambda: stack.enter_context(databases.make("postgresql", folder))
    finally:
        databases.close()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("sections", nargs="*", choices=[*SECTIONS, []], default=[])
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--postgres", action="store_true")
    chosen = options.parse_args()
    print(f"{'PostgreSQL' if chosen.postgres else 'SQLite'}, medians of {chosen.runs} runs", flush=True)
    with database(postgres=chosen.postgres) as make:
        for name in chosen.sections or SECTIONS:
            SECTIONS[name](make, chosen.runs)


if __name__ == "__main__":
    main()
