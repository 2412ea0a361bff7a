"""A template's fields as one account has them now: its custom fields, and the values that each field allows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from consentry import credentials
from consentry.audit import Action, Actor
from consentry.connectors import Connector, Known, Record, SignedInClient, TemplateField, label_of, read
from consentry.flows.destination.carrying import writing_of
from consentry.flows.destination.form import template_of
from consentry.flows.destination.kit import fields_of
from consentry.flows.room import Room


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveField:
    """A field, and the names that it takes now; none where any value does."""

    field: TemplateField
    allowed: tuple[str, ...] = ()


async def live_fields(room: Room, actor: Actor, credential_id: int, template_name: str) -> tuple[LiveField, ...]:
    """Ask the provider; raise NotFound, InvalidInput for the template, and what the client raises."""
    credential = await credentials.get(room.credentials, credential_id)
    connector = room.catalogue.get(credential.connector)
    template = template_of(connector, template_name)
    client = await credentials.client(room.credentials, actor, credential_id, action=Action.DESTINATION_WRITE)
    writing = writing_of(connector)
    streams = {each.choices.stream for each in template.fields if each.choices is not None}
    if template.custom_fields is not None:
        streams.add(template.custom_fields)
    known = await read_streams(client, connector, streams)
    fields = fields_of(template, writing, known)
    return tuple(LiveField(field=each, allowed=each.values or _allowed(each, known)) for each in fields)


async def read_streams(client: SignedInClient, connector: Connector, names: Iterable[str]) -> Known:
    """Read streams whole."""
    found: dict[str, Sequence[Record]] = {}
    for name in sorted(names):
        stream = connector.stream(name)
        if stream is not None:
            found[name] = [record async for page in read(client, connector, stream) for record in page.records]
    return Known(records=found)


def _allowed(field: TemplateField, known: Known) -> tuple[str, ...]:
    if field.choices is None:
        return ()
    return tuple(label_of(each, field.choices) for each in known.records.get(field.choices.stream, ()))
