"""Sign in and out; on a fresh install, create the first administrator at the same address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from starlette.routing import Route

from consentry import accounts
from consentry.errors import Conflict, ConsentryError, InvalidInput, NotSignedIn, TooManyAttempts
from consentry.web.door import Door
from consentry.web.fields import Field, filled
from consentry.web.frame import Page
from consentry.web.mishaps import errors_of, status_of, words_of
from consentry.web.origin import local_path
from consentry.web.visit import SignedInVisit, Visit

_EMAIL: Final = Field(name="email", label="Email", id="email", required=True, max_length=254)
_PASSWORD: Final = Field(name="password", label="Password", id="password", required=True, secret=True, max_length=1024)
_SIGN_IN: Final = (_EMAIL, _PASSWORD)
_FIRST: Final = (
    Field(name="name", label="Name", id="name", required=True, max_length=100),
    _EMAIL,
    Field(
        name="password",
        label="Password",
        id="password",
        required=True,
        secret=True,
        max_length=1024,
        help="At least 8 characters; a sentence is fine.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPage(Page):
    """The way in."""

    template: ClassVar[str] = "signin.html"
    is_first: bool  # whether nobody can sign in yet, so that the first administrator is created here
    fields: tuple[Field, ...]
    next: str  # where to go afterwards, a path on this site
    message: str = ""  # what went wrong, beyond single fields
    hint: str = ""
    notice: str = ""  # what was done just before, such as signing out

    @property
    def title(self) -> str:
        """The one title of the page."""
        return "Create the first administrator" if self.is_first else "Sign in"

    @property
    def autocomplete(self) -> Mapping[str, str]:
        """What the browser may fill in, by field."""
        password = "new-password" if self.is_first else "current-password"
        return {"name": "name", "email": "username", "password": password}


def routes(door: Door) -> Sequence[Route]:
    """Return the routes of sign-in and sign-out."""
    return (
        door.for_all("/signin", show),
        door.for_all("/signin", sign_in, methods=["POST"]),
        door.for_people("/signout", sign_out, methods=["POST"]),
    )


async def show(visit: Visit) -> Response:
    """Show the way in; who is in already is led on."""
    onward = _onward(visit, visit.query.text("next"))
    if visit.session is not None:
        return visit.go(onward)
    notice = "You are signed out." if visit.query.text("done") == "signed-out" else ""
    return visit.show(await _page(visit, onward, notice=notice))


async def sign_in(visit: Visit) -> Response:
    """Begin a session, after creating the first administrator where there is none yet."""
    onward = _onward(visit, visit.form.text("next"))
    try:
        if not await accounts.has_people(visit.app.accounts):
            await _create_first(visit)
        email, password = visit.form.text("email"), visit.form.secret("password")
        _, token = await accounts.sign_in(visit.app.accounts, email=email, password=password, ip=visit.ip)
    except (NotSignedIn, InvalidInput, Conflict, TooManyAttempts) as error:
        return visit.show(await _page(visit, onward, error=error), status_of(error))
    answer = visit.go(onward)
    visit.cookies.put_session(answer, token)
    visit.cookies.forget(answer, visit.cookies.form)
    return answer


async def _create_first(visit: Visit) -> None:
    await accounts.create_first_person(
        visit.app.accounts,
        name=visit.form.text("name"),
        email=visit.form.text("email"),
        password=visit.form.secret("password"),
        ip=visit.ip,
    )


async def sign_out(visit: SignedInVisit) -> Response:
    """End the session."""
    await accounts.sign_out(visit.app.accounts, visit.session, visit.ip)
    answer = visit.go(visit.url("/signin", done="signed-out"))
    visit.cookies.forget(answer, visit.cookies.session)
    return answer


def _onward(visit: Visit, wanted: str) -> str:
    return local_path(wanted, otherwise=visit.url("/"))


async def _page(visit: Visit, onward: str, *, error: ConsentryError | None = None, notice: str = "") -> SignInPage:
    is_first = not await accounts.has_people(visit.app.accounts)
    values = {name: visit.form.text(name) for name in ("name", "email")}
    errors = errors_of(error)
    message, hint = words_of(error)
    return SignInPage(
        is_first=is_first,
        fields=filled(_FIRST if is_first else _SIGN_IN, values, errors),
        next=onward,
        message=message,
        hint=hint,
        notice=notice,
    )
