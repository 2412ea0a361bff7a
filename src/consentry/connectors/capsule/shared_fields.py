"""Fields that templates of several kinds of record take."""

from typing import Final

from consentry.connectors.capsule.choices import TEAMS, TRACKS, USERS
from consentry.connectors.writing import TemplateField

ID: Final = TemplateField(
    name="id",
    title="Id",
    kind="integer",
    meaning="The number under which Capsule knows the record. It identifies; it is never written.",
    synonyms=("capsule id", "record id"),
)
OWNER: Final = TemplateField(
    name="owner",
    title="Owner",
    kind="reference",
    meaning="A user, by name, user name or id.",
    choices=USERS,
    synonyms=("assigned to", "account manager", "responsible", "user"),
)
TEAM: Final = TemplateField(
    name="team",
    title="Team",
    kind="reference",
    meaning="A team, by name or id. The owner has to be a member of it.",
    choices=TEAMS,
)
TAGS: Final = TemplateField(
    name="tags",
    title="Tags",
    kind="tags",
    meaning="Names of tags; one that doesn't exist yet is made.",
    repeats=True,
    synonyms=("labels", "keywords", "tag"),
)
PARTY: Final = TemplateField(
    name="party",
    title="Contact",
    kind="reference",
    meaning="A person or organisation, by id, e-mail address or name.",
    synonyms=("party", "person", "organisation", "customer", "client", "company"),
)
OPPORTUNITY: Final = TemplateField(
    name="opportunity",
    title="Opportunity",
    kind="reference",
    meaning="An opportunity, by id or name.",
    synonyms=("deal",),
)
PROJECT: Final = TemplateField(
    name="kase",
    title="Project",
    kind="reference",
    meaning="A project, by id or name.",
    synonyms=("project", "case"),
)
STARTED_TRACKS: Final = TemplateField(
    name="tracks",
    title="Tracks",
    kind="reference",
    meaning="Tracks that a new record starts with, by name or id. Of a record that exists they are left as they are.",
    repeats=True,
    choices=TRACKS,
    synonyms=("track",),
)
DESCRIPTION: Final = TemplateField(
    name="description", title="Description", meaning="What it is about.", synonyms=("details", "notes", "comment")
)
EXPECTED_CLOSE: Final = TemplateField(
    name="expectedCloseOn",
    title="Expected close",
    kind="date",
    meaning="When it should be closed.",
    synonyms=("close date", "closing date", "due date"),
)
