"""Editing and deleting a destination."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import flows
from consentry.errors import Conflict
from consentry.flows import Destination, NewDestination
from consentry.web.connector_view import ConnectorView
from consentry.web.deletion import DeletePage
from consentry.web.destination_form import TypedDestination, typed_of_destination
from consentry.web.destination_step import DestinationForm, Step, answer_form, show_form
from consentry.web.door import Door
from consentry.web.frame import Page, Section
from consentry.web.mishaps import status_of, words_of
from consentry.web.modes import tabs_of_edit
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class EditDestinationPage(Page):
    """What a destination writes, from which rows and when, to be changed."""

    template: ClassVar[str] = "destination_edit.html"
    fragment: ClassVar[str] = "destination_form.html"
    section: ClassVar[Section] = "destinations"
    destination_id: int
    destination_name: str
    form: DestinationForm

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Edit {self.destination_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDestinationPage(DeletePage):
    """The question before a destination is deleted."""

    fragment: ClassVar[str] = "destination_delete.html"
    section: ClassVar[Section] = "destinations"
    what: ClassVar[str] = "destination"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of editing and deleting."""
    base = "/destinations/{id:int}"
    return (
        door.for_people(f"{base}/edit", show_edit),
        door.for_files(f"{base}/edit", edit),
        door.for_people(f"{base}/delete", show_delete),
        door.for_people(f"{base}/delete", delete, methods=["POST"]),
    )


async def show_edit(visit: SignedInVisit) -> Response:
    """Show what can be changed."""
    destination = await flows.get_destination(visit.app.flows, visit.id)
    typed = typed_of_destination(destination)
    mode = visit.query.text("mode")
    if mode in ("manual", "prepared"):
        typed = _in_mode(visit, destination, mode)
    return await show_form(_step(visit, destination), typed, suggests=False)


def _in_mode(visit: SignedInVisit, destination: Destination, mode: str) -> TypedDestination:
    typed = typed_of_destination(destination)
    writing = visit.app.catalogue.get(destination.connector).writing
    first = writing.templates[0].name if writing else ""
    return replace(typed, mode=mode, template=typed.template or first)


async def edit(visit: SignedInVisit) -> Response:
    """Do what the button says; Save changes the destination."""
    return await answer_form(_step(visit, await flows.get_destination(visit.app.flows, visit.id)))


async def show_delete(visit: SignedInVisit) -> Response:
    """Ask before deleting."""
    return visit.show(_delete_page(visit, await flows.get_destination(visit.app.flows, visit.id)))


async def delete(visit: SignedInVisit) -> Response:
    """Delete the destination, and what it remembers of what it wrote."""
    try:
        await flows.delete_destination(visit.app.flows, visit.actor, visit.id)
    except Conflict as error:
        destination = await flows.get_destination(visit.app.flows, visit.id)
        return visit.show(_delete_page(visit, destination, error), status_of(error))
    return visit.go(visit.url("/destinations", done="destination-deleted"))


def _step(visit: SignedInVisit, destination: Destination) -> Step:
    path = f"/destinations/{destination.id}/edit"

    def show(form: DestinationForm, status: int) -> Response:
        page = EditDestinationPage(destination_id=destination.id, destination_name=destination.name, form=form)
        return visit.show(page, status)

    async def save(wanted: NewDestination) -> Response:
        await flows.edit_destination(visit.app.flows, visit.actor, destination.id, wanted)
        return visit.go(visit.url(f"/destinations/{destination.id}", done="destination-saved"))

    return Step(
        visit=visit,
        connector=visit.app.catalogue.get(destination.connector),
        credential_id=destination.credential_id,
        path=path,
        tabs=tabs_of_edit(path, "Prepared"),
        show=show,
        save=save,
        kept=destination.rows,
    )


def _delete_page(
    visit: SignedInVisit, destination: Destination, error: Conflict | None = None
) -> DeleteDestinationPage:
    connector = visit.app.catalogue.get(destination.connector)
    message, hint = words_of(error)
    return DeleteDestinationPage(
        id=destination.id,
        name=destination.name,
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        message=message,
        hint=hint,
    )
