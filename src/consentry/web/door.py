"""The one door to the pages: finds out who comes, holds forms to their token, and turns errors into pages."""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from consentry import accounts, flows
from consentry.accounts import Session
from consentry.app import App
from consentry.errors import ConsentryError, NotAllowed, NotSignedIn, TooLarge
from consentry.web.cookies import Cookies
from consentry.web.fields import Entries, read_entries
from consentry.web.mishaps import answer_mishap
from consentry.web.multipart import LARGEST_BODY, LARGEST_FIELDS, MOST_FIELDS, MultipartForm
from consentry.web.origin import is_from_own_page
from consentry.web.visit import SignedInVisit, Visit

LARGEST_FORM: Final = 256 * 1024
CSRF_HEADER: Final = "x-csrf-token"

Handler = Callable[[Visit], Awaitable[Response]]
SignedInHandler = Callable[[SignedInVisit], Awaitable[Response]]


class Door:
    """Makes routes out of handlers. A handler that needs a person is only ever called with one."""

    def __init__(self, app: App) -> None:
        self._app = app

    def for_all(
        self, path: str, handler: Handler, *, methods: Sequence[str] = ("GET",), form_token: bool = True
    ) -> Route:
        """Return a route that anybody may take; ``form_token`` is off where the address is itself a secret."""

        async def endpoint(request: Request) -> Response:
            visit = self.stranger(request)
            try:
                visit = await self._recognise(visit)
                return await handler(await self._with_form(visit, form_token=form_token))
            except ConsentryError as error:
                return answer_mishap(visit, error)

        return Route(path, endpoint, methods=list(methods))

    def for_people(self, path: str, handler: SignedInHandler, *, methods: Sequence[str] = ("GET",)) -> Route:
        """Return a route for who has signed in; anybody else is led to the sign-in, and back afterwards."""

        async def endpoint(request: Request) -> Response:
            visit = self.stranger(request)
            try:
                visit = await self._recognise(visit)
                if visit.session is None:
                    return _lead_to_sign_in(visit)
                return await handler(_signed_in(await self._with_form(visit, form_token=True), visit.session))
            except ConsentryError as error:
                return answer_mishap(visit, error)

        return Route(path, endpoint, methods=list(methods))

    def for_files(self, path: str, handler: SignedInHandler) -> Route:
        """Return a route for a form that is long, or brings a file along; an upload is kept as it comes."""

        async def endpoint(request: Request) -> Response:
            visit = self.stranger(request)
            try:
                visit = await self._recognise(visit)
                if visit.session is None:
                    return _lead_to_sign_in(visit)
                return await handler(await self._with_files(_signed_in(visit, visit.session)))
            except ConsentryError as error:
                return answer_mishap(visit, error)

        return Route(path, endpoint, methods=["POST"])

    def stranger(self, request: Request) -> Visit:
        """Return the visit of a browser of which nothing is known yet."""
        form_cookie = Cookies(is_secure=self._app.settings.is_secure).form
        return Visit(
            app=self._app,
            request=request,
            session=None,
            form_token=request.cookies.get(form_cookie) or self._app.randomness.token(),
            form=Entries(()),
            query=Entries(request.query_params.multi_items()),
        )

    async def _recognise(self, visit: Visit) -> Visit:
        token = visit.request.cookies.get(visit.cookies.session)
        session = await accounts.find_session(self._app.accounts, token) if token else None
        return replace(visit, session=session, form_token=session.csrf_token) if session else visit

    async def _with_form(self, visit: Visit, *, form_token: bool) -> Visit:
        """Read what was posted; raise NotAllowed unless one of our own pages sent it."""
        if visit.request.method in ("GET", "HEAD"):
            return visit
        self._hold_to_own_page(visit)
        form = read_entries(await _body(visit.request))
        if form_token:
            _hold_to_token(visit, form.text("csrf_token"))
        return replace(visit, form=form)

    async def _with_files(self, visit: SignedInVisit) -> SignedInVisit:
        """Read a form that may bring a file; the token comes before the file, so that no stranger's file is kept."""
        self._hold_to_own_page(visit)
        kind = visit.request.headers.get("content-type", "")
        if not kind.lower().startswith("multipart/"):
            form = read_entries(await _body(visit.request, LARGEST_FIELDS), most=MOST_FIELDS)
            _hold_to_token(visit, form.text("csrf_token"))
            return replace(visit, form=form)
        length = visit.request.headers.get("content-length", "")
        if length.isdigit() and int(length) > LARGEST_BODY:
            raise TooLarge("The file is larger than what is taken here.", hint="Put it on the machine instead.")

        async def keep(name: str, pieces: AsyncIterator[bytes]) -> str:
            return (await flows.put_upload(visit.app.flows, visit.actor, name, pieces)).file

        def admit(fields: Mapping[str, str]) -> None:
            _hold_to_token(visit, fields.get("csrf_token", ""))

        reading = MultipartForm(kind, visit.request.stream(), keep=keep, admit=admit)
        await reading.read()
        form = Entries(reading.pairs)
        _hold_to_token(visit, form.text("csrf_token"))
        return replace(visit, form=form, faults=tuple(reading.faults))

    def _hold_to_own_page(self, visit: Visit) -> None:
        if not is_from_own_page(visit.request.headers, self._app.settings.public_url):
            raise NotAllowed("The form was sent from another address than Consentry's own.", hint=_hint(visit))


def _hold_to_token(visit: Visit, given: str) -> None:
    """Raise NotAllowed unless the form, or the script that sent it, knows the token."""
    if not _is_right(visit, visit.request.headers.get(CSRF_HEADER) or given):
        raise NotAllowed("The form has been open for too long.", hint="Go back, load the page again, then send it.")


def _is_right(visit: Visit, given: str) -> bool:
    """Compare a form's token with the session's; while nobody is signed in, with the one in the browser's cookie."""
    expected = visit.session.csrf_token if visit.session else visit.request.cookies.get(visit.cookies.form)
    return expected is not None and hmac.compare_digest(given.encode(), expected.encode())


def _signed_in(visit: Visit, session: Session) -> SignedInVisit:
    parts = {field.name: getattr(visit, field.name) for field in fields(visit)}
    return SignedInVisit(**parts | {"session": session})


def _hint(visit: Visit) -> str:
    return f"Open {visit.app.settings.public_url} and send the form from there."


async def _body(request: Request, most: int = LARGEST_FORM) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge("The form is larger than what is taken here.", hint="Shorten what you entered.")
    return body


def _lead_to_sign_in(visit: Visit) -> Response:
    if visit.wants_json or visit.is_fragment:
        return answer_mishap(visit, NotSignedIn("You are signed out.", hint="Sign in again, then go on."))
    if visit.request.method not in ("GET", "HEAD"):
        return visit.go(visit.url("/signin"))
    return visit.go(visit.url("/signin", next=visit.here))
