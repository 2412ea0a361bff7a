"""The rate budget across real processes and a real connection."""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

import ground
from ground.providers import answer, provider

SPENDER = Path(ground.__file__).with_name("spender.py")


async def test_two_processes_with_a_hundred_callers_leave_the_reserve_untouched(database_url: str) -> None:
    seen = 0
    resets_at = int(time.time()) + 1800

    async def limited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        told = (40, max(0, 40 - seen), resets_at)
        names = ("Limit", "Remaining", "Reset")
        await asyncio.sleep(0.02)
        headers = [f"X-RateLimit-{name}: {value}" for name, value in zip(names, told, strict=True)]
        await answer("200 OK" if seen <= 40 else "429 Too Many", b"{}", *headers)(reader, writer)

    async with provider(limited) as there:
        found = Counter[str]()
        for output in await asyncio.gather(*(run(there.url, database_url) for _ in range(2))):
            found.update(json.loads(output))
    assert seen <= 38
    assert found["200"] == seen >= 34
    assert found["held back"] == 100 - seen


async def run(url: str, database_url: str) -> bytes:
    command = [sys.executable, str(SPENDER), url, database_url, "50"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    return output
