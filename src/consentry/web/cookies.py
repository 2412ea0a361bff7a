"""The cookies that pages set: names, what binds them, and how they end."""

import http.cookies
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from consentry.accounts import SESSION_LIFE, session_cookie
from consentry.core.secret import Secret

FLOW_SECONDS: Final = 600
FORM_SECONDS: Final = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    """Sets cookies that no script can read and that are sent to this host alone.

    The path is always "/": the prefix __Host- asks for it, and it is what keeps a sibling host from planting one.
    """

    is_secure: bool

    @property
    def session(self) -> str:
        """The name of the cookie that carries a session."""
        return session_cookie(is_secure=self.is_secure)

    @property
    def form(self) -> str:
        """The name of the cookie that a form's token is compared with while nobody is signed in."""
        return session_cookie(is_secure=self.is_secure) + "-form"

    def put(self, answer: Response, name: str, value: Secret, *, seconds: int) -> None:
        """Have the browser keep a value."""
        answer.set_cookie(
            name, value.reveal(), max_age=seconds, path="/", secure=self.is_secure, httponly=True, samesite="lax"
        )

    def put_session(self, answer: Response, token: Secret) -> None:
        """Have the browser keep a session's token."""
        self.put(answer, self.session, token, seconds=int(SESSION_LIFE.total_seconds()))

    def forget(self, answer: Response, name: str) -> None:
        """Have the browser forget a value; a name that no cookie can have is nothing to forget."""
        try:
            answer.delete_cookie(name, path="/", secure=self.is_secure, httponly=True, samesite="lax")
        except http.cookies.CookieError:
            return
