"""Editing and deleting a source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.connectors import Connector
from consentry.errors import Conflict, ConsentryError, InvalidInput
from consentry.flows import Source
from consentry.web.connector_view import ConnectorView
from consentry.web.deletion import DeletePage
from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.mishaps import status_of, words_of
from consentry.web.modes import tabs_of_edit
from consentry.web.source_form import TypedSource, at_its_field, described, read_typed, typed_of
from consentry.web.source_step import SourceForm, form_view
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSourcePage(Page):
    """What a source reads, where it goes and when it runs, to be changed."""

    template: ClassVar[str] = "source_edit.html"
    section: ClassVar[Section] = "sources"
    source_id: int
    source_name: str
    path: str
    form: SourceForm

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Edit {self.source_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSourcePage(DeletePage):
    """The question before a source is deleted."""

    fragment: ClassVar[str] = "source_delete.html"
    section: ClassVar[Section] = "sources"
    what: ClassVar[str] = "source"
    dataset: str


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of editing and deleting."""
    base = "/sources/{id:int}"
    return (
        door.for_people(f"{base}/edit", show_edit),
        door.for_people(f"{base}/edit", edit, methods=["POST"]),
        door.for_people(f"{base}/delete", show_delete),
        door.for_people(f"{base}/delete", delete, methods=["POST"]),
    )


async def show_edit(visit: SignedInVisit) -> Response:
    """Show what can be changed."""
    source = await flows.get(visit.app.flows, visit.id)
    connector = visit.app.catalogue.get(source.connector)
    typed = typed_of(source, connector)
    typed = replace(typed, mode=visit.query.text("mode") or typed.mode)
    return visit.show(_edit_page(visit, source, connector, typed))


async def edit(visit: SignedInVisit) -> Response:
    """Change the source."""
    source = await flows.get(visit.app.flows, visit.id)
    connector = visit.app.catalogue.get(source.connector)
    typed = read_typed(visit.form)
    try:
        changed = described(typed, connector, source.credential_id, has_url=source.warehouse.kind)
        await flows.edit(visit.app.flows, visit.actor, source.id, changed)
    except (Conflict, InvalidInput) as error:
        said = at_its_field(error, typed)
        return visit.show(_edit_page(visit, source, connector, typed, said), status_of(error))
    return visit.go(visit.url(f"/sources/{source.id}", done="source-saved"))


async def show_delete(visit: SignedInVisit) -> Response:
    """Ask before deleting."""
    return visit.show(_delete_page(visit, await flows.get(visit.app.flows, visit.id)))


async def delete(visit: SignedInVisit) -> Response:
    """Delete the source; its dataset stays."""
    try:
        await flows.delete(visit.app.flows, visit.actor, visit.id)
    except Conflict as error:
        source = await flows.get(visit.app.flows, visit.id)
        return visit.show(_delete_page(visit, source, error), status_of(error))
    return visit.go(visit.url("/sources", done="source-deleted"))


def _edit_page(
    visit: SignedInVisit,
    source: Source,
    connector: Connector,
    typed: TypedSource,
    error: ConsentryError | None = None,
) -> EditSourcePage:
    path = f"/sources/{source.id}/edit"
    return EditSourcePage(
        source_id=source.id,
        source_name=source.name,
        path=path,
        form=form_view(visit, connector, typed, tabs_of_edit(path, "Streams"), error),
    )


def _delete_page(visit: SignedInVisit, source: Source, error: ConsentryError | None = None) -> DeleteSourcePage:
    connector = visit.app.catalogue.get(source.connector)
    message, hint = words_of(error)
    return DeleteSourcePage(
        id=source.id,
        name=source.name,
        dataset=source.dataset,
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        message=message,
        hint=hint,
    )
