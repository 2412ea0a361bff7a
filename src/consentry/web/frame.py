"""What stands around every page: the rail, who is signed in, the last thing that was done."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from consentry.web.status import Shape

Section = Literal["sources", "destinations", "credentials", "runs", "audit", "settings", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class RailEntry:
    """One word of the rail."""

    name: Section
    word: str
    path: str


RAIL: Final = tuple(
    RailEntry(name=name, word=name.capitalize(), path=f"/{name}")
    for name in ("sources", "destinations", "credentials", "runs", "audit", "settings")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A short message at the top of a page."""

    shape: Shape
    words: str


DONE: Final = {  # what a page that was redirected to says of what was just done
    "added": Notice(shape="ok", words="The credential is saved. It waits for consent."),
    "saved": Notice(shape="ok", words="The credential is saved."),
    "copied": Notice(shape="ok", words="This is the copy. It has no grant of its own yet: authorize it."),
    "deleted": Notice(shape="ok", words="The credential is deleted. The provider is told to withdraw the access."),
    "account-replaced": Notice(shape="ok", words="The credential now uses the other account."),
    "account-kept": Notice(shape="ok", words="The credential keeps the account it had."),
    "source-added": Notice(shape="ok", words="The source is saved. Run it now, or wait for its schedule."),
    "source-saved": Notice(shape="ok", words="The source is saved. The next run reads by it."),
    "source-paused": Notice(shape="ok", words="The source is paused. It keeps its schedule, and runs only by hand."),
    "source-activated": Notice(shape="ok", words="The source is active. It runs by its schedule again."),
    "source-deleted": Notice(shape="ok", words="The source is deleted. Its dataset stays where it is."),
    "destination-added": Notice(shape="ok", words="The destination is saved. Run it now, or wait for its schedule."),
    "destination-saved": Notice(shape="ok", words="The destination is saved. The next run writes by it."),
    "destination-paused": Notice(
        shape="ok", words="The destination is paused. It keeps its schedule, and runs only by hand."
    ),
    "destination-activated": Notice(shape="ok", words="The destination is active. It runs by its schedule again."),
    "destination-deleted": Notice(shape="ok", words="The destination is deleted. What it wrote stays as it is."),
    "rows-retried": Notice(shape="ok", words="These rows are tried again in this run; the others stay as they are."),
    "revoked": Notice(shape="ok", words="The API key is revoked. It opens nothing any more."),
    "person-added": Notice(shape="ok", words="The person can sign in now."),
    "person-disabled": Notice(shape="ok", words="The person is signed out and can't sign in any more."),
    "person-enabled": Notice(shape="ok", words="The person can sign in again."),
    "password-changed": Notice(shape="ok", words="Your password is changed. Your other sessions have ended."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the layout shows around a page."""

    prefix: str  # the path under which Consentry lives, empty at the root
    origin: str  # of the public URL: where messages between windows may go
    public_url: str
    here: str  # path and query of this page, to come back to
    csrf_token: str
    person_name: str
    person_email: str
    notice: Notice | None
    is_fragment: bool  # whether the page's script asked for the overlay's inside alone
    rail: tuple[RailEntry, ...] = RAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page's context has."""

    template: ClassVar[str]
    fragment: ClassVar[str] = ""  # the template of its overlay's inside, where it has one
    section: ClassVar[Section] = ""
    keeps_opener: ClassVar[bool] = False  # whether the window that opened this one may still be spoken to

    @property
    def title(self) -> str:
        """The one title of the page."""
        raise NotImplementedError

    @property
    def place(self) -> Section:
        """The word of the rail under which the page stands."""
        return self.section
