"""Destinations and rows over a server: asks its REST API. The server's own worker carries runs out."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from consentry.credentials import name_key
from consentry.desk.destination_contract import (
    DestinationView,
    PreviewView,
    RowView,
    SuggestionView,
    TrialView,
    UploadView,
)
from consentry.desk.naming import only_one
from consentry.desk.wire import Begun, Wire, given

SLOW_SECONDS: Final = 120.0  # a preview reads from the provider for up to a minute


class RemoteDestinations:
    """Works on a server's destinations. What may be done depends on the scopes of the API key."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list_destinations(self) -> list[DestinationView]:
        """Return every destination."""
        return await self._wire.every("/destinations", DestinationView, {})

    async def get_destination(self, which: str | int) -> DestinationView:
        """Return one destination with its last run; raise NotFound, or Conflict when the name fits two."""
        if isinstance(which, str):
            wanted = name_key(which)
            found = await self._wire.every("/destinations", DestinationView, {"name": which.strip()})
            named = [each for each in found if name_key(each.name) == wanted]
            if (destination := only_one(named, "destination", which)) is not None:
                return destination
        return await self._wire.ask("GET", f"/destinations/{int(which)}", DestinationView)

    async def create_destination(self, fields: Mapping[str, Any]) -> DestinationView:
        """Add a destination, described as the REST API has it."""
        return await self._wire.ask("POST", "/destinations", DestinationView, fields)

    async def edit_destination(self, destination_id: int, fields: Mapping[str, Any]) -> DestinationView:
        """Change the fields that are named."""
        return await self._wire.ask("PATCH", f"/destinations/{destination_id}", DestinationView, fields)

    async def test_destination(self, destination_id: int) -> TrialView:
        """Ask the provider whether the credential works, and map the first rows."""
        path = f"/destinations/{destination_id}/test"
        return await self._wire.ask("POST", path, TrialView, timeout=SLOW_SECONDS)

    async def preview(
        self, destination_id: int, *, limit: int = 20, rows: Mapping[str, Any] | None = None
    ) -> PreviewView:
        """Return what a run would do, of the destination's rows or of these."""
        path, wish = f"/destinations/{destination_id}/preview", given({"limit": limit, "rows": rows})
        return await self._wire.ask("POST", path, PreviewView, wish, timeout=SLOW_SECONDS)

    async def suggest(self, credential_id: int, template: str, rows: Mapping[str, Any]) -> SuggestionView:
        """Look at rows, and suggest which column fills which field."""
        path = f"/credentials/{credential_id}/templates/{quote(template, safe='')}/suggest"
        return await self._wire.ask("POST", path, SuggestionView, {"rows": rows}, timeout=SLOW_SECONDS)

    async def set_active(self, destination_id: int, *, active: bool) -> DestinationView:
        """Let a destination run by its schedule, or only by hand."""
        verb = "activate" if active else "pause"
        return await self._wire.ask("POST", f"/destinations/{destination_id}/{verb}", DestinationView)

    async def delete_destination(self, destination_id: int) -> None:
        """Delete a destination and what it remembers; its runs stay."""
        await self._wire.send("DELETE", f"/destinations/{destination_id}")

    async def run_destination(
        self, destination_id: int, *, rows: Mapping[str, Any] | None = None, detached: bool = False
    ) -> int:
        """Begin a run; the server works on it, whoever waits."""
        wish = given({"rows": rows})
        return (await self._wire.ask("POST", f"/destinations/{destination_id}/run", Begun, wish)).run_id

    async def list_rows(self, run_id: int, *, outcome: str | None = None, limit: int | None = None) -> list[RowView]:
        """Return the rows of a run, or the first ones; raise NotFound."""
        return await self._wire.every(f"/runs/{run_id}/rows", RowView, {"outcome": outcome}, at_most=limit)

    async def iterate_rows(self, run_id: int, *, outcome: str | None = None) -> AsyncIterator[RowView]:
        """Yield all rows of a run, without holding them."""
        async for row in self._wire.lines(_rows_path(run_id, outcome, "jsonl"), RowView):
            yield row

    async def export_rows(self, run_id: int, *, outcome: str | None = None) -> AsyncIterator[bytes]:
        """Yield the rows of a run as CSV, piece by piece."""
        async for piece in self._wire.draw(_rows_path(run_id, outcome, "csv")):
            yield piece

    async def retry_run(
        self, run_id: int, mended: Mapping[int, Mapping[str, Any]] | None = None, *, detached: bool = False
    ) -> int:
        """Begin a run of the rows that a run refused, failed at or never came to; some with other values."""
        rows = [{"row": number, "values": values} for number, values in (mended or {}).items()]
        return (await self._wire.ask("POST", f"/runs/{run_id}/retry", Begun, {"rows": rows})).run_id

    async def upload(self, name: str, pieces: AsyncIterator[bytes]) -> UploadView:
        """Keep a file for rows to come from."""
        return await self._wire.pour(f"/uploads?{urlencode({'name': name})}", pieces, UploadView)


def _rows_path(run_id: int, outcome: str | None, form: str) -> str:
    return f"/runs/{run_id}/rows?{urlencode(given({'outcome': outcome, 'format': form}))}"
