"""Every prepared way to write into Capsule, as data. How a row becomes a request stands in planning."""

from dataclasses import replace
from typing import Final

from consentry.connectors.writing import CUSTOM, Choices, Match, Template, TemplateField

Fields = tuple[TemplateField, ...]

IDS_AT_ONCE: Final = 10
VALUES_AT_ONCE: Final = 25
ADDRESS_TYPES: Final = ("Home", "Postal", "Office", "Billing", "Shipping")
ADDRESS_PARTS: Final = ("street", "city", "state", "zip", "country")
PHONE_TYPES: Final = ("Home", "Work", "Mobile", "Fax", "Direct")
EMAIL_TYPES: Final = ("Home", "Work")
SERVICES: Final = (
    *("URL", "LINKED_IN", "TWITTER", "FACEBOOK", "XING", "INSTAGRAM", "GITHUB", "YOUTUBE", "SKYPE", "BLUESKY"),
    *("THREADS", "TIKTOK", "PINTEREST", "SNAPCHAT", "FLICKR", "FEED", "GOOGLE_PLUS"),
)

USERS: Final = Choices(stream="users", names=("name", "username"))
TEAMS: Final = Choices(stream="teams")
MILESTONES: Final = Choices(stream="milestones", within="pipeline")
STAGES: Final = Choices(stream="stages", within="board")
LOST_REASONS: Final = Choices(stream="lost_reasons")
CATEGORIES: Final = Choices(stream="categories")
ACTIVITY_TYPES: Final = Choices(stream="activity_types")
TRACKS: Final = Choices(stream="track_definitions", names=("description",))
TITLES: Final = Choices(stream="titles", names=("title",), sends="title")
COUNTRIES: Final = Choices(stream="countries", names=("name", "alpha2Code", "alpha3Code"), sends="name")
CURRENCIES: Final = Choices(stream="currencies", names=("code", "name"), sends="code")

_ID: Final = TemplateField(
    name="id",
    title="Id",
    kind="integer",
    meaning="The number under which Capsule knows the record. It identifies; it is never written.",
    synonyms=("capsule id", "record id"),
)
_OWNER: Final = TemplateField(
    name="owner",
    title="Owner",
    kind="reference",
    meaning="A user, by name, user name or id.",
    choices=USERS,
    synonyms=("assigned to", "account manager", "responsible", "user"),
)
_TEAM: Final = TemplateField(
    name="team",
    title="Team",
    kind="reference",
    meaning="A team, by name or id. The owner has to be a member of it.",
    choices=TEAMS,
)
_TAGS: Final = TemplateField(
    name="tags",
    title="Tags",
    kind="tags",
    meaning="Names of tags; one that doesn't exist yet is made.",
    repeats=True,
    synonyms=("labels", "keywords", "tag"),
)
_PARTY: Final = TemplateField(
    name="party",
    title="Contact",
    kind="reference",
    meaning="A person or organisation, by id, e-mail address or name.",
    synonyms=("party", "person", "organisation", "customer", "client", "company"),
)
_OPPORTUNITY: Final = TemplateField(
    name="opportunity",
    title="Opportunity",
    kind="reference",
    meaning="An opportunity, by id or name.",
    synonyms=("deal",),
)
_PROJECT: Final = TemplateField(
    name="kase",
    title="Project",
    kind="reference",
    meaning="A project, by id or name.",
    synonyms=("project", "case"),
)
_TRACKS: Final = TemplateField(
    name="tracks",
    title="Tracks",
    kind="reference",
    meaning="Tracks that a new record starts with, by name or id. Of a record that exists they are left as they are.",
    repeats=True,
    choices=TRACKS,
    synonyms=("track",),
)
_DESCRIPTION: Final = TemplateField(
    name="description", title="Description", meaning="What it is about.", synonyms=("details", "notes", "comment")
)
_EXPECTED_CLOSE: Final = TemplateField(
    name="expectedCloseOn",
    title="Expected close",
    kind="date",
    meaning="When it should be closed.",
    synonyms=("close date", "closing date", "due date"),
)


def _email(kind: str) -> TemplateField:
    return TemplateField(
        name=f"emailAddresses.{kind}",
        title=f"E-mail address ({kind})",
        meaning=f"The e-mail address of the type {kind}.",
        synonyms=(f"{kind} email", f"{kind} e-mail", f"email {kind}"),
    )


def _phone(kind: str) -> TemplateField:
    more = {"Mobile": ("mobile", "cell", "cell phone"), "Fax": ("fax",), "Work": ("business phone",)}.get(kind, ())
    return TemplateField(
        name=f"phoneNumbers.{kind}",
        title=f"Phone number ({kind})",
        meaning=f"The phone number of the type {kind}.",
        synonyms=(f"{kind} phone", f"phone {kind}", *more),
    )


def _website(service: str) -> TemplateField:
    plain = service.replace("_", "").capitalize() if service != "URL" else "Website"
    return TemplateField(
        name=f"websites.{service}",
        title=f"Website ({service})",
        meaning="The address of a page." if service == "URL" else f"The name or address at this service: {service}.",
        synonyms=(plain.lower(), *(("web", "homepage", "site") if service == "URL" else ())),
    )


def _place(kind: str, part: str) -> TemplateField:
    words = {"zip": ("postcode", "postal code", "zip code"), "state": ("county", "province", "region")}.get(part, ())
    starts = (f"{kind} ", "") if kind == "Office" else (f"{kind} ",)
    return TemplateField(
        name=f"addresses.{kind}.{part}",
        title=f"{part.capitalize()} ({kind})",
        meaning=f"Of the address of the type {kind}."
        + (" By Capsule's name of it, or its code of two or three letters." if part == "country" else ""),
        choices=COUNTRIES if part == "country" else None,
        synonyms=tuple(f"{start}{word}" for start in starts for word in (part, *words)),
    )


_CONTACT_DATA: Final = (
    TemplateField(
        name="emailAddresses",
        title="E-mail addresses",
        meaning="All of them; each as a text, or as an object with address and type.",
        repeats=True,
        parts=("address", "type"),
        synonyms=("email", "e-mail", "email address", "e-mail address", "mail", "emails"),
    ),
    *map(_email, EMAIL_TYPES),
    TemplateField(
        name="phoneNumbers",
        title="Phone numbers",
        meaning="All of them; each as a text, or as an object with number and type.",
        repeats=True,
        parts=("number", "type"),
        synonyms=("phone", "telephone", "phone number", "tel"),
    ),
    *map(_phone, PHONE_TYPES),
    TemplateField(
        name="websites",
        title="Websites",
        meaning="All of them; each as a text, or as an object with address, service and type.",
        repeats=True,
        parts=("address", "service", "type"),
        synonyms=("urls", "links"),
    ),
    *map(_website, SERVICES),
    TemplateField(
        name="addresses",
        title="Addresses",
        kind="json",
        meaning="All of them; each an object with street, city, state, zip, country and type.",
        repeats=True,
        parts=(*ADDRESS_PARTS, "type"),
        synonyms=("address",),
    ),
    *(_place(kind, part) for kind in ADDRESS_TYPES for part in ADDRESS_PARTS),
)
_ABOUT: Final = TemplateField(
    name="about", title="About", meaning="Free text about the contact.", synonyms=("notes", "background", "comments")
)
_PERSON: Final = (
    _ID,
    TemplateField(
        name="firstName",
        title="First name",
        meaning="A person has a first or a last name.",
        synonyms=("forename", "given name", "first", "vorname", "prénom"),
    ),
    TemplateField(
        name="lastName",
        title="Last name",
        meaning="A person has a first or a last name.",
        synonyms=("surname", "family name", "last", "nachname", "nom"),
    ),
    TemplateField(
        name="title",
        title="Title",
        meaning="A form of address, one that Capsule's settings list.",
        choices=TITLES,
        synonyms=("salutation", "prefix"),
    ),
    TemplateField(
        name="jobTitle", title="Job title", meaning="What the person does.", synonyms=("position", "role", "job")
    ),
    TemplateField(
        name="organisation",
        title="Organisation",
        kind="reference",
        meaning="Where the person works, by name or id; a name that doesn't exist yet makes an organisation.",
        synonyms=("organization", "company", "employer", "account", "firm", "company name"),
    ),
    _ABOUT,
    _OWNER,
    _TEAM,
    _TAGS,
    *_CONTACT_DATA,
)
_ORGANISATION: Final = (
    _ID,
    TemplateField(
        name="name",
        title="Name",
        meaning="Capsule has one organisation of a name only.",
        required=True,
        synonyms=("organisation", "organization", "company", "company name", "account name"),
    ),
    _ABOUT,
    _OWNER,
    _TEAM,
    _TAGS,
    *_CONTACT_DATA,
)
_OPPORTUNITY_FIELDS: Final = (
    _ID,
    TemplateField(
        name="name",
        title="Name",
        meaning="What the opportunity is called.",
        required=True,
        synonyms=("opportunity", "deal", "deal name", "opportunity name"),
    ),
    replace(_PARTY, required=True),
    TemplateField(
        name="milestone",
        title="Milestone",
        kind="reference",
        meaning="By name, with its pipeline where several have it: Sales / Won. A closing one wins or loses.",
        required=True,
        choices=MILESTONES,
        synonyms=("stage", "deal stage", "phase"),
    ),
    _DESCRIPTION,
    _OWNER,
    _TEAM,
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
    _EXPECTED_CLOSE,
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
    _TAGS,
    _TRACKS,
)
_PROJECT_FIELDS: Final = (
    _ID,
    TemplateField(
        name="name",
        title="Name",
        meaning="What the project is called.",
        required=True,
        synonyms=("project", "case", "project name", "subject"),
    ),
    replace(_PARTY, required=True),
    _DESCRIPTION,
    _OWNER,
    _TEAM,
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
    _OPPORTUNITY,
    TemplateField(
        name="startOn",
        title="Start",
        kind="date",
        meaning="When it begins. Undocumented: Capsule may leave it as it is.",
        synonyms=("start date", "started"),
    ),
    _EXPECTED_CLOSE,
    _TAGS,
    _TRACKS,
)
_TASK: Final = (
    _ID,
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
    _OWNER,
    replace(_PARTY, meaning="The person or organisation it is about, by id, e-mail address or name."),
    replace(_OPPORTUNITY, meaning="The opportunity it is about, by id or name, instead of a contact."),
    replace(_PROJECT, meaning="The project it is about, by id or name, instead of a contact."),
    TemplateField(
        name="completedAt",
        title="Completed at",
        kind="timestamp",
        meaning="When it was done.",
        synonyms=("completed", "done at"),
    ),
)
_NOTE: Final = (
    TemplateField(
        name="content",
        title="Note",
        meaning="The text of the note.",
        required=True,
        synonyms=("note", "text", "body", "comment", "notes"),
    ),
    _PARTY,
    _OPPORTUNITY,
    _PROJECT,
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

_BY_ID: Final = Match(field="id", title="Id", at_once=IDS_AT_ONCE, path=("id",))
_BY_EMAIL: Final = Match(
    field="emailAddresses",
    title="E-mail address",
    at_once=VALUES_AT_ONCE,
    ignores_case=True,
    path=("emailAddresses", "address"),
)
_BY_NAME: Final = Match(field="name", title="Name", at_once=VALUES_AT_ONCE, ignores_case=True, path=("name",))
_BY_FIELD: Final = Match(field=CUSTOM, title="A custom field", at_once=VALUES_AT_ONCE)

_LOOKED_UP: Final = {
    "id": TemplateField(
        name="id", title="Id", kind="integer", meaning="The number under which Capsule knows the record."
    ),
    "emailAddresses": TemplateField(
        name="emailAddresses",
        title="E-mail address",
        meaning="An e-mail address that the record has.",
        synonyms=("email", "e-mail", "email address", "e-mail address", "mail"),
    ),
    "name": TemplateField(
        name="name",
        title="Name",
        meaning="The name of the organisation.",
        synonyms=("organisation", "organization", "company", "company name"),
    ),
}

_PERSON_BASE: Final = Template(
    name="person",
    title="people",
    meaning="",
    deed="upsert",
    stream="parties",
    fields=_PERSON,
    one_of=(("firstName", "lastName"),),
    matches=(_BY_EMAIL, _BY_ID, _BY_FIELD),
    custom_fields="party_field_definitions",
    where={"type": "person"},
)
_ORGANISATION_BASE: Final = Template(
    name="organisation",
    title="organisations",
    meaning="",
    deed="upsert",
    stream="parties",
    fields=_ORGANISATION,
    matches=(_BY_NAME, _BY_ID, _BY_FIELD),
    custom_fields="party_field_definitions",
    where={"type": "organisation"},
)
_PARTY_BASE: Final = Template(
    name="party",
    title="people and organisations",
    meaning="",
    deed="upsert",
    stream="parties",
    matches=(_BY_ID, _BY_EMAIL, _BY_NAME, _BY_FIELD),
    custom_fields="party_field_definitions",
)
_OPPORTUNITY_BASE: Final = Template(
    name="opportunity",
    title="opportunities",
    meaning="",
    deed="upsert",
    stream="opportunities",
    fields=_OPPORTUNITY_FIELDS,
    matches=(_BY_ID, _BY_FIELD),
    custom_fields="opportunity_field_definitions",
)
_PROJECT_BASE: Final = Template(
    name="project",
    title="projects",
    meaning="",
    deed="upsert",
    stream="projects",
    fields=_PROJECT_FIELDS,
    matches=(_BY_ID, _BY_FIELD),
    custom_fields="project_field_definitions",
)
_TASK_BASE: Final = Template(
    name="task", title="tasks", meaning="", deed="upsert", stream="tasks", fields=_TASK, matches=(_BY_ID,)
)
_TAKEN_ALONG: Final = {
    "person": "Notes, tasks, opportunities and projects of the person go with it.",
    "organisation": "Its notes, tasks, opportunities and projects go with it; its people stay.",
}


def _create(base: Template) -> Template:
    return replace(
        base,
        name=f"create_{base.name}",
        title=f"Create {base.title}",
        meaning="Makes a new record of every row, whatever is there already.",
        deed="create",
        fields=tuple(field for field in base.fields if field.name != "id"),
        matches=(),
    )


def _update(base: Template) -> Template:
    return replace(
        base,
        name=f"update_{base.name}",
        title=f"Update {base.title}",
        meaning=f"Changes {base.title} that are there; a row for which there is no record is refused.",
        deed="update",
    )


def _upsert(base: Template) -> Template:
    return replace(
        base,
        name=f"upsert_{base.name}",
        title=f"Create or update {base.title}",
        meaning=f"Changes {base.title} that are there, and makes those that aren't.",
        deed="upsert",
    )


def _delete(base: Template) -> Template:
    along = _TAKEN_ALONG.get(base.name, "")
    return replace(
        base,
        name=f"delete_{base.name}",
        title=f"Delete {base.title}",
        meaning=f"Deletes {base.title} for good: Capsule has no way back. {along}".strip(),
        deed="delete",
        fields=_identity(base),
        one_of=(),
    )


def _add_tags(base: Template) -> Template:
    return replace(
        base,
        name=f"add_{base.name}_tags",
        title=f"Add tags to {base.title}",
        meaning="Adds tags to records that are there; a tag that doesn't exist yet is made.",
        deed="add_tags",
        fields=(*_identity(base), replace(_TAGS, required=True)),
        one_of=(),
    )


def _remove_tags(base: Template) -> Template:
    return replace(
        base,
        name=f"remove_{base.name}_tags",
        title=f"Remove tags from {base.title}",
        meaning="Takes tags away from records that carry them.",
        deed="remove_tags",
        fields=(*_identity(base), replace(_TAGS, meaning="Names of tags.", required=True)),
        one_of=(),
    )


def _set_fields(base: Template) -> Template:
    return replace(
        base,
        name=f"set_{base.name}_fields",
        title=f"Set custom fields of {base.title}",
        meaning="Writes custom fields of records that are there, and nothing else of them.",
        deed="set_fields",
        fields=_identity(base),
        one_of=(),
    )


def _identity(base: Template) -> Fields:
    """Return the fields that tell which record is meant."""
    return tuple(_LOOKED_UP[match.field] for match in base.matches if match.field in _LOOKED_UP)


_ADD_NOTE: Final = Template(
    name="add_note",
    title="Add notes",
    meaning="Writes a note on a person, an organisation, an opportunity or a project: on one of them.",
    deed="note",
    stream="entries",
    fields=_NOTE,
    one_of=(("party", "opportunity", "kase"),),
    where={"type": "note"},
)
_MANUAL: Final = Template(
    name="manual",
    title="Write by hand",
    meaning="Sends a request of your own to Capsule's API for every row, and looks nothing up.",
    deed="manual",
    stream=None,
    fields=(
        TemplateField(
            name="method",
            title="Method",
            meaning="POST makes, PUT changes, DELETE deletes.",
            required=True,
            values=("POST", "PUT", "DELETE"),
        ),
        TemplateField(
            name="path", title="Path", meaning="Under api/v2/, such as parties/5/tags.", required=True, longest=1000
        ),
        TemplateField(name="body", title="Body", kind="json", meaning="The JSON object that is sent."),
    ),
    finds_written=False,
)

TEMPLATES: Final = (
    *(
        made(base)
        for base in (_PERSON_BASE, _ORGANISATION_BASE, _OPPORTUNITY_BASE, _PROJECT_BASE, _TASK_BASE)
        for made in (_upsert, _create, _update, _delete)
    ),
    _ADD_NOTE,
    *(
        made(base)
        for base in (_PARTY_BASE, _OPPORTUNITY_BASE, _PROJECT_BASE)
        for made in (_add_tags, _remove_tags, _set_fields)
    ),
    _MANUAL,
)
