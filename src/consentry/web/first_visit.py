"""What stands in place of an empty dashboard: three numbered steps, the done ones ticked."""

from dataclasses import dataclass
from typing import Final

from consentry import credentials
from consentry.connectors import Connector
from consentry.flows import FlowKind
from consentry.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStep:
    """One of the three steps."""

    title: str
    words: str
    is_done: bool
    is_next: bool
    button: str
    path: str  # where its button leads; empty: no button
    leaves: bool = False  # whether it leads to the provider
    overlay: bool = False  # whether it opens the overlay


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstVisit:
    """The three steps, for the first connector of the catalogue."""

    redirect_uri: str
    connector: str
    steps: tuple[FirstStep, ...]
    is_connected: bool  # whether the first two steps are done


async def first_steps(visit: Visit, *, above: str = "", last: FlowKind = "source") -> FirstVisit | None:
    """Return the three steps as this installation has taken them; None while there is no connector at all.

    ``above`` is the path of the page's own main action, which then needs no second button.
    """
    connectors = visit.app.catalogue.list()
    if not connectors:
        return None
    found, _ = await credentials.list_credentials(visit.app.credentials, per_page=100)
    return steps_for(
        connectors[0],
        visit.app.settings.redirect_uri,
        has_credential=bool(found),
        is_connected=any(one.grant is not None for one in found),
        above=above,
        last=last,
    )


def steps_for(
    connector: Connector,
    redirect_uri: str,
    *,
    has_credential: bool,
    is_connected: bool,
    above: str = "",
    last: FlowKind = "source",
) -> FirstVisit:
    """Return the three steps: each is next as soon as the one before it is done."""
    register = FirstStep(
        title=f"Register an application at {connector.provider}",
        words=f"{connector.provider} gives it a client ID and a client secret. Give it this redirect URI.",
        is_done=has_credential,
        is_next=not has_credential,
        button=f"Open {connector.provider}'s page",
        path=connector.oauth.registration_url,
        leaves=True,
    )
    add = FirstStep(
        title="Add the credential",
        words="Give it a name, enter client ID and client secret, and give consent once.",
        is_done=is_connected,
        is_next=has_credential and not is_connected,
        button="See credentials" if has_credential else "Add Credential",
        path="/credentials" if has_credential else "/credentials/new",
        overlay=not has_credential,
    )
    title, words = _LAST[last]
    path = f"/{last}s/new"
    final = FirstStep(
        title=title,
        words=words,
        is_done=False,
        is_next=is_connected,
        button=f"New data {last}",
        path="" if above == path else path,
    )
    steps = (register, add, final)
    return FirstVisit(redirect_uri=redirect_uri, connector=connector.name, steps=steps, is_connected=is_connected)


_LAST: Final = {
    "source": (
        "Create a source",
        "Choose a credential, what to read with it and how often; the dataset then stays up to date.",
    ),
    "destination": (
        "Create a destination",
        "Choose a credential, what to write with it and where the rows come from; each row gets its answer.",
    ),
}
