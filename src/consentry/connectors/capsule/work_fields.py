"""What templates take of opportunities, projects, tasks and notes."""

from dataclasses import replace
from typing import Final

from consentry.connectors.capsule.choices import (
    ACTIVITY_TYPES,
    CATEGORIES,
    CURRENCIES,
    LOST_REASONS,
    MILESTONES,
    STAGES,
)
from consentry.connectors.capsule.shared_fields import (
    DESCRIPTION,
    EXPECTED_CLOSE,
    ID,
    OPPORTUNITY,
    OWNER,
    PARTY,
    PROJECT,
    STARTED_TRACKS,
    TAGS,
    TEAM,
)
from consentry.connectors.writing import TemplateField

OPPORTUNITY_FIELDS: Final = (
    ID,
    TemplateField(
        name="name",
        title="Name",
        meaning="What the opportunity is called.",
        required=True,
        synonyms=("opportunity", "deal", "deal name", "opportunity name"),
    ),
    replace(PARTY, required=True),
    TemplateField(
        name="milestone",
        title="Milestone",
        kind="reference",
        meaning="By name, with its pipeline where several have it: Sales / Won. A closing one wins or loses.",
        required=True,
        choices=MILESTONES,
        synonyms=("stage", "deal stage", "phase"),
    ),
    DESCRIPTION,
    OWNER,
    TEAM,
    TemplateField(
        name="value.amount",
        title="Value",
        kind="decimal",
        meaning="The amount; it goes with a currency.",
        synonyms=("value", "amount", "deal value", "value amount", "price"),
    ),
    TemplateField(
        name="value.currency",
        title="Currency",
        meaning="The currency of the value, by code.",
        choices=CURRENCIES,
        synonyms=("currency", "value currency", "currency code"),
    ),
    TemplateField(
        name="durationBasis",
        title="Duration basis",
        meaning="What the value counts for: once, or each of these.",
        values=("FIXED", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"),
        synonyms=("billing period",),
    ),
    TemplateField(
        name="duration",
        title="Duration",
        kind="integer",
        meaning="How many of them; with FIXED there is none.",
    ),
    TemplateField(
        name="probability",
        title="Probability",
        kind="integer",
        meaning="In percent. A closing milestone sets it by itself.",
        synonyms=("chance", "likelihood"),
    ),
    EXPECTED_CLOSE,
    TemplateField(
        name="closedOn", title="Closed on", kind="date", meaning="When it was closed.", synonyms=("closed", "won on")
    ),
    TemplateField(
        name="lostReason",
        title="Lost reason",
        kind="reference",
        meaning="Why it was lost; only with a milestone that loses it.",
        choices=LOST_REASONS,
        synonyms=("reason", "loss reason"),
    ),
    TAGS,
    STARTED_TRACKS,
)
PROJECT_FIELDS: Final = (
    ID,
    TemplateField(
        name="name",
        title="Name",
        meaning="What the project is called.",
        required=True,
        synonyms=("project", "case", "project name", "subject"),
    ),
    replace(PARTY, required=True),
    DESCRIPTION,
    OWNER,
    TEAM,
    TemplateField(
        name="status", title="Status", meaning="Whether it is open.", values=("OPEN", "CLOSED"), synonyms=("state",)
    ),
    TemplateField(
        name="stage",
        title="Stage",
        kind="reference",
        meaning="Where it stands on its board, by name, with the board where several have it: Delivery / Done.",
        choices=STAGES,
        synonyms=("board stage", "column"),
    ),
    OPPORTUNITY,
    TemplateField(
        name="startOn",
        title="Start",
        kind="date",
        meaning="When it begins. Undocumented: Capsule may leave it as it is.",
        synonyms=("start date", "started"),
    ),
    EXPECTED_CLOSE,
    TAGS,
    STARTED_TRACKS,
)
TASK_FIELDS: Final = (
    ID,
    TemplateField(
        name="description",
        title="Description",
        meaning="What is to be done.",
        required=True,
        synonyms=("task", "subject", "title", "to do", "what"),
    ),
    TemplateField(
        name="dueOn",
        title="Due on",
        kind="date",
        meaning="The day until when.",
        required=True,
        synonyms=("due", "due date", "deadline", "when"),
    ),
    TemplateField(
        name="dueTime",
        title="Due time",
        kind="time",
        meaning="The time of day, in the time zone of the task's owner.",
        synonyms=("time",),
    ),
    TemplateField(name="detail", title="Detail", meaning="More words.", synonyms=("details", "notes")),
    TemplateField(
        name="category",
        title="Category",
        kind="reference",
        meaning="A kind of task, by name or id.",
        choices=CATEGORIES,
        synonyms=("type", "kind"),
    ),
    TemplateField(
        name="status",
        title="Status",
        meaning="OPEN or COMPLETED. PENDING belongs to tracks and can't be set.",
        values=("OPEN", "COMPLETED"),
        synonyms=("state", "done"),
    ),
    OWNER,
    replace(PARTY, meaning="The person or organisation it is about, by id, e-mail address or name."),
    replace(OPPORTUNITY, meaning="The opportunity it is about, by id or name, instead of a contact."),
    replace(PROJECT, meaning="The project it is about, by id or name, instead of a contact."),
    TemplateField(
        name="completedAt",
        title="Completed at",
        kind="timestamp",
        meaning="When it was done.",
        synonyms=("completed", "done at"),
    ),
)
NOTE_FIELDS: Final = (
    TemplateField(
        name="content",
        title="Note",
        meaning="The text of the note.",
        required=True,
        synonyms=("note", "text", "body", "comment", "notes"),
    ),
    PARTY,
    OPPORTUNITY,
    PROJECT,
    TemplateField(
        name="entryAt",
        title="When",
        kind="timestamp",
        meaning="The moment it tells of, so that history can be brought in with its dates.",
        synonyms=("date", "at", "created at", "entry at"),
    ),
    TemplateField(
        name="activityType",
        title="Activity type",
        kind="reference",
        meaning="A kind of entry, by name or id; a note when left out.",
        choices=ACTIVITY_TYPES,
        synonyms=("type", "activity"),
    ),
)
