"""Every connector there is: the catalogue looks into each folder beside it, so there is no list to keep."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Self

import consentry.connectors
from consentry.connectors.contract import Connector
from consentry.errors import NotFound, SettingWrong


class Catalogue:
    """The connectors of this installation, by name."""

    def __init__(self, connectors: Mapping[str, Connector]) -> None:
        self._connectors = dict(sorted(connectors.items()))

    @classmethod
    def load(cls, base_urls: Mapping[str, str] | None = None) -> Self:
        """Find every connector, and put the base URLs that an operator set in place of their own.

        Raises SettingWrong when a base URL is set for a connector that doesn't exist.
        """
        found = {name: _load(name) for name in list_names()}
        for name, base_url in (base_urls or {}).items():
            if name not in found:
                raise SettingWrong(
                    f"CONSENTRY_{name.upper()}_BASE_URL is set, but there is no connector named {name}.",
                    hint=f"Unset it, or use one of: {', '.join(sorted(found))}.",
                )
            found[name] = replace(found[name], base_url=base_url.rstrip("/"))
        return cls(found)

    def get(self, name: str) -> Connector:
        """Return a connector; raise NotFound when there is none of this name."""
        try:
            return self._connectors[name]
        except KeyError:
            raise NotFound(
                f"There is no connector named {name[:100]}.", hint="Look at the list of connectors."
            ) from None

    def find(self, name: str) -> Connector | None:
        """Return a connector, or None when there is none of this name."""
        return self._connectors.get(name)

    def list(self) -> tuple[Connector, ...]:
        """Return every connector, sorted by name."""
        return tuple(self._connectors.values())


def list_names() -> list[str]:
    """Return the names of the connectors there are, without loading any of them."""
    return [module.name for module in pkgutil.iter_modules(consentry.connectors.__path__) if module.ispkg]


def _load(name: str) -> Connector:
    connector = importlib.import_module(f"consentry.connectors.{name}").connector
    if not isinstance(connector, Connector) or connector.name != name:
        raise TypeError(f"the folder connectors/{name} must hold a Connector named {name}")
    return connector
