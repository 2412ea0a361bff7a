"""The last step of a new data destination: what is written, where the rows come from, and how they are mapped."""

from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response

from consentry import flows
from consentry.connectors import Connector
from consentry.credentials import Credential
from consentry.flows import NewDestination
from consentry.web.connector_view import ConnectorView
from consentry.web.destination_form import TypedDestination
from consentry.web.destination_step import DestinationForm, Step, answer_form, show_form
from consentry.web.flow_kinds import WORDS, FlowPage, proposed_name
from consentry.web.modes import mode_of, tabs_of_new
from consentry.web.tiles import CredentialTile, credential_tile
from consentry.web.visit import SignedInVisit

WORDS_HERE: Final = WORDS["destination"]
MOST_NAMES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDestinationPage(FlowPage):
    """Step 3 of a new destination."""

    template: ClassVar[str] = "destination_new.html"
    fragment: ClassVar[str] = "destination_form.html"
    step: ClassVar[int] = 3
    connector: ConnectorView
    credential: CredentialTile
    form: DestinationForm


async def show_step(visit: SignedInVisit, connector: Connector, credential: Credential) -> Response:
    """Show the step before anything was chosen."""
    taken, _ = await flows.list_destinations(visit.app.flows, per_page=MOST_NAMES)
    typed = TypedDestination(
        name=proposed_name(credential.name, [one.name for one in taken]),
        mode=mode_of(visit.query.text("mode")),
        template=connector.writing.templates[0].name if connector.writing else "",
    )
    return await show_form(_step(visit, connector, credential), typed, suggests=True)


async def answer_step(visit: SignedInVisit, connector: Connector, credential: Credential) -> Response:
    """Do what the button says."""
    return await answer_form(_step(visit, connector, credential))


def _step(visit: SignedInVisit, connector: Connector, credential: Credential) -> Step:
    def show(form: DestinationForm, status: int) -> Response:
        view = ConnectorView.of(connector, visit.app.settings.public_url)
        tile = credential_tile(credential, view, visit.now)
        page = NewDestinationPage(words=WORDS_HERE, connector=view, credential=tile, form=form)
        return visit.show(page, status)

    async def save(new: NewDestination) -> Response:
        destination = await flows.create_destination(visit.app.flows, visit.actor, new)
        return visit.go(visit.url(f"/destinations/{destination.id}", done="destination-added"))

    return Step(
        visit=visit,
        connector=connector,
        credential_id=credential.id,
        path=WORDS_HERE.path,
        tabs=tabs_of_new(WORDS_HERE.path, "Prepared", connector=connector.name, credential_id=credential.id),
        show=show,
        save=save,
    )
