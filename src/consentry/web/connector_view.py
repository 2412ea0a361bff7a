"""What pages show of a connector."""

from dataclasses import dataclass
from typing import Self

from consentry.connectors import Connector, Scope
from consentry.web.origin import path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorView:
    """A connector as templates show it."""

    name: str
    title: str
    provider: str  # what people call it in a sentence
    description: str
    logo: str  # address of its drawing
    authorize_url: str
    token_url: str
    registration_url: str
    registration_steps: tuple[str, ...]
    scopes: tuple[Scope, ...]

    @classmethod
    def of(cls, connector: Connector, public_url: str) -> Self:
        """Return what pages show of a connector."""
        return cls(
            name=connector.name,
            title=connector.title,
            provider=connector.provider,
            description=connector.description,
            logo=f"{path_of(public_url)}/logos/{connector.name}.svg",
            authorize_url=connector.authorize_url,
            token_url=connector.token_url,
            registration_url=connector.oauth.registration_url,
            registration_steps=connector.oauth.registration_steps,
            scopes=connector.oauth.scopes,
        )


def titles_of(connector: Connector | None) -> dict[str, str]:
    """Return the streams' titles by name."""
    return {stream.name: stream.title for stream in connector.streams} if connector else {}
