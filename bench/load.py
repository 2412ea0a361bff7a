"""A small load tool: one request over and over on so many connections; then requests a second and percentiles.

python bench/load.py http://127.0.0.1:8400/api/v1/credentials/1/token -X POST -H "Authorization: Bearer …" -d "{}"
"""

import argparse
import asyncio
import json
import math
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Final, cast
from urllib.parse import urlsplit

import uvloop

LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The request that is sent over and over."""

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def render(self) -> bytes:
        """Return the request as it goes over the line."""
        parts = urlsplit(self.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        own = {"Host": parts.netloc, "Content-Length": str(len(self.body))} if self.body else {"Host": parts.netloc}
        lines = [
            f"{self.method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in (own | self.headers).items()),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it. Times are milliseconds."""

    requests: int
    errors: int
    statuses: Mapping[str, int]
    seconds: float
    rate: float
    p50: float
    p90: float
    p99: float
    slowest: float


class Line(asyncio.Protocol):
    """One connection: as soon as an answer is complete, the next request leaves."""

    def __init__(self, request: bytes, end: float, pause: float) -> None:
        self.times: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._end = end
        self._pause = pause
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not is_complete(self._buffer):
            return
        self.times.append(time.perf_counter() - self._begun)
        self.statuses[self._buffer[9:12].decode("latin-1")] += 1
        self._buffer = b""
        if self._pause:
            asyncio.get_running_loop().call_later(self._pause, self._send)
        else:
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.statuses["lost"] += 1
            self.done.set_result(None)

    def _send(self) -> None:
        self._begun = time.perf_counter()
        if self._begun < self._end:
            self._transport.write(self._request)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()


def is_complete(answer: bytes) -> bool:
    """Tell whether an answer has come to its end, by its length or its last chunk."""
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return False
    if length := LENGTH.search(answer, 0, head + 2):
        return len(answer) >= head + 4 + int(length[1])
    return answer.endswith(b"0\r\n\r\n") or answer[9:12] in (b"204", b"304")


async def load(
    request: Request, *, connections: int = 16, seconds: float = 5.0, warm_up: float = 0.5, pause: float = 0.0
) -> Report:
    """Send the request over and over, first to warm up, then to measure; ``pause`` seconds after each answer."""
    if warm_up:
        await load(request, connections=connections, seconds=warm_up, warm_up=0)
    parts = urlsplit(request.url)
    rendered = request.render()
    begun = time.perf_counter()
    lines = [Line(rendered, begun + seconds, pause) for _ in range(connections)]
    loop = asyncio.get_running_loop()
    for line in lines:
        await loop.create_connection(partial(_same, line), parts.hostname or "", parts.port or 80)
    await asyncio.wait([line.done for line in lines], timeout=seconds + 60)
    return _report(lines, time.perf_counter() - begun)


def _same(line: Line) -> Line:
    return line


def _report(lines: list[Line], seconds: float) -> Report:
    times = sorted(taken for line in lines for taken in line.times) or [math.nan]
    statuses = sum((line.statuses for line in lines), Counter[str]())
    wrong = sum(count for status, count in statuses.items() if not status.startswith("2"))

    def percentile(part: float) -> float:
        return round(times[min(len(times) - 1, int(len(times) * part))] * 1000, 3)

    return Report(
        requests=len(times),
        errors=wrong,
        statuses=dict(statuses),
        seconds=round(seconds, 2),
        rate=round(len(times) / seconds, 1),
        p50=percentile(0.5),
        p90=percentile(0.9),
        p99=percentile(0.99),
        slowest=percentile(1),
    )


def main() -> None:
    """Read the arguments, send the load, print the report as JSON."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("url")
    options.add_argument("-X", "--method", default="GET")
    options.add_argument("-H", "--header", action="append", default=[], metavar="NAME: VALUE")
    options.add_argument("-d", "--data", default="")
    options.add_argument("-c", "--connections", type=int, default=16)
    options.add_argument("-t", "--seconds", type=float, default=5.0)
    chosen = options.parse_args()
    headers = dict(header.split(": ", 1) for header in chosen.header)
    request = Request(url=chosen.url, method=chosen.method, headers=headers, body=chosen.data.encode())
    report = uvloop.run(load(request, connections=chosen.connections, seconds=chosen.seconds))
    print(json.dumps(asdict(report), indent=2))


if __name__ == "__main__":
    main()
