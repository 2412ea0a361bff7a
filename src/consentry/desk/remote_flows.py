"""Sources and runs over a server: asks its REST API. The server's own worker carries runs out."""

from collections.abc import Mapping
from typing import Any

from consentry.credentials import name_key
from consentry.desk.flow_contract import RunView, SampleView, SourceView
from consentry.desk.naming import kind_of, only_one
from consentry.desk.wire import Begun, Wire


class RemoteFlows:
    """Works on a server's sources. What may be done depends on the scopes of the API key."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list_sources(self) -> list[SourceView]:
        """Return every source."""
        return await self._wire.every("/sources", SourceView, {})

    async def get_source(self, which: str | int) -> SourceView:
        """Return one source with its last run; raise NotFound, or Conflict when the name fits two."""
        if isinstance(which, str):
            wanted = name_key(which)
            named = [each for each in await self.list_sources() if name_key(each.name) == wanted]
            if (source := only_one(named, "source", which)) is not None:
                return source
        return await self._wire.ask("GET", f"/sources/{int(which)}", SourceView)

    async def create_source(self, fields: Mapping[str, Any]) -> SourceView:
        """Add a source, described as the REST API has it."""
        return await self._wire.ask("POST", "/sources", SourceView, fields)

    async def test_source(self, source_id: int) -> list[SampleView]:
        """Ask the provider now for the first records of each stream."""
        return await self._wire.ask("POST", f"/sources/{source_id}/test", list[SampleView])

    async def set_active(self, source_id: int, *, active: bool) -> SourceView:
        """Let a source run by its schedule, or only by hand."""
        return await self._wire.ask("POST", f"/sources/{source_id}/{'activate' if active else 'pause'}", SourceView)

    async def delete_source(self, source_id: int) -> None:
        """Delete a source; its dataset stays."""
        await self._wire.send("DELETE", f"/sources/{source_id}")

    async def run_source(self, source_id: int, *, detached: bool = False) -> int:
        """Begin a run; the server works on it, whoever waits."""
        return (await self._wire.ask("POST", f"/sources/{source_id}/run", Begun)).run_id

    async def list_runs(
        self, *, source_id: int | None = None, destination_id: int | None = None, status: str | None, limit: int
    ) -> list[RunView]:
        """Return the newest runs that fit, newest first."""
        kind, flow_id = kind_of(source_id, destination_id)
        wish = {"flow_id": flow_id, "kind": kind, "status": status}
        return await self._wire.every("/runs", RunView, wish, at_most=limit)

    async def get_run(self, run_id: int) -> RunView:
        """Return one run with its streams, or its rows counted."""
        return await self._wire.ask("GET", f"/runs/{run_id}", RunView)

    async def cancel_run(self, run_id: int) -> RunView:
        """Ask a run to end."""
        await self._wire.send("POST", f"/runs/{run_id}/cancel")
        return await self.get_run(run_id)
