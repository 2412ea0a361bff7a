"""New data source and new data destination: select a connector, authenticate with a credential, configure."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials, flows
from consentry.connectors import Connector
from consentry.credentials import Credential, Status
from consentry.errors import Conflict, InvalidInput, NotFound
from consentry.web import destination_new
from consentry.web.configure import configure_page, everything, take_samples
from consentry.web.connector_view import ConnectorView
from consentry.web.door import Door, SignedInHandler
from consentry.web.estimates import read_what, take_estimate
from consentry.web.fields import Entries
from consentry.web.flow_kinds import WORDS, FlowPage, FlowWords, proposed_name
from consentry.web.mishaps import status_of
from consentry.web.source_form import TypedSource, at_its_field, described, read_typed
from consentry.web.tiles import CredentialTile, credential_tile
from consentry.web.visit import SignedInVisit

MOST_TILES: Final = 100
SOURCE: Final = WORDS["source"]
DESTINATION: Final = WORDS["destination"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectPage(FlowPage):
    """Step 1: which connector."""

    template: ClassVar[str] = "select.html"
    step: ClassVar[int] = 1
    connectors: tuple[ConnectorView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why the chosen credential can't be gone on with."""

    words: str
    hint: str
    credential_id: int | None = None  # the one that has to be authorized, where that helps
    name: str = ""  # its name


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatePage(FlowPage):
    """Step 2: with which credential."""

    template: ClassVar[str] = "authenticate.html"
    step: ClassVar[int] = 2
    connector: ConnectorView
    tiles: tuple[CredentialTile, ...]
    has_more: bool  # whether there are credentials that are not shown
    chosen_id: int | None
    problem: Problem | None
    return_to: str  # this step, to come back to when a credential was added on a page of its own


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the steps, for sources and destinations alike."""
    found = [door.for_people(words.path, _shower(words)) for words in WORDS.values()]
    return (
        *found,
        door.for_people(f"{SOURCE.path}/test", test, methods=["POST"]),
        door.for_people(f"{SOURCE.path}/estimate", estimate, methods=["POST"]),
        door.for_people(SOURCE.path, save, methods=["POST"]),
        door.for_files(DESTINATION.path, answer_destination),
    )


def _shower(words: FlowWords) -> SignedInHandler:
    async def handler(visit: SignedInVisit) -> Response:
        return await show(visit, words)

    return handler


async def show(visit: SignedInVisit, words: FlowWords) -> Response:
    """Show the step that the query leads to, or an earlier one when something is missing for it."""
    step, name = visit.query.text("step"), visit.query.text("connector")
    if not name or step == "select":
        views = tuple(ConnectorView.of(one, visit.app.settings.public_url) for one in visit.app.catalogue.list())
        return visit.show(SelectPage(words=words, connectors=views))
    connector = visit.app.catalogue.get(name)
    credential = await _find_chosen(visit, connector, visit.query)
    asks_configure = step == "configure" or (not step and credential is not None)
    problem = _problem(connector, credential) if asks_configure else None
    if asks_configure and problem is None and credential is not None:
        if words.kind == "destination":
            return await destination_new.show_step(visit, connector, credential)
        chosen = everything(connector, visit.query.text("mode"))
        chosen = replace(chosen, name=await _proposed_name(visit, credential))
        return visit.show(configure_page(visit, words, connector, credential, chosen))
    return await _show_authenticate(visit, words, connector, credential, problem)


async def answer_destination(visit: SignedInVisit) -> Response:
    """Do what a button of a new destination's last step says."""
    connector, credential, problem = await _chosen(visit)
    if credential is None or problem is not None:
        return await _show_authenticate(visit, DESTINATION, connector, credential, problem)
    return await destination_new.answer_step(visit, connector, credential)


async def test(visit: SignedInVisit) -> Response:
    """Show sample rows of what was chosen."""

    async def sampled(connector: Connector, credential: Credential, chosen: TypedSource) -> Response:
        samples = await take_samples(visit, connector, credential, chosen)
        return visit.show(configure_page(visit, SOURCE, connector, credential, chosen, samples=samples))

    return await _configured(visit, sampled)


async def estimate(visit: SignedInVisit) -> Response:
    """Show what a first run of what was chosen takes."""

    async def estimated(connector: Connector, credential: Credential, chosen: TypedSource) -> Response:
        view = await take_estimate(visit, connector, credential.id, read_what(chosen, connector))
        return visit.show(configure_page(visit, SOURCE, connector, credential, chosen, estimate=view))

    return await _configured(visit, estimated)


async def save(visit: SignedInVisit) -> Response:
    """Keep the source, and show it."""

    async def saved(connector: Connector, credential: Credential, chosen: TypedSource) -> Response:
        source = await flows.create(visit.app.flows, visit.actor, described(chosen, connector, credential.id))
        return visit.go(visit.url(f"/sources/{source.id}", done="source-added"))

    return await _configured(visit, saved)


async def _chosen(visit: SignedInVisit) -> tuple[Connector, Credential | None, Problem | None]:
    """Return what the form was for, and what stands in its way."""
    connector = visit.app.catalogue.get(visit.form.text("connector"))
    credential = await _find_chosen(visit, connector, visit.form)
    return connector, credential, _problem(connector, credential)


async def _configured(
    visit: SignedInVisit, go_on: Callable[[Connector, Credential, TypedSource], Awaitable[Response]]
) -> Response:
    """Go on with what was chosen in the last step; show it again when something in it is wrong."""
    connector, credential, problem = await _chosen(visit)
    if credential is None or problem is not None:
        return await _show_authenticate(visit, SOURCE, connector, credential, problem)
    chosen = read_typed(visit.form)
    try:
        return await go_on(connector, credential, chosen)
    except (InvalidInput, Conflict) as error:
        said = at_its_field(error, chosen)
        return visit.show(configure_page(visit, SOURCE, connector, credential, chosen, error=said), status_of(said))


async def _proposed_name(visit: SignedInVisit, credential: Credential) -> str:
    taken, _ = await flows.list_sources(visit.app.flows, per_page=MOST_TILES)
    return proposed_name(credential.name, [source.name for source in taken])


async def _find_chosen(visit: SignedInVisit, connector: Connector, entries: Entries) -> Credential | None:
    credential_id = entries.number("credential")
    if credential_id is None:
        return None
    try:
        credential = await credentials.get(visit.app.credentials, credential_id)
    except NotFound:
        return None
    return credential if credential.connector == connector.name else None


def _problem(connector: Connector, credential: Credential | None) -> Problem | None:
    """Say what stands in the way of going on with a credential."""
    if credential is None:
        return Problem(words="Choose a credential.", hint="Add one where there is none yet.")
    match credential.status:
        case Status.AUTHORIZATION_REQUIRED:
            words, hint = f"{credential.name} waits for consent.", f"{connector.provider} lets nobody in before that."
            return Problem(words=words, hint=hint, credential_id=credential.id, name=credential.name)
        case Status.REAUTHORIZATION_REQUIRED:
            words = f"{credential.name} has to be authorized again."
            hint = credential.status_reason
            return Problem(words=words, hint=hint, credential_id=credential.id, name=credential.name)
        case Status.AUTHORIZED | Status.REFRESH_FAILING:
            return None


async def _show_authenticate(
    visit: SignedInVisit,
    words: FlowWords,
    connector: Connector,
    chosen: Credential | None,
    problem: Problem | None,
) -> Response:
    found, has_more = await credentials.list_credentials(
        visit.app.credentials, connector=connector.name, per_page=MOST_TILES
    )
    if chosen is not None and all(one.id != chosen.id for one in found):
        found.insert(0, chosen)
    view = ConnectorView.of(connector, visit.app.settings.public_url)
    page = AuthenticatePage(
        words=words,
        connector=view,
        tiles=tuple(credential_tile(one, view, visit.now) for one in found),
        has_more=has_more,
        chosen_id=chosen.id if chosen else None,
        problem=problem,
        return_to=visit.url(words.path, connector=connector.name, step="authenticate"),
    )
    return visit.show(page, 422 if problem else 200)
