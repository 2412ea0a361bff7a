"""Destinations of a real app that write into the sandbox, run as the engine would, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from consentry import flows
from consentry.app import App
from consentry.core.clock import FakeClock
from consentry.credentials import Credential
from consentry.flows import Destination, Mapped, NewDestination, RowResult, RowsSpec, Run, RunStatus
from consentry.flows.destination.carrying import carry_out
from consentry.sandbox import RunningSandbox
from ground.consenting import ADA
from ground.sources import Onlooker

MOST = 10_000
Rows = Sequence[Mapping[str, Any]]


class Keeper(Onlooker):
    """Remembers waits, which pass at once, and holds the lease as long as the test says."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        super().__init__(clock)
        self.holds = True
        self.confirmed = 0

    def surely_holds(self) -> bool:
        """Tell what the test said."""
        return self.holds

    async def confirm(self) -> None:
        """Get the lease again."""
        self.confirmed += 1
        self.holds = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a run."""

    run: Run
    rows: dict[int, RowResult]

    @property
    def outcomes(self) -> dict[int, str]:
        """The outcome of each row."""
        return {number: row.outcome.value if row.outcome else "" for number, row in self.rows.items()}

    @property
    def words(self) -> dict[int, str]:
        """What is wrong with each row."""
        return {
            number: " ".join(each.message for each in row.errors) for number, row in self.rows.items() if row.errors
        }


@dataclass(slots=True, kw_only=True)
class Writer:
    """Runs destinations of one credential."""

    app: App
    credential: Credential
    sandbox: RunningSandbox
    clock: FakeClock | None = None
    watch: Keeper = field(init=False)

    def __post_init__(self) -> None:
        self.watch = Keeper(self.clock)

    @property
    def room(self) -> flows.Room:
        """The room, where answers that were lost are given up soon."""
        return replace(self.app.flows, settle=timedelta(milliseconds=50))

    async def make(self, template: str, rows: Rows = (), *, name: str = "Contacts", **more: Any) -> Destination:
        """Make a destination; a mapping of the same name is made for each column of the rows."""
        columns = dict.fromkeys(column for row in rows for column in row)
        more.setdefault("mapping", {column: Mapped(column=column) for column in columns})
        new = NewDestination(
            name=name,
            credential_id=self.credential.id,
            template=template,
            rows=more.pop("origin", None) or RowsSpec(inline=tuple(rows)),
            **more,
        )
        return await flows.create_destination(self.app.flows, ADA, new)

    async def begin(self, destination: Destination, rows: Rows | None = None) -> flows.Claimed:
        """Queue a run and take it."""
        spec = None if rows is None else RowsSpec(inline=tuple(rows))
        run = await flows.begin_destination_run(self.app.flows, ADA, destination.id, rows=spec)
        return await self.take(run)

    async def take(self, run: Run) -> flows.Claimed:
        """Take a run that waits."""
        (claimed,) = await flows.claim(self.app.flows, 1, only=run.id)
        return claimed

    async def run(self, destination: Destination, rows: Rows | None = None) -> Came:
        """Run a destination to its end."""
        return await self.work(await self.begin(destination, rows))

    async def work(self, claimed: flows.Claimed) -> Came:
        """Work on a run that was taken; waits pass at once."""
        assert isinstance(claimed.flow, Destination)
        status, trouble = await carry_out(self.room, claimed.run, claimed.flow, claimed.fence, self.watch)
        assert await flows.finish(self.app.flows, claimed, status, trouble)
        return await self.look(claimed.run.id)

    async def look(self, run_id: int) -> Came:
        """Return what is known of a run."""
        run = await flows.get_run(self.app.flows, run_id)
        rows = {row.row: row async for row in flows.iterate_rows(self.app.flows, run_id)}
        return Came(run=run, rows=rows)

    def records(self, path: str = "parties") -> list[dict[str, Any]]:
        """Return what the sandbox has."""
        return [record.decode() for record in self.sandbox.world.crm()[path].all()]

    def writes(self) -> int:
        """Return how many requests may have changed something."""
        seen = self.sandbox.world.journal.recent()
        return sum(
            each.method in ("POST", "PUT", "DELETE") and "/api/" in each.path and not is_search(each.path)
            for each in seen
        )

    def requests(self) -> int:
        """Return how many requests came to the API."""
        return sum("/api/" in each.path for each in self.sandbox.world.journal.recent())

    def forget(self) -> None:
        """Begin to count anew."""
        self.sandbox.world.journal.forget()


def is_search(path: str) -> bool:
    """Tell whether a request only asks."""
    return path.endswith("/filters/results")


GOOD = (RunStatus.SUCCEEDED, None)
