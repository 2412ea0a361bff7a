"""Destinations and rows over the local home: asks the rooms, and sees to it that somebody works on a run."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from consentry import flows
from consentry.audit import Actor
from consentry.core.pages import every
from consentry.desk.destination_contract import (
    DestinationView,
    PreviewView,
    RowView,
    SuggestionView,
    TrialView,
    UploadView,
)
from consentry.desk.destination_views import (
    show_advice,
    show_destination,
    show_preview,
    show_row,
    show_trial,
    show_upload,
)
from consentry.desk.naming import choose, only_one
from consentry.desk.runners import Runners
from consentry.flows import Destination, RowOutcome

TRIED_ROWS: Final = 5


class LocalDestinations:
    """Works on this machine's destinations."""

    def __init__(self, room: flows.Room, actor: Actor, runners: Runners) -> None:
        self._room = room
        self._actor = actor
        self._runners = runners

    async def list_destinations(self) -> list[DestinationView]:
        """Return every destination."""
        return [show_destination(each) for each in await every(partial(flows.list_destinations, self._room))]

    async def get_destination(self, which: str | int) -> DestinationView:
        """Return one destination with its last run; raise NotFound, or Conflict when the name fits two."""
        return show_destination(await self._find(which))

    async def create_destination(self, fields: Mapping[str, Any]) -> DestinationView:
        """Add a destination, described as the REST API has it."""
        new = flows.read_new_destination(fields)
        return show_destination(await flows.create_destination(self._room, self._actor, new))

    async def edit_destination(self, destination_id: int, fields: Mapping[str, Any]) -> DestinationView:
        """Change the fields that are named."""
        wanted = flows.read_changed_destination(await flows.get_destination(self._room, destination_id), fields)
        return show_destination(await flows.edit_destination(self._room, self._actor, destination_id, wanted))

    async def test_destination(self, destination_id: int) -> TrialView:
        """Ask the provider whether the credential works, and map the first rows."""
        return show_trial(await flows.try_destination(self._room, self._actor, destination_id, TRIED_ROWS))

    async def preview(
        self, destination_id: int, *, limit: int = 20, rows: Mapping[str, Any] | None = None
    ) -> PreviewView:
        """Return what a run would do, of the destination's rows or of these."""
        if rows is None:
            return show_preview(await flows.preview(self._room, self._actor, destination_id, limit))
        described = flows.description_of(await flows.get_destination(self._room, destination_id))
        wanted = replace(described, rows=flows.read_rows(rows))
        return show_preview(await flows.preview_new(self._room, self._actor, wanted, limit))

    async def suggest(self, credential_id: int, template: str, rows: Mapping[str, Any]) -> SuggestionView:
        """Look at rows, and suggest which column fills which field."""
        spec = flows.read_rows(rows)
        return show_advice(await flows.advise(self._room, self._actor, credential_id, template, spec))

    async def set_active(self, destination_id: int, *, active: bool) -> DestinationView:
        """Let a destination run by its schedule, or only by hand."""
        change = flows.activate_destination if active else flows.pause_destination
        return show_destination(await change(self._room, self._actor, destination_id))

    async def delete_destination(self, destination_id: int) -> None:
        """Delete a destination and what it remembers; its runs stay."""
        await flows.delete_destination(self._room, self._actor, destination_id)

    async def run_destination(
        self, destination_id: int, *, rows: Mapping[str, Any] | None = None, detached: bool = False
    ) -> int:
        """Begin a run, and start a process that works on it unless somebody else takes it first."""
        spec = None if rows is None else flows.read_rows(rows)
        run = await flows.begin_destination_run(self._room, self._actor, destination_id, "hand", spec)
        await self._runners.start(run.id, detached=detached)
        return run.id

    async def list_rows(self, run_id: int, *, outcome: str | None = None, limit: int | None = None) -> list[RowView]:
        """Return the rows of a run, or the first ones; raise NotFound."""
        read = partial(flows.list_rows, self._room, run_id, outcome=choose(RowOutcome, outcome, "outcome"))
        return [show_row(each) for each in await every(read, at_most=limit)]

    async def iterate_rows(self, run_id: int, *, outcome: str | None = None) -> AsyncIterator[RowView]:
        """Yield all rows of a run, without holding them."""
        async for row in flows.iterate_rows(self._room, run_id, choose(RowOutcome, outcome, "outcome")):
            yield show_row(row)

    async def export_rows(self, run_id: int, *, outcome: str | None = None) -> AsyncIterator[bytes]:
        """Yield the rows of a run as CSV, piece by piece."""
        async for piece in flows.export_rows(self._room, run_id, choose(RowOutcome, outcome, "outcome")):
            yield piece.encode()

    async def retry_run(
        self, run_id: int, mended: Mapping[int, Mapping[str, Any]] | None = None, *, detached: bool = False
    ) -> int:
        """Begin a run of the rows that a run refused, failed at or never came to; some with other values."""
        run = await flows.retry(self._room, self._actor, run_id, mended)
        await self._runners.start(run.id, detached=detached)
        return run.id

    async def upload(self, name: str, pieces: AsyncIterator[bytes]) -> UploadView:
        """Keep a file for rows to come from."""
        return show_upload(await flows.put_upload(self._room, self._actor, name, pieces))

    async def _find(self, which: str | int) -> Destination:
        if isinstance(which, str):
            named, _ = await flows.list_destinations(self._room, name=" ".join(which.split()))
            if (destination := only_one(named, "destination", which)) is not None:
                return destination
        return await flows.get_destination(self._room, int(which))
