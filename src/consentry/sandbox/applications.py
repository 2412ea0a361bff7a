"""OAuth applications that are registered with the sandbox: their redirect URL, kind and client secrets."""

import hmac
import threading
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from consentry.core.ids import Randomness

Kind = Literal["web", "installed"]


class ApplicationRefused(Exception):
    """The registration can't be accepted; the text says why, for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One registered application. An installed one has no secret; a web one may have two while they are exchanged."""

    client_id: str
    name: str
    url: str
    redirect_uri: str
    kind: Kind
    secrets: tuple[str, ...]

    @property
    def client_secret(self) -> str | None:
        """Return the newest secret, or None for an installed application."""
        return self.secrets[-1] if self.secrets else None

    def has_secret(self, candidate: str) -> bool:
        """Tell whether this is one of the valid secrets."""
        given = candidate.encode()
        return any(hmac.compare_digest(secret.encode(), given) for secret in self.secrets)

    def __repr__(self) -> str:
        return f"Application(client_id={self.client_id!r}, name={self.name!r}, kind={self.kind!r})"


class Applications:
    """The register, safe to be looked at from another thread."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._lock = threading.Lock()
        self._applications: dict[str, Application] = {}

    def token(self) -> str:
        """Return a text that nobody guesses."""
        return self._randomness.token(24)

    def register(self, *, name: str, redirect_uri: str, url: str = "", kind: Kind = "web") -> Application:
        """Add an application; raises ApplicationRefused for what a person must correct."""
        if not name.strip():
            raise ApplicationRefused("name", "Give the application a name.")
        check_redirect_uri(redirect_uri, kind)
        application = Application(
            client_id=self._randomness.token(15),
            name=name.strip(),
            url=url.strip(),
            redirect_uri=redirect_uri,
            kind=kind,
            secrets=(self._randomness.token(30),) if kind == "web" else (),
        )
        return self.put(application)

    def put(self, application: Application) -> Application:
        """Store an application, in place of one with the same client id."""
        with self._lock:
            self._applications[application.client_id] = application
        return application

    def find(self, client_id: str) -> Application | None:
        """Return the application with this client id, if there is one."""
        return self._applications.get(client_id)

    def all(self) -> tuple[Application, ...]:
        """Return every application in order of registration."""
        with self._lock:
            return tuple(self._applications.values())

    def add_secret(self, client_id: str) -> str:
        """Make one more valid secret beside those there are; raises KeyError for an unknown application."""
        secret = self._randomness.token(30)
        with self._lock:
            known = self._applications[client_id]
            self._applications[client_id] = _with_secrets(known, (*known.secrets, secret))
        return secret

    def remove_secret(self, client_id: str, secret: str) -> bool:
        """Make one secret invalid; tells whether it was valid. Raises KeyError for an unknown application."""
        with self._lock:
            known = self._applications[client_id]
            left = tuple(each for each in known.secrets if each != secret)
            self._applications[client_id] = _with_secrets(known, left)
        return len(left) < len(known.secrets)


def check_redirect_uri(redirect_uri: str, kind: Kind) -> None:
    """Raise ApplicationRefused unless this is an absolute address without fragment, credentials or spaces."""
    try:
        parts = urlsplit(redirect_uri)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ApplicationRefused("redirect_uri", "The redirect URL is not an address. Correct it.") from None
    if any(letter.isspace() or not letter.isprintable() for letter in redirect_uri):
        raise ApplicationRefused("redirect_uri", "The redirect URL holds a space or a control character. Remove it.")
    if parts.scheme not in ("http", "https") and not (kind == "installed" and parts.scheme):
        raise ApplicationRefused("redirect_uri", "The redirect URL must begin with https:// or http://.")
    if parts.scheme in ("http", "https") and (not host or parts.username is not None):
        raise ApplicationRefused("redirect_uri", "The redirect URL needs a host, and no user name in it.")
    if "#" in redirect_uri:
        raise ApplicationRefused("redirect_uri", "The redirect URL must not have a fragment (#…).")


def _with_secrets(application: Application, secrets: tuple[str, ...]) -> Application:
    return Application(
        client_id=application.client_id,
        name=application.name,
        url=application.url,
        redirect_uri=application.redirect_uri,
        kind=application.kind,
        secrets=secrets,
    )
