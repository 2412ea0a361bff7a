"""Every prepared way to write into Capsule, as data. How a row becomes a request stands in planning."""

from dataclasses import replace
from typing import Final

from consentry.connectors.capsule.choices import IDS_AT_ONCE, VALUES_AT_ONCE
from consentry.connectors.capsule.contact_fields import ORGANISATION_FIELDS, PERSON_FIELDS
from consentry.connectors.capsule.shared_fields import TAGS
from consentry.connectors.capsule.work_fields import NOTE_FIELDS, OPPORTUNITY_FIELDS, PROJECT_FIELDS, TASK_FIELDS
from consentry.connectors.writing import CUSTOM, Match, Template, TemplateField

Fields = tuple[TemplateField, ...]

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
    fields=PERSON_FIELDS,
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
    fields=ORGANISATION_FIELDS,
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
    fields=OPPORTUNITY_FIELDS,
    matches=(_BY_ID, _BY_FIELD),
    custom_fields="opportunity_field_definitions",
)
_PROJECT_BASE: Final = Template(
    name="project",
    title="projects",
    meaning="",
    deed="upsert",
    stream="projects",
    fields=PROJECT_FIELDS,
    matches=(_BY_ID, _BY_FIELD),
    custom_fields="project_field_definitions",
)
_TASK_BASE: Final = Template(
    name="task", title="tasks", meaning="", deed="upsert", stream="tasks", fields=TASK_FIELDS, matches=(_BY_ID,)
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
        fields=(*_identity(base), replace(TAGS, required=True)),
        one_of=(),
    )


def _remove_tags(base: Template) -> Template:
    return replace(
        base,
        name=f"remove_{base.name}_tags",
        title=f"Remove tags from {base.title}",
        meaning="Takes tags away from records that carry them.",
        deed="remove_tags",
        fields=(*_identity(base), replace(TAGS, meaning="Names of tags.", required=True)),
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
    fields=NOTE_FIELDS,
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
