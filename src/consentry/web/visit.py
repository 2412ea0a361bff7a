"""One visit of a browser: who it is, what it sent, and the answers it may be given."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from consentry import accounts
from consentry.accounts import Session
from consentry.app import App
from consentry.audit import Actor
from consentry.core.secret import Secret
from consentry.errors import FieldError
from consentry.web.cookies import FORM_SECONDS, Cookies
from consentry.web.drawing import draw, page_headers
from consentry.web.fields import Entries
from consentry.web.frame import DONE, Frame, Notice, Page
from consentry.web.origin import local_path, origin_of, path_of, path_within

FRAGMENT_HEADER: Final = "consentry-fragment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of a browser, whoever sits before it."""

    app: App
    request: Request
    session: Session | None
    form_token: str  # what a form has to send along
    form: Entries  # what was posted
    query: Entries
    faults: tuple[FieldError, ...] = ()  # what is wrong with a file that was sent along

    @property
    def now(self) -> datetime:
        """The present moment."""
        return self.app.clock.now()

    @property
    def ip(self) -> str:
        """The network address of the browser; the server has already looked behind trusted proxies."""
        return self.request.client.host if self.request.client else ""

    @property
    def cookies(self) -> Cookies:
        """The cookies that pages set."""
        return Cookies(is_secure=self.app.settings.is_secure)

    @property
    def here(self) -> str:
        """Path and query of this request, to come back to; whether or not a proxy took off the path we live under."""
        path = self.url(path_within(self.request.url.path, path_of(self.app.settings.public_url)))
        return f"{path}?{self.request.url.query}" if self.request.url.query else path

    @property
    def wants_json(self) -> bool:
        """Whether a script asked, not a person."""
        return self.request.headers.get("accept", "").startswith("application/json")

    @property
    def is_fragment(self) -> bool:
        """Whether the page's script asked for the overlay's inside alone."""
        return FRAGMENT_HEADER in self.request.headers

    @property
    def id(self) -> int:
        """The id in the path."""
        return int(self.request.path_params["id"])

    def url(self, path: str, **query: str | int) -> str:
        """Return the address of a path on this site."""
        address = path_of(self.app.settings.public_url) + path
        return f"{address}?{urlencode(query)}" if query else address

    def return_to(self, entries: Entries, otherwise: str) -> str:
        """Return the place on this site that a form or link asks to go back to."""
        return local_path(entries.text("return_to"), otherwise=self.url(otherwise))

    def show(
        self, page: Page, status: int = 200, *, notice: Notice | None = None, form_targets: str = "'self'"
    ) -> Response:
        """Answer with a page."""
        headers = page_headers(
            is_secure=self.app.settings.is_secure, form_targets=form_targets, keeps_opener=page.keeps_opener
        )
        answer = HTMLResponse(draw(page, self._frame(notice)), status, dict(headers))
        if self.session is None and self.request.cookies.get(self.cookies.form) != self.form_token:
            self.cookies.put(answer, self.cookies.form, Secret(self.form_token), seconds=FORM_SECONDS)
        return answer

    def say(self, words: Mapping[str, Any], status: int = 200) -> Response:
        """Answer the page's script."""
        return JSONResponse(dict(words), status, dict(page_headers(is_secure=self.app.settings.is_secure)))

    def go(self, address: str) -> Response:
        """Send the browser on to another address, to be fetched with GET."""
        return RedirectResponse(address, 303, dict(page_headers(is_secure=self.app.settings.is_secure)))

    def _frame(self, notice: Notice | None) -> Frame:
        settings, person = self.app.settings, self.session.person if self.session else None
        return Frame(
            prefix=path_of(settings.public_url),
            origin=origin_of(settings.public_url),
            public_url=settings.public_url,
            here=self.here,
            csrf_token=self.form_token,
            person_name=person.name if person else "",
            person_email=person.email if person else "",
            notice=notice or DONE.get(self.query.text("done")),
            is_fragment=self.is_fragment,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInVisit(Visit):
    """A request of a browser in which a person has signed in."""

    session: Session

    @property
    def actor(self) -> Actor:
        """The person, as the audit trail names them."""
        return accounts.caller_of_session(self.session, self.ip).actor
