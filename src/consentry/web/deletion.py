"""The question before something is deleted, as credentials, sources and destinations ask it alike."""

from dataclasses import dataclass
from typing import ClassVar

from consentry.web.connector_view import ConnectorView
from consentry.web.fields import Field
from consentry.web.frame import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePage(Page):
    """The question before something is deleted; each kind says in its own template what becomes of it."""

    template: ClassVar[str] = "sheet.html"
    what: ClassVar[str]  # the word for it
    id: int
    name: str
    connector: ConnectorView
    fields: tuple[Field, ...] = ()  # what has to be given before
    message: str = ""  # what went wrong, beyond single fields
    hint: str = ""

    @property
    def title(self) -> str:
        """The one title of the page."""
        return f"Delete {self.name}?"

    @property
    def base(self) -> str:
        """The path of what would be deleted."""
        return f"/{self.section}/{self.id}"
