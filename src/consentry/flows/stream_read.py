"""One stream in one run: what its reading needs at hand, and the pass over a list that each way of reading has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from consentry.connectors import Course, Stream, first_path, read_page
from consentry.flows.intake import Intake
from consentry.flows.reading import Key, Pass, Stand, after_page, write_stand
from consentry.flows.rows import Moments, Rows
from consentry.flows.tally import Tally
from consentry.flows.upstream import Upstream
from consentry.flows.warehouse.contract import Dataset
from consentry.flows.work import Cancelled, Watch, Work

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class StreamRead:
    """One stream while it is read. ``stand`` is what the last finished step left."""

    work: Work
    watch: Watch
    upstream: Upstream
    rows: Rows
    moments: Moments
    stream: Stream
    stand: Stand
    intake: Intake
    tally: Tally

    async def show(self) -> None:
        """Tell how far the stream has come; raise Cancelled when that's enough."""
        await self.watch.report(self.tally.run())
        if self.watch.is_cancelled():
            raise Cancelled

    async def use(self, action: Callable[[Dataset], T]) -> T:
        """Let a function work on the dataset, after everything that was read before is in it."""
        await self.intake.settle()
        return await self.rows.use(action)

    def delete(self, dataset: Dataset, keys: Sequence[Key], stand: Stand) -> None:
        """Mark or remove records, and keep how the stream stands. Blocking."""
        gone = dataset.delete(
            self.stream.name, keys, state=write_stand(stand), fence=self.rows.fence, at=self.moments.now()
        )
        self.tally.deleted(gone)

    async def begin_listing(self) -> Pass:
        """Begin a whole reading: nothing counts as seen yet."""
        course = Pass(began=self.work.clock.now())
        state = write_stand(replace(self.stand, listing=course))
        await self.use(lambda dataset: dataset.begin_listing(self.stream.name, state=state, fence=self.rows.fence))
        return course

    async def go_through(self, course: Pass) -> Pass:
        """Read a whole list, so that a killed run goes on with the page it was at; return how it ended."""
        self.tally.begin_pass()
        asked: str | None = course.resume or first_path(self.work.connector, self.stream)
        bounds = Course(name=self.stream.name)
        while asked is not None:
            page = await read_page(self.upstream, self.work.connector, self.stream, asked)
            course = self.by_their_clock(course)
            keyed = self.intake.sort_out(page.records)
            stand = replace(self.stand, listing=replace(course, resume=asked))
            await self.intake.add(keyed, stand, seen=True)
            course = after_page(course, [key for key, _ in keyed])
            asked = bounds.follow(asked, page)
            await self.show()
        await self.intake.drain(seen=True)
        return course

    async def go_through_changes(self, since: str) -> tuple[Pass, set[Key]]:
        """Read what changed since a moment; return how the pass ended, and the keys that came."""
        course = Pass(began=self.work.clock.now())
        asked: str | None = first_path(self.work.connector, self.stream, params={"since": since})
        bounds = Course(name=self.stream.name)
        came: set[Key] = set()
        while asked is not None:
            page = await read_page(self.upstream, self.work.connector, self.stream, asked)
            course = self.by_their_clock(course)
            keyed = self.intake.sort_out(page.records)
            if keyed:
                await self.intake.add(keyed, self.stand, seen=False)
            keys = [key for key, _ in keyed]
            came.update(keys)
            course = after_page(course, keys)
            asked = bounds.follow(asked, page)
            await self.show()
        await self.intake.drain(seen=False)
        return course, came

    def by_their_clock(self, course: Pass) -> Pass:
        """Let a pass begin no later than the provider's clock says that it answered first."""
        date: datetime | None = self.upstream.date
        return replace(course, began=min(course.began, date)) if date is not None and course.pages == 0 else course
