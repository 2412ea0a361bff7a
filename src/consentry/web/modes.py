"""The two ways to configure: what the connector has prepared, or a request of one's own. Pure."""

from dataclasses import dataclass
from typing import Literal

from consentry.web.choices import with_query

Mode = Literal["prepared", "manual"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One way to configure."""

    mode: Mode
    word: str
    path: str


def mode_of(text: str) -> Mode:
    """Return the way that a form or address names; the prepared one where it names none."""
    return "manual" if text == "manual" else "prepared"


def tabs_of_edit(path: str, prepared: str) -> tuple[Tab, ...]:
    """Return the ways to change what is there; ``prepared`` is the word for what the connector has prepared."""
    return (
        Tab(mode="prepared", word=prepared, path=f"{path}?mode=prepared"),
        Tab(mode="manual", word="Manual", path=f"{path}?mode=manual"),
    )


def tabs_of_new(path: str, prepared: str, *, connector: str, credential_id: int) -> tuple[Tab, ...]:
    """Return the ways to configure something new, of a connector and with a credential that were chosen before."""
    query = {"connector": connector, "credential": str(credential_id), "step": "configure"}
    return (
        Tab(mode="prepared", word=prepared, path=with_query(path, query)),
        Tab(mode="manual", word="Manual", path=with_query(path, query | {"mode": "manual"})),
    )
