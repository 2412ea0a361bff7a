"""The provider's rate limit as one budget per upstream user, kept by all processes together.

A caller waits only as long as it asked to; short of that it is told when to come again.
"""

import asyncio
import contextlib
from datetime import timedelta
from typing import Final

from consentry.core.clock import Clock
from consentry.core.log import get_logger
from consentry.errors import ConsentryError, NoAnswer, ProviderDown, RateLimited
from consentry.outbound.budget_store import Ledger
from consentry.outbound.ledger import Ask, Header, Limit
from consentry.outbound.purse import PATIENCE, Purse, Verdict

NOT_YET_SECONDS: Final = 2.0
"""How long a caller who doesn't want to wait is held nevertheless, while answers under way will tell what is left."""
LEDGER_SECONDS: Final = 2.0
"""How long the ledger may take before this process goes on by what it knows itself."""
ALONE_SECONDS: Final = 5.0
"""How long a ledger that failed is left in peace."""

log = get_logger("outbound.budget")


class Budgets:
    """Every budget that this process spends from. Belongs to one event loop."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._accounts: dict[str, _Account] = {}

    def spend(self, subject: str, limit: Limit | None, wait: timedelta = timedelta(0)) -> "Spending":
        """Enter with ``async with`` to make one call; raises RateLimited, which says when calls are left again."""
        if limit is None:
            return Spending(None, wait)
        account = self._accounts.get(subject)
        if account is None:
            account = self._accounts[subject] = _Account(subject, limit, self._ledger, self._clock)
        return Spending(account, wait)

    def left(self) -> dict[str, int]:
        """Return about how many calls are left by subject, where that is known."""
        known = ((subject, account.purse.left()) for subject, account in self._accounts.items())
        return {subject: left for subject, left in known if left is not None}

    async def close(self) -> None:
        """Wait until the ledger is no longer asked."""
        asking = [account.asking for account in self._accounts.values() if account.asking is not None]
        if asking:
            await asyncio.wait(asking, timeout=LEDGER_SECONDS)


class Spending:
    """One call that is paid for."""

    __slots__ = ("_account", "_answered", "_wait")

    def __init__(self, account: "_Account | None", wait: timedelta) -> None:
        self._account = account
        self._wait = wait
        self._answered = False

    async def __aenter__(self) -> "Spending":
        if self._account is not None:
            await self._account.take(self._wait.total_seconds())
        return self

    def learn(self, status: int, header: Header) -> None:
        """Take in an answer's status and headers, as soon as they are there; ``header`` looks one up by its name."""
        if self._account is not None and not self._answered:
            self._answered = True
            self._account.learn(status, header)

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._account is not None and not self._answered:
            self._account.end(unsent=isinstance(error, ProviderDown) and not isinstance(error, NoAnswer))


class _Account:
    """A purse with its waiting callers and its line to the ledger."""

    def __init__(self, subject: str, limit: Limit, ledger: Ledger, clock: Clock) -> None:
        self.purse = Purse(limit=limit)
        self.asking: asyncio.Task[None] | None = None
        self._subject = subject
        self._ledger = ledger
        self._clock = clock
        self._changed = asyncio.Event()
        self._waiting = 0
        self._alone_until = float("-inf")

    async def take(self, wait: float) -> None:
        """Return once a call may leave; raise RateLimited when that takes longer than ``wait`` seconds."""
        verdict = self._judge()
        if verdict is not Verdict.GO:
            self._waiting += 1
            try:
                await self._queue(verdict, wait)
            finally:
                self._waiting -= 1
        self.purse.take()
        if self.asking is None and self.purse.is_running_low() and self._clock.monotonic() >= self._alone_until:
            self._begin_asking()  # so that nobody has to wait for the next slice

    def learn(self, status: int, header: Header) -> None:
        """Count an answered call."""
        self.purse.learn(status, header, self._clock.now().timestamp())
        self._tell()

    def end(self, *, unsent: bool) -> None:
        """Count a call without an answer."""
        self.purse.end(unsent=unsent)
        self._tell()

    async def _queue(self, verdict: Verdict, wait: float) -> None:
        begun = self._clock.monotonic()
        while verdict is not Verdict.GO:
            waited = self._clock.monotonic() - begun
            if verdict is Verdict.CLAIM:
                await self._claim()
            elif verdict is Verdict.FULL:
                await self._wait_for_reset(wait - waited)
            elif waited >= max(wait, NOT_YET_SECONDS):
                if self.purse.resets_at is None:
                    return  # nobody knows of any limit yet; if there is one, the provider says so itself
                raise self._refusal()
            else:
                await self._sleep(PATIENCE)
            verdict = self._judge()

    async def _wait_for_reset(self, patience: float) -> None:
        seconds = self.purse.seconds_to_reset(self._clock.now().timestamp())
        if seconds > patience:
            raise self._refusal()
        await self._sleep(seconds)

    def _refusal(self) -> RateLimited:
        seconds = self.purse.seconds_to_reset(self._clock.now().timestamp())
        return RateLimited("The provider's rate limit leaves no call for this account for now.", retry_after=seconds)

    def _judge(self) -> Verdict:
        steady = self._clock.monotonic()
        return self.purse.judge(self._clock.now().timestamp(), steady, alone=steady < self._alone_until)

    async def _claim(self) -> None:
        """Ask the ledger for a slice; callers share one question, which is asked to the end, whoever gives up on it."""
        asking = self.asking or self._begin_asking()
        done, _ = await asyncio.wait([asking], timeout=LEDGER_SECONDS)
        if not done:
            self._go_alone("it doesn't answer")
        for task in done:
            task.result()

    def _begin_asking(self) -> asyncio.Task[None]:
        ask = self.purse.ask(self._clock.now().timestamp(), self._clock.monotonic(), self._waiting)
        self.asking = asyncio.create_task(self._ask(ask), name="budget claim")
        return self.asking

    async def _ask(self, ask: Ask) -> None:
        try:
            row, granted = await self._ledger.claim(self._subject, ask)
        except ConsentryError as error:
            self._go_alone(error.message)
        else:
            self.purse.receive(ask, row, granted, self._clock.monotonic())
        finally:
            self.asking = None
            self._tell()

    def _go_alone(self, reason: str) -> None:
        log.warning("the shared rate budget can't be asked; this process goes by its own view", reason=reason)
        self._alone_until = self._clock.monotonic() + ALONE_SECONDS

    def _tell(self) -> None:
        if self._waiting:
            self._changed.set()
            self._changed = asyncio.Event()

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
