"""Settings: API keys, people, and one's own password."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import accounts
from consentry.accounts import KeyScope
from consentry.core.secret import Secret
from consentry.errors import Conflict, ConsentryError, FieldError, InvalidInput, TooManyAttempts
from consentry.web.account_views import SCOPES, KeyView, PersonView, ScopeChoice, key_view, person_view
from consentry.web.choices import Choice, choices, pages_around
from consentry.web.door import Door
from consentry.web.fields import Entries, Field, filled
from consentry.web.frame import Page, Section
from consentry.web.mishaps import errors_of, status_of, words_of
from consentry.web.removal import PASSWORD, prove_if_needed
from consentry.web.visit import SignedInVisit

PER_PAGE: Final = 25
MOST_PEOPLE: Final = 100
LIVES: Final = {"30": "In 30 days", "90": "In 90 days", "365": "In a year", "": "Never"}
_DEFAULT_LIFE: Final = "90"
_REFUSALS: Final = (InvalidInput, Conflict, TooManyAttempts)

_KEY_FIELDS: Final = (
    Field(name="name", label="Name", id="key-name", required=True, max_length=100, help="Who or what will use it."),
    Field(name="scopes", label="Scopes", id="key-scopes"),
    Field(name="expires_at", label="Expires", id="key-life"),
)
_PERSON_FIELDS: Final = (
    Field(name="name", label="Name", id="person-name", required=True, max_length=100),
    Field(name="email", label="Email", id="person-email", required=True, max_length=254),
    Field(
        name="password",
        label="Password",
        id="person-password",
        required=True,
        secret=True,
        max_length=1024,
        help="At least 8 characters. They can change it after signing in.",
    ),
)
_PASSWORD_FIELDS: Final = (
    Field(name="current_password", label="Current password", id="current-password", required=True, secret=True),
    Field(
        name="new_password",
        label="New password",
        id="new-password",
        required=True,
        secret=True,
        max_length=1024,
        help="At least 8 characters; a sentence is fine.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields of one of the page's forms, and what is wrong with them."""

    fields: tuple[Field, ...]
    message: str = ""  # what went wrong, beyond single fields
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage(Page):
    """API keys and people."""

    template: ClassVar[str] = "settings.html"
    section: ClassVar[Section] = "settings"
    new_key: str  # the key that was just made, shown this once; else empty
    new_key_name: str
    keys: tuple[KeyView, ...]
    newer_keys: str
    older_keys: str
    key_form: Form
    scopes: tuple[ScopeChoice, ...]
    lives: tuple[Choice, ...]
    people: tuple[PersonView, ...]
    person_form: Form
    password_form: Form

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A form of the page that could not be done, and why."""

    form: str  # key, person or password
    error: ConsentryError


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of the settings."""
    return (
        door.for_people("/settings", show),
        door.for_people("/settings/keys", create_key, methods=["POST"]),
        door.for_people("/settings/keys/{id:int}/revoke", revoke_key, methods=["POST"]),
        door.for_people("/settings/people", add_person, methods=["POST"]),
        door.for_people("/settings/people/{id:int}/disable", disable_person, methods=["POST"]),
        door.for_people("/settings/people/{id:int}/enable", enable_person, methods=["POST"]),
        door.for_people("/settings/password", change_password, methods=["POST"]),
    )


async def show(visit: SignedInVisit) -> Response:
    """Show the settings."""
    return visit.show(await _page(visit))


async def create_key(visit: SignedInVisit) -> Response:
    """Make an API key, and show it this once."""
    try:
        name, key = await _create_key(visit, visit.form)
    except _REFUSALS as error:
        return visit.show(await _page(visit, refused=Refused(form="key", error=error)), status_of(error))
    return visit.show(await _page(visit, new_key=key, new_key_name=name))


async def _create_key(visit: SignedInVisit, form: Entries) -> tuple[str, Secret]:
    known = {scope.value for scope in KeyScope}
    scopes = [KeyScope(scope) for scope in form.texts("scopes") if scope in known]
    life = form.text("life")
    if life not in LIVES:
        raise InvalidInput(FieldError(field="expires_at", message="Choose one of the times offered."))
    if KeyScope.ADMIN in scopes:
        await prove_if_needed(visit)
    expires_at = visit.now + timedelta(days=int(life)) if life else None
    made, key = await accounts.create_api_key(
        visit.app.accounts, visit.actor, name=form.text("name"), scopes=scopes, expires_at=expires_at
    )
    return made.name, key


async def revoke_key(visit: SignedInVisit) -> Response:
    """Revoke an API key."""
    await accounts.revoke_api_key(visit.app.accounts, visit.actor, visit.id)
    return visit.go(visit.url("/settings", done="revoked"))


async def add_person(visit: SignedInVisit) -> Response:
    """Let somebody else sign in."""
    try:
        await accounts.create_person(
            visit.app.accounts,
            visit.actor,
            name=visit.form.text("name"),
            email=visit.form.text("email"),
            password=visit.form.secret("password"),
        )
    except _REFUSALS as error:
        return visit.show(await _page(visit, refused=Refused(form="person", error=error)), status_of(error))
    return visit.go(visit.url("/settings", done="person-added"))


async def disable_person(visit: SignedInVisit) -> Response:
    """Shut a person out."""
    await accounts.disable_person(visit.app.accounts, visit.actor, visit.id)
    return visit.go(visit.url("/settings", done="person-disabled"))


async def enable_person(visit: SignedInVisit) -> Response:
    """Let a person in again."""
    await accounts.enable_person(visit.app.accounts, visit.actor, visit.id)
    return visit.go(visit.url("/settings", done="person-enabled"))


async def change_password(visit: SignedInVisit) -> Response:
    """Change one's own password."""
    try:
        await accounts.change_password(
            visit.app.accounts,
            visit.session,
            current=visit.form.secret("current_password"),
            new=visit.form.secret("new_password"),
            ip=visit.ip,
        )
    except _REFUSALS as error:
        return visit.show(await _page(visit, refused=Refused(form="password", error=error)), status_of(error))
    return visit.go(visit.url("/settings", done="password-changed"))


async def _page(
    visit: SignedInVisit, *, refused: Refused | None = None, new_key: Secret | None = None, new_key_name: str = ""
) -> SettingsPage:
    number = max(1, visit.query.number("page") or 1)
    keys, has_more = await accounts.list_api_keys(visit.app.accounts, page=number, per_page=PER_PAGE)
    people, _ = await accounts.list_people(visit.app.accounts, per_page=MOST_PEOPLE)
    newer, older = pages_around(visit.url("/settings"), {}, number, has_more=has_more)
    again = visit.form if refused and refused.form == "key" else Entries(())
    proof = () if visit.session.is_proved(visit.now) else (_proof(),)
    return SettingsPage(
        new_key=new_key.reveal() if new_key else "",
        new_key_name=new_key_name,
        keys=tuple(key_view(key, visit.now) for key in keys),
        newer_keys=newer,
        older_keys=older,
        key_form=_form(visit, "key", (*_KEY_FIELDS, *proof), refused),
        scopes=tuple(
            ScopeChoice(name=scope.value, meaning=meaning, is_chosen=scope.value in again.texts("scopes"))
            for scope, meaning in SCOPES.items()
        ),
        lives=choices(LIVES, again.text("life") if refused and refused.form == "key" else _DEFAULT_LIFE),
        people=tuple(person_view(person, visit.session.person, visit.now) for person in people),
        person_form=_form(visit, "person", _PERSON_FIELDS, refused),
        password_form=_form(visit, "password", _PASSWORD_FIELDS, refused),
    )


def _proof() -> Field:
    """The password again: asked for a key that may do everything, when it was last given a while ago."""
    return replace(PASSWORD, id="key-proof", required=False, help="Needed for the scope admin.")


def _form(visit: SignedInVisit, name: str, fields: Sequence[Field], refused: Refused | None) -> Form:
    if refused is None or refused.form != name:
        return Form(fields=tuple(fields))
    message, hint = words_of(refused.error)
    values = {field.name: visit.form.text(field.name) for field in fields}
    return Form(
        fields=filled(fields, values, errors_of(refused.error)),
        message=message,
        hint=hint,
    )
