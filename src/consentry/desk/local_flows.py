"""Sources and runs over the local home: asks the rooms, and sees to it that somebody works on a run."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from consentry import flows
from consentry.audit import Actor
from consentry.core.pages import every
from consentry.desk.flow_contract import RunView, SampleView, SourceView
from consentry.desk.flow_views import show_run, show_source, show_trouble
from consentry.desk.naming import choose, kind_of, only_one
from consentry.desk.runners import Runners
from consentry.flows import NewSource, RunStatus, Source

SAMPLE_RECORDS: Final = 5


class LocalFlows:
    """Works on this machine's sources."""

    def __init__(self, room: flows.Room, actor: Actor, runners: Runners) -> None:
        self._room = room
        self._actor = actor
        self._runners = runners

    async def list_sources(self) -> list[SourceView]:
        """Return every source."""
        return [show_source(each) for each in await every(partial(flows.list_sources, self._room))]

    async def get_source(self, which: str | int) -> SourceView:
        """Return one source with its last run; raise NotFound, or Conflict when the name fits two."""
        return show_source(await self._find(which))

    async def create_source(self, fields: Mapping[str, Any]) -> SourceView:
        """Add a source; a relative path of its warehouse is meant from here."""
        new = _from_here(flows.read_new(fields))
        return show_source(await flows.create(self._room, self._actor, new))

    async def test_source(self, source_id: int) -> list[SampleView]:
        """Ask the provider now for the first records of each stream."""
        return [
            SampleView(stream=each.stream, records=tuple(each.records), error=show_trouble(each.error))
            for each in await flows.sample(self._room, self._actor, source_id, SAMPLE_RECORDS)
        ]

    async def set_active(self, source_id: int, *, active: bool) -> SourceView:
        """Let a source run by its schedule, or only by hand."""
        change = flows.activate if active else flows.pause
        return show_source(await change(self._room, self._actor, source_id))

    async def delete_source(self, source_id: int) -> None:
        """Delete a source; its dataset stays."""
        await flows.delete(self._room, self._actor, source_id)

    async def run_source(self, source_id: int, *, detached: bool = False) -> int:
        """Begin a run, and start a process that works on it unless somebody else takes it first."""
        run = await flows.begin_run(self._room, self._actor, source_id, "hand")
        await self._runners.start(run.id, detached=detached)
        return run.id

    async def list_runs(
        self, *, source_id: int | None = None, destination_id: int | None = None, status: str | None, limit: int
    ) -> list[RunView]:
        """Return the newest runs that fit, newest first."""
        chosen = choose(RunStatus, status, "status")
        kind, flow_id = kind_of(source_id, destination_id)
        read = partial(flows.list_runs, self._room, kind=kind, flow_id=flow_id, status=chosen)
        return [show_run(each) for each in await every(read, at_most=limit)]

    async def get_run(self, run_id: int) -> RunView:
        """Return one run with its streams, or its rows counted."""
        run = await flows.get_run(self._room, run_id)
        await self._runners.look_after(run_id, has_ended=run.status in flows.ENDED)
        return show_run(run)

    async def cancel_run(self, run_id: int) -> RunView:
        """Ask a run to end."""
        return show_run(await flows.cancel(self._room, self._actor, run_id))

    async def _find(self, which: str | int) -> Source:
        if isinstance(which, str):
            named, _ = await flows.list_sources(self._room, name=which.strip())
            if (source := only_one(named, "source", which)) is not None:
                return source
        return await flows.get(self._room, int(which))


def _from_here(new: NewSource) -> NewSource:
    if new.warehouse.path is None:
        return new
    path = str(Path(new.warehouse.path).expanduser().absolute())
    return replace(new, warehouse=replace(new.warehouse, path=path))
