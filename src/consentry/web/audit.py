"""The audit trail: a table that can be searched and paged through."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry.audit import Action, list_entries
from consentry.web.choices import Choice, choices, pages_around
from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.trail import ACTIONS, EntryView, entry_view
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage(Page):
    """Lines of the trail, the newest first."""

    template: ClassVar[str] = "audit.html"
    section: ClassVar[Section] = "audit"
    entries: tuple[EntryView, ...]
    q: str  # what was searched for
    actions: tuple[Choice, ...]
    credential_id: int | None  # where only one credential's lines are shown
    newer: str  # address of the page before this one, or empty
    older: str  # address of the page after this one, or empty

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Audit"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the trail."""
    return (door.for_people("/audit", show),)


async def show(visit: SignedInVisit) -> Response:
    """Show the trail."""
    q, action = visit.query.text("q").strip()[:200], visit.query.text("action")
    credential_id = visit.query.number("credential")
    page = min(max(1, visit.query.number("page") or 1), 1_000_000)
    async with visit.app.database.reading() as connection:
        found, has_more = await list_entries(
            connection,
            credential_id=credential_id,
            action=Action(action) if action in ACTIONS else None,
            q=q or None,
            page=page,
            per_page=PER_PAGE,
        )
    query = {"q": q, "action": action, "credential": "" if credential_id is None else str(credential_id)}
    newer, older = pages_around(visit.url("/audit"), query, page, has_more=has_more)
    context = AuditPage(
        entries=tuple(entry_view(entry, visit.now) for entry in found),
        q=q,
        actions=choices(ACTIONS, action),
        credential_id=credential_id,
        newer=newer,
        older=older,
    )
    return visit.show(context)
