"""The fields of a template as one account has them: with its own custom fields, and the values that it allows."""

from dataclasses import dataclass
from typing import Final

from consentry import credentials
from consentry.audit import Action, Actor
from consentry.connectors import CUSTOM, Choices, Known, Record, TemplateField, name_of_choice
from consentry.flows.destination import form
from consentry.flows.destination.carrying import writing_of
from consentry.flows.destination.kit import fields_of, read_known
from consentry.flows.room import Room

MOST_SHOWN: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """One value that a field takes."""

    value: str  # as a row or a mapping gives it
    name: str  # as people call it


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveField:
    """A field, and the values that are allowed now; none where anything of its kind is."""

    field: TemplateField
    allowed: tuple[Allowed, ...] = ()


async def live_fields(room: Room, actor: Actor, credential_id: int, template_name: str) -> tuple[LiveField, ...]:
    """Ask the provider what the fields of a template allow now.

    Raises NotFound for the credential, InvalidInput for the template, and what the provider's answers mean.
    """
    client = await credentials.client(room.credentials, actor, credential_id, action=Action.TEST)
    connector = room.catalogue.get(client.credential.connector)
    template = form.template_of(connector, template_name)
    names = {each.name for each in template.fields} | {CUSTOM}
    known = await read_known(client, connector, template, names)
    fields = fields_of(template, writing_of(connector), known)
    return tuple(LiveField(field=each, allowed=_allowed(each, known)) for each in fields)


def _allowed(field: TemplateField, known: Known) -> tuple[Allowed, ...]:
    if field.values:
        return tuple(Allowed(value=each, name=each) for each in field.values)
    if field.choices is None:
        return ()
    records = [each for each in known.records.get(field.choices.stream, ()) if each.get("deleted") is not True]
    return tuple(_choice(each, field.choices) for each in records[:MOST_SHOWN])


def _choice(record: Record, choices: Choices) -> Allowed:
    return Allowed(value=str(record.get(choices.sends, "")), name=name_of_choice(record, choices))
