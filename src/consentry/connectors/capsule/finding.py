"""Looks records up by what identifies them: ten ids a call, or a filter that asks for many values at once.

A filter may give more than was asked for, so every record is compared again here. How a group of alternatives is
spelled is documented in words only; a group that finds nothing is therefore proven once before anybody believes it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from consentry.connectors.capsule.choices import IDS_AT_ONCE, VALUES_AT_ONCE
from consentry.connectors.capsule.custom import definitions_for, find_definition, is_same, value_of, write
from consentry.connectors.capsule.quirks import error_of_body
from consentry.connectors.capsule.references import names_it
from consentry.connectors.capsule.resources import RELATIONS, RESOURCES, Resource
from consentry.connectors.comparing import is_blank, loose
from consentry.connectors.contract import Answer, Record, WritingClient
from consentry.connectors.paging import find_link, read_record, read_records
from consentry.connectors.resolving import Unfit, id_of
from consentry.connectors.writing import CUSTOM, Known, Row, Template
from consentry.errors import FieldError, InvalidInput, NotFound, ReplyNotUnderstood, ScopeMissing

Condition = dict[str, Any]
Has = Callable[[Record, Any], bool]

_PER_PAGE: Final = 100
_MOST_PAGES: Final = 20
_ANYTHING: Final[Condition] = {"field": "id", "operator": "is not", "value": 0}
_NOTHING: Final[Condition] = {"field": "id", "operator": "is", "value": 0}


async def find(
    client: WritingClient, template: Template, match: str, values: Sequence[Any], *, known: Known
) -> Mapping[Any, Sequence[Record]]:
    """Return for each value the records that have it, whole; raises InvalidInput when Capsule can't look it up."""
    resource = RESOURCES[template.stream or ""]
    asked = [value for value in dict.fromkeys(values) if not is_blank(value)]
    if match == "id":
        return await _find_by_ids(client, resource, asked)
    search = _search(client, template, resource, match, known)
    found: dict[Any, list[Record]] = {}
    for part in _slices(asked, VALUES_AT_ONCE):
        records = await search.ask(part)
        for value in part:
            found[value] = [record for record in records if search.has(record, value)]
    return found


async def prepare(client: WritingClient, template: Template, rows: Sequence[Row], *, known: Known) -> Known:
    """Return what is known, and the contacts, opportunities and projects that these rows name without an id."""
    read: dict[str, list[Record]] = {}
    for name, stream in RELATIONS.items():
        if any(field.name == name and field.choices is None for field in template.fields):
            there = known.records.get(stream) or ()
            values = {loose(row[name]): row[name] for row in rows if _names_something(row.get(name))}
            asked = [value for value in values.values() if not any(names_it(each, value) for each in there)]
            more = await _find_named(client, RESOURCES[stream], asked)
            if more:
                read[stream] = [*there, *more]
    return Known(records={**known.records, **read}) if read else known


def _names_something(value: Any) -> bool:
    return not is_blank(value) and id_of(value) is None


async def _find_named(client: WritingClient, resource: Resource, values: Sequence[Any]) -> list[Record]:
    found: dict[Any, Record] = {}
    addresses = [value for value in values if resource.stream == "parties" and "@" in str(value)]
    names = [value for value in values if value not in addresses]
    for field, some in (("email", addresses), ("name", names)):
        search = Search(client=client, resource=resource, field=field, fixed=(), has=names_it, write=str)
        for part in _slices(some, VALUES_AT_ONCE):
            for record in await search.ask(part):
                found[record.get("id")] = record
    return list(found.values())


async def _find_by_ids(
    client: WritingClient, resource: Resource, values: Sequence[Any]
) -> Mapping[Any, Sequence[Record]]:
    numbers = {value: number for value in values if (number := id_of(value)) is not None}
    found: dict[int, Record] = {}
    for part in _slices(list(dict.fromkeys(numbers.values())), IDS_AT_ONCE):
        for record in await read_some(client, resource, part):
            found[record["id"]] = record
    return {value: [found[number]] if number in found else [] for value, number in numbers.items()}


async def read_some(client: WritingClient, resource: Resource, ids: Sequence[int]) -> list[Record]:
    """Return the records with these ids that are still there; the whole call fails when one is missing."""
    path = f"{resource.path}/{','.join(map(str, ids))}"
    try:
        answer = await client.get(f"{path}?embed={resource.embed}" if resource.embed else path)
    except NotFound:
        if len(ids) == 1:
            return []
        half = len(ids) // 2
        return [record for part in (ids[:half], ids[half:]) for record in await read_some(client, resource, part)]
    if len(ids) == 1:
        return [read_record(answer.body, resource.item)]
    return read_records(answer.body, resource.items)


def _search(client: WritingClient, template: Template, resource: Resource, match: str, known: Known) -> "Search":
    kind = template.where.get("type")
    if match.startswith(CUSTOM):
        return _search_custom(client, template, resource, match, known)
    if match == "emailAddresses":
        return Search(client=client, resource=resource, field="email", fixed=_of_type(kind), has=has_email, write=str)
    if match == "name" and resource.stream == "parties":
        fixed = _of_type("organisation")
        return Search(client=client, resource=resource, field="name", fixed=fixed, has=has_name, write=str)
    raise LookupError(f"{template.name} looks nothing up by {match}")


def _search_custom(client: WritingClient, template: Template, resource: Resource, match: str, known: Known) -> "Search":
    kind = template.where.get("type")
    try:
        definition = find_definition(match, definitions_for(template, known, kind), resource.plural)
    except Unfit as unfit:
        raise InvalidInput(FieldError(field=match, message=str(unfit))) from None
    if definition.get("type") == "boolean":
        raise InvalidInput(FieldError(field=match, message="A field of yes or no identifies nobody."))

    def has(record: Record, value: Any) -> bool:
        there = value_of(record, definition)
        return there is not None and is_same(_written(value), there.get("value"), definition)

    def _written(value: Any) -> Any:
        try:
            return write(value, definition)
        except Unfit:
            return None  # no record can have it

    field = f"custom:{definition['id']}"
    return Search(client=client, resource=resource, field=field, fixed=_of_type(kind), has=has, write=_written)


def has_email(record: Record, value: Any) -> bool:
    """Tell whether a record has an e-mail address."""
    return any(loose(each.get("address")) == loose(value) for each in record.get("emailAddresses") or ())


def has_name(record: Record, value: Any) -> bool:
    """Tell whether an organisation has a name."""
    return record.get("type") == "organisation" and loose(record.get("name")) == loose(value)


def _of_type(kind: object) -> tuple[Condition, ...]:
    return () if kind is None else ({"field": "type", "operator": "is", "value": kind},)


@dataclass(slots=True, kw_only=True)
class Search:
    """Asks for the records that have one of some values, several values a call."""

    client: WritingClient
    resource: Resource
    field: str
    fixed: tuple[Condition, ...]  # what all of them must have
    has: Has  # tells it again
    write: Callable[[Any], Any]  # how a value stands in a condition
    groups: bool | None = None  # whether Capsule takes a group for alternatives; None: not known yet

    async def ask(self, values: Sequence[Any]) -> list[Record]:
        """Return the records that have one of the values."""
        written = {value: self.write(value) for value in values}
        conditions = [self._condition(each) for each in written.values() if each is not None]
        if not conditions:
            return []
        if len(conditions) > 1 and self.groups is not False:
            found = await self._ask_together(conditions, values)
            if found is not None:
                return found
            self.groups = False
        return self._kept([record for each in conditions for record in await self._ask_alone(each)], values)

    async def _ask_together(self, conditions: Sequence[Condition], values: Sequence[Any]) -> list[Record] | None:
        """Return what a group of alternatives finds; None when Capsule doesn't take it for one."""
        answered = await self._results([*self.fixed, {"conditions": list(conditions)}])
        if answered is None:
            return None
        found = self._kept(answered, values)
        if self.groups is None and any(not all(self.has(record, value) for value in values) for record in found):
            self.groups = True  # taken as demands, the group would find such a record never
        if not found and self.groups is None:
            self.groups = await self._prove()
        return found if self.groups is not False else None

    async def _prove(self) -> bool:
        """Tell whether a group means alternatives: one that is always true beside one that never is."""
        group = [{"conditions": [_ANYTHING, _NOTHING]}]
        if await self._results(group, most=1, per_page=1):
            return True
        return await self._results([_ANYTHING], most=1, per_page=1) == []  # an account without any record

    async def _ask_alone(self, condition: Condition) -> list[Record]:
        found = await self._results([*self.fixed, condition], whole=False)
        return found or []

    def _kept(self, records: Sequence[Record], values: Sequence[Any]) -> list[Record]:
        found = {record.get("id"): record for record in records}
        return [record for record in found.values() if any(self.has(record, value) for value in values)]

    def _condition(self, value: Any) -> Condition:
        return {"field": self.field, "operator": "is", "value": value}

    async def _results(
        self, conditions: Sequence[Condition], *, most: int = _MOST_PAGES, per_page: int = _PER_PAGE, whole: bool = True
    ) -> list[Record] | None:
        """Return what a filter gives; None when Capsule refuses it as a group, or it has more pages than are read."""
        found: list[Record] = []
        for number in range(1, most + 1):
            asked = {"page": str(number), "perPage": str(per_page)}
            asked |= {"embed": self.resource.embed} if self.resource.embed else {}
            path = f"{self.resource.path}/filters/results?{urlencode(asked, safe=',')}"
            answer = await self.client.send("POST", path, {"filter": {"conditions": list(conditions)}})
            if answer.status in (400, 422) and whole:
                return None
            found += read_records(self._answered(answer).body, self.resource.items)
            if not has_more(answer):
                return found
        return found if most == 1 or not whole else None

    def _answered(self, answer: Answer) -> Answer:
        if answer.status in (400, 422):
            words = error_of_body(answer.body) or "it said nothing about why"
            raise InvalidInput(
                FieldError(field=self.field, message=f"Capsule can't look records up by {self.field}: {words}.")
            )
        if answer.status in _REFUSALS:
            raise _REFUSALS[answer.status]
        if not 200 <= answer.status < 300:
            raise ReplyNotUnderstood(f"The provider answered a filter with status {answer.status}.")
        return answer


_REFUSALS: Final = {403: ScopeMissing, 404: NotFound}


def has_more(answer: Answer) -> bool:
    """Tell whether a list has another page."""
    headers = answer.headers
    return find_link(headers.get("link", ""), "next") is not None or (
        "link" not in headers and headers.get("x-pagination-has-more", "").lower() == "true"
    )


def _slices(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (values[start : start + size] for start in range(0, len(values), size))
