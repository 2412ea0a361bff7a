"""Add New Credential and Edit Credential: the same overlay, and the same page where no script runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from consentry import credentials
from consentry.connectors import Connector
from consentry.credentials import Credential, CredentialEdit, NewCredential
from consentry.errors import Conflict, ConsentryError, FieldError, InvalidInput
from consentry.web.choices import with_more
from consentry.web.connector_view import ConnectorView
from consentry.web.door import Door
from consentry.web.fields import Entries, Field
from consentry.web.frame import Page, Section
from consentry.web.mishaps import errors_of, status_of, words_of
from consentry.web.visit import SignedInVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialForm:
    """The fields of the overlay, and what is wrong with them."""

    name: Field
    description: Field
    client_id: Field
    client_secret: Field
    scope: Field
    message: str = ""  # what went wrong, beyond single fields
    hint: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields from top to bottom."""
        return (self.name, self.description, self.client_id, self.client_secret, self.scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFormPage(Page):
    """The overlay in which a credential is added or edited."""

    template: ClassVar[str] = "sheet.html"
    fragment: ClassVar[str] = "credential_form.html"
    section: ClassVar[Section] = "credentials"
    heading: str
    path: str  # where the form is sent
    connector: ConnectorView
    redirect_uri: str
    return_to: str  # address to go back to
    form: CredentialForm

    @property
    def title(self) -> str:
        """The one title of the page."""
        return self.heading


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseConnectorPage(Page):
    """Which connector the new credential is for; only asked where there are several."""

    template: ClassVar[str] = "choose_connector.html"
    section: ClassVar[Section] = "credentials"
    connectors: tuple[ConnectorView, ...]
    return_to: str

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Add New Credential"


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of adding and editing."""
    return (
        door.for_people("/credentials/new", show_new),
        door.for_people("/credentials/new", add, methods=["POST"]),
        door.for_people("/credentials/{id:int}/edit", show_edit),
        door.for_people("/credentials/{id:int}/edit", edit, methods=["POST"]),
    )


async def show_new(visit: SignedInVisit) -> Response:
    """Show the empty form, with a name proposed."""
    known = visit.app.catalogue.list()
    chosen = visit.query.text("connector") or (known[0].name if len(known) == 1 else "")
    return_to = visit.return_to(visit.query, "/credentials")
    if not chosen:
        views = tuple(ConnectorView.of(connector, visit.app.settings.public_url) for connector in known)
        return visit.show(ChooseConnectorPage(connectors=views, return_to=return_to))
    connector = visit.app.catalogue.get(chosen)
    values = {"name": await _free_name(visit, connector)}
    return visit.show(_new_page(visit, connector, return_to, values))


async def _free_name(visit: SignedInVisit, connector: Connector) -> str:
    """Propose a name from the connector, as long as it is free."""
    found, _ = await credentials.list_credentials(visit.app.credentials, connector=connector.name, per_page=100)
    taken = {credential.name.casefold() for credential in found}
    names = [connector.title, *(f"{connector.title} {number}" for number in range(2, 20))]
    return next((name for name in names if name.casefold() not in taken), "")


async def add(visit: SignedInVisit) -> Response:
    """Add the credential, and lead on to consent."""
    connector = visit.app.catalogue.get(visit.form.text("connector"))
    return_to = visit.return_to(visit.form, "/credentials")
    new = NewCredential(
        connector=connector.name,
        name=visit.form.text("name"),
        description=visit.form.text("description"),
        client_id=visit.form.text("client_id"),
        client_secret=visit.form.secret("client_secret"),
        scope=visit.form.text("scope"),
    )
    try:
        credential = await credentials.create(visit.app.credentials, visit.actor, new)
    except ConsentryError as error:
        if visit.wants_json:
            raise _named(error, "name") from error
        page = _new_page(visit, connector, return_to, _typed(visit.form), _named(error, "name"))
        return visit.show(page, status_of(error))
    return _saved(visit, credential, with_more(return_to, credential=credential.id), asks_consent=True)


async def show_edit(visit: SignedInVisit) -> Response:
    """Show the form with what is stored, the secret excepted."""
    credential = await credentials.get(visit.app.credentials, visit.id)
    proposal = credential.proposal  # where an edit waits for consent, it is what is edited on
    values = {
        "name": credential.name,
        "description": credential.description,
        "client_id": proposal.client_id if proposal else credential.client_id,
        "scope": proposal.scope if proposal else credential.scope,
    }
    return visit.show(_edit_page(visit, credential, values))


async def edit(visit: SignedInVisit) -> Response:
    """Change the credential, and lead on to consent where the change needs it."""
    before = await credentials.get(visit.app.credentials, visit.id)
    wanted = CredentialEdit(
        name=visit.form.text("name"),
        description=visit.form.text("description"),
        client_id=visit.form.text("client_id"),
        client_secret=visit.form.secret("client_secret"),
        scope=visit.form.text("scope"),
    )
    try:
        credential = await credentials.edit(visit.app.credentials, visit.actor, visit.id, wanted)
    except ConsentryError as error:
        if visit.wants_json:
            raise
        return visit.show(_edit_page(visit, before, _typed(visit.form), error), status_of(error))
    return_to = visit.return_to(visit.form, f"/credentials/{credential.id}")
    return _saved(visit, credential, return_to, asks_consent=credential.pending_change or credential.grant is None)


def _saved(visit: SignedInVisit, credential: Credential, return_to: str, *, asks_consent: bool) -> Response:
    """Lead on after saving: to the consent step where consent is missing."""
    consent = visit.url(f"/credentials/{credential.id}/authorize", return_to=return_to) if asks_consent else ""
    if visit.wants_json:
        return visit.say({"id": credential.id, "name": credential.name, "consent": consent, "return_to": return_to})
    return visit.go(consent or return_to)


def _named(error: ConsentryError, field: str) -> ConsentryError:
    """Pin a conflict to the field it is about: the only one a new credential can have is that of its name."""
    if isinstance(error, Conflict):
        return InvalidInput(FieldError(field=field, message=f"{error.message} {error.hint}"))
    return error


def _typed(form: Entries) -> Mapping[str, str]:
    return {name: form.text(name) for name in ("name", "description", "client_id", "scope")}


def _new_page(
    visit: SignedInVisit,
    connector: Connector,
    return_to: str,
    values: Mapping[str, str],
    error: ConsentryError | None = None,
) -> CredentialFormPage:
    return CredentialFormPage(
        heading="Add New Credential",
        path="/credentials/new",
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        redirect_uri=visit.app.settings.redirect_uri,
        return_to=return_to,
        form=form_of(connector, values, error),
    )


def _edit_page(
    visit: SignedInVisit, credential: Credential, values: Mapping[str, str], error: ConsentryError | None = None
) -> CredentialFormPage:
    connector = visit.app.catalogue.get(credential.connector)
    return CredentialFormPage(
        heading="Edit Credential",
        path=f"/credentials/{credential.id}/edit",
        connector=ConnectorView.of(connector, visit.app.settings.public_url),
        redirect_uri=visit.app.settings.redirect_uri,
        return_to=visit.return_to(visit.query, f"/credentials/{credential.id}"),
        form=form_of(connector, values, error, stored_secret=secret_words(credential)),
    )


def secret_words(credential: Credential) -> str:
    """Say that a client secret is stored, without saying which."""
    return f"Set, ends in {credential.secret_hint}" if credential.secret_hint else "Set"


def form_of(
    connector: Connector, values: Mapping[str, str], error: ConsentryError | None = None, *, stored_secret: str = ""
) -> CredentialForm:
    """Return the fields that a connector asks for; where a secret is stored, a blank one keeps it. Pure."""
    errors = errors_of(error)
    made: dict[str, Field] = {}
    for wanted in connector.form:
        keeps = wanted.secret and bool(stored_secret)
        field = Field(
            name=wanted.name,
            label=wanted.label,
            id=f"credential-form-{wanted.name}",
            required=wanted.required and not keeps,
            secret=wanted.secret,
            help=f"{stored_secret}. Leave blank to keep it." if keeps else wanted.help,
            max_length=wanted.max_length,
        )
        made[wanted.name] = field.filled(values.get(wanted.name, "")).judged(errors)
    message, hint = words_of(error)
    shown = {field.name for field in fields(CredentialForm)}
    return CredentialForm(**{name: field for name, field in made.items() if name in shown}, message=message, hint=hint)
