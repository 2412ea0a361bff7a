"""A process that spends from a shared budget and prints what came of it: spender.py PROVIDER DATABASE CALLERS."""

import asyncio
import json
import sys
from collections import Counter
from datetime import timedelta

from consentry.connectors import RateLimit
from consentry.core.clock import SystemClock
from consentry.errors import RateLimited
from consentry.outbound import Budgets, Outbound, SharedLedger
from consentry.storage import connect

LIMIT = RateLimit(
    calls=4000,
    window=timedelta(hours=1),
    limit_header="x-ratelimit-limit",
    remaining_header="x-ratelimit-remaining",
    reset_header="x-ratelimit-reset",
)


async def spend(provider: str, address: str, callers: int) -> Counter[str]:
    """Let all callers begin at once."""
    database = connect(address)
    outbound = Outbound([provider])
    budgets = Budgets(SharedLedger(database), SystemClock())

    async def call() -> str:
        try:
            async with budgets.spend("one user", LIMIT) as spending:
                reply = await outbound.fetch("GET", f"{provider}/x")
                spending.learn(reply.status, reply.headers.get)
                return str(reply.status)
        except RateLimited:
            return "held back"

    found = Counter(await asyncio.gather(*(call() for _ in range(callers))))
    await budgets.close()
    await outbound.close()
    await database.close()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(spend(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
