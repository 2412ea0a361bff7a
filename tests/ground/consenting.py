"""A person at the provider: opens the authorise page, approves or denies, and comes back with a callback."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from consentry import credentials
from consentry.app import App
from consentry.audit import Actor
from consentry.core.secret import Secret
from consentry.credentials import Authorization, Begun, Credential, NewCredential
from consentry.sandbox import Application, RunningSandbox

ADA = Actor(name="person:ada@example.com", ip="127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """An application at the sandbox, with the secret that the sandbox shows once."""

    client_id: str
    client_secret: str
    application: Application


def register(sandbox: RunningSandbox, redirect_uri: str) -> Registered:
    """Register an application whose redirect URI is the app's."""
    application = sandbox.world.register(name="Data team", redirect_uri=redirect_uri)
    return Registered(client_id=application.client_id, client_secret=application.secrets[0], application=application)


async def give_consent(authorize_url: str, *, decision: str = "approve", user: str = "ada.marsh") -> str:
    """Decide at the provider, and return the query that it sends the browser back with."""
    form = {"decision": decision, "user": user}
    timeout = aiohttp.ClientTimeout(total=20)
    async with (
        aiohttp.ClientSession(timeout=timeout) as http,
        http.post(authorize_url, data=form, allow_redirects=False) as answer,
    ):
        return urlsplit(answer.headers["location"]).query


async def add_credential(app: App, registered: Registered, *, name: str = "Sales CRM", scope: str = "") -> Credential:
    """Add a credential for a registered application."""
    new = NewCredential(
        connector="capsule",
        name=name,
        client_id=registered.client_id,
        client_secret=Secret(registered.client_secret),
        scope=scope,
    )
    return await credentials.create(app.credentials, ADA, new)


async def begin(app: App, credential_id: int) -> Begun:
    """Begin an authorization the way a connect link does."""
    link = await credentials.make_link(app.credentials, ADA, credential_id)
    return await credentials.begin_by_link(app.credentials, link.url.rpartition("/")[2], "127.0.0.1")


async def come_back(app: App, begun: Begun, query: str) -> Authorization:
    """Bring a callback in the browser that began."""
    cookies = {begun.cookie_name: begun.cookie_value.reveal()}
    return await credentials.complete(app.credentials, query, cookies, None, "127.0.0.1")


async def authorize(app: App, credential_id: int, *, user: str = "ada.marsh") -> Authorization:
    """Walk all of it: link, consent, callback."""
    begun = await begin(app, credential_id)
    return await come_back(app, begun, await give_consent(begun.authorize_url, user=user))


async def connected(
    app: App, sandbox: RunningSandbox, *, name: str = "Sales CRM", user: str = "ada.marsh"
) -> Credential:
    """Return a credential with a grant."""
    registered = register(sandbox, app.settings.redirect_uri)
    credential = await add_credential(app, registered, name=name)
    await authorize(app, credential.id, user=user)
    return await credentials.get(app.credentials, credential.id)
