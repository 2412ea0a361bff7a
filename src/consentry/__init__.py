"""The public names of Consentry and nothing else. Each is loaded when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from consentry import aio, errors
    from consentry.library import Credential, Destination, Hub, Run, Source, Stream
    from consentry.library import open as open  # noqa: A004 - consentry.open reads as what it does

__version__ = "0.1.0"

__all__ = ["Credential", "Destination", "Hub", "Run", "Source", "Stream", "aio", "errors", "open"]

_HOMES: Final = {
    "Credential": "library",
    "Destination": "library",
    "Hub": "library",
    "Run": "library",
    "Source": "library",
    "Stream": "library",
    "open": "library",
    "aio": "",
    "errors": "",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'consentry' has no attribute {name!r}")
    home = _HOMES[name]
    return getattr(import_module(f"consentry.{home}"), name) if home else import_module(f"consentry.{name}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
