"""People and organisations, with their contact data, tags and custom fields."""

from datetime import timedelta
from typing import Any

from consentry.sandbox.records import Tombstone, stamp
from consentry.sandbox.seed.draw import END, Draw, party_reference, picture, reference
from consentry.sandbox.seed.words import WORDS


def sow_parties(draw: Draw, count: int) -> list[dict[str, Any]]:
    """Add that many parties, about a third of them organisations; return a reference to each."""
    organisations = [_organisation(draw, number) for number in range(count // 3)]
    references = [party_reference(organisation) for organisation in organisations]
    people = [_person(draw, references) for _ in range(count - len(organisations))]
    extras = Extras(draw, "parties")
    for party in (*organisations, *people):
        draw.crm["parties"].add({**party, **extras.of(party["type"])})
    if people:
        user = draw.crm["users"].all()[0].decode()
        draw.crm["users"].add({**user, "party": party_reference(people[0])})
    bury(draw, "parties", 5)
    return references + [party_reference(person) for person in people]


def _organisation(draw: Draw, number: int) -> dict[str, Any]:
    name = f"{draw.one(WORDS.company_roots)} {draw.one(WORDS.company_trades)} {draw.one(WORDS.company_forms)}"
    # Capsule refuses two organisations of one name, so later ones carry a number.
    name = f"{name} {number + 1}" if number >= 12 else f"{WORDS.company_roots[number]} {draw.one(WORDS.company_trades)}"
    return {"id": draw.id("party"), "type": "organisation", "name": name, **_shared(draw, "Office")}


def _person(draw: Draw, organisations: list[dict[str, Any]]) -> dict[str, Any]:
    first, last = draw.one(WORDS.first_names), draw.one(WORDS.last_names)
    lot = draw.lots.fraction()
    return {
        "id": draw.id("party"),
        "type": "person",
        "title": draw.one(("Dr", "Ms", "Mr")) if lot < 0.2 else None,
        "firstName": None if lot > 0.97 else first,
        "lastName": None if 0.94 < lot <= 0.97 else last,
        "jobTitle": draw.one(WORDS.jobs) if draw.whether(0.6) else None,
        "organisation": draw.one(organisations) if organisations and draw.whether(0.7) else None,
        **_shared(draw, "Home"),
    }


def _shared(draw: Draw, place: str) -> dict[str, Any]:
    created = draw.moment()
    updated = draw.moment(created)
    return {
        "about": draw.one(WORDS.abouts) if draw.whether(0.3) else None,
        "createdAt": stamp(created),
        "updatedAt": stamp(updated),
        "lastContactedAt": stamp(draw.moment(created)) if draw.whether(0.7) else None,
        **draw.holders(),
        "addresses": [_address(draw, place)] if draw.whether(0.7) else [],
        "phoneNumbers": [_phone(draw, kind) for kind in ("Work", "Mobile") if draw.whether(0.5)],
        "websites": [_website(draw)] if draw.whether(0.3) else [],
        "emailAddresses": [_email(draw, kind) for kind in ("Work", "Home") if draw.whether(0.55)],
        "pictureURL": picture(),
        "enrichment": None,
    }


def _address(draw: Draw, place: str) -> dict[str, Any]:
    street, city, state, country, code = draw.one(WORDS.places)
    return {
        "id": draw.id("address"),
        "type": place,
        "street": street,
        "city": city,
        "state": state,
        "country": country,
        "zip": code,
    }


def _phone(draw: Draw, kind: str) -> dict[str, Any]:
    return {"id": draw.id("phone"), "type": kind, "number": f"+44 1632 96{draw.number(0, 9999):04d}"}


def _email(draw: Draw, kind: str) -> dict[str, Any]:
    number = draw.id("email")
    return {"id": number, "type": kind, "address": f"contact.{number}@mail.example"}


def _website(draw: Draw) -> dict[str, Any]:
    number = draw.id("website")
    service, address = draw.one((("URL", f"www.site-{number}.example"), ("LINKED_IN", f"profile-{number}")))
    url = website_url(service, address)
    return {"id": number, "type": "Work", "service": service, "address": address, "url": url}


def website_url(service: str, address: str) -> str:
    """Return where a website is: the address itself, or a profile at a network."""
    if service != "URL":
        return f"https://network.example/in/{address}"
    return address if "://" in address else f"https://{address}"


class Extras:
    """What is shown only on request: tags, custom fields, and whether an important field is missing."""

    def __init__(self, draw: Draw, entity: str) -> None:
        self._draw = draw
        self._entity = entity
        self._tags = [record.decode() for record in draw.crm[f"{entity}/tags"].all()]
        self._definitions = [record.decode() for record in draw.crm[f"{entity}/fields/definitions"].all()]

    def of(self, rule: str | None = None) -> dict[str, Any]:
        """Draw the embedded parts of one record."""
        tags = [reference(tag, "name", "dataTag") for tag in self._tags if self._draw.whether(0.25)]
        worn = {tag["id"] for tag in tags}
        fields = [self._value(each) for each in self._definitions if self._applies(each, rule, worn)]
        filled = {field["definition"]["id"] for field in fields}
        missing = any(each["important"] and each["id"] not in filled for each in self._definitions)
        return {"tags": tags, "fields": fields, "missingImportantFields": missing}

    def _applies(self, definition: dict[str, Any], rule: str | None, worn: set[int]) -> bool:
        if definition["captureRule"] not in (None, rule):
            return False
        if definition["tag"] is not None:
            return definition["tag"]["id"] in worn
        return self._draw.whether(0.6)

    def _value(self, definition: dict[str, Any]) -> dict[str, Any]:
        tag = definition["tag"]
        return {
            "id": self._draw.id(f"{self._entity} value"),
            "value": self._content(definition),
            "definition": reference(definition, "name"),
            "tagId": None if tag is None else tag["id"],
        }

    def _content(self, definition: dict[str, Any]) -> str | bool:
        draw = self._draw
        match definition["type"]:
            case "date":
                return draw.day().isoformat()
            case "boolean":
                return draw.whether(0.5)
            case "number":
                # Capsule gives numbers as text.
                return str(draw.number(1, 5000)) if draw.whether(0.7) else f"{draw.number(1, 99)}.5"
            case "list":
                return str(draw.one(definition["options"]))
            case "multiselect":
                chosen = [option for option in definition["options"] if draw.whether(0.6)]
                return ";".join(chosen or definition["options"][:1])
            case "largetext":
                return "\n".join((draw.one(WORDS.abouts), draw.one(WORDS.abouts)))
            case _:
                return f"K-{draw.number(10_000, 99_999)}"


def bury(draw: Draw, path: str, count: int) -> None:
    """Leave tombstones of records that were deleted, and one of a record that is no longer shown to everybody."""
    kind = {"parties": "party", "opportunities": "opportunity", "kases": "kase"}[path]
    for number in range(count + 1):
        moment = stamp(END - timedelta(days=7 * number, hours=number))
        draw.crm[path].bury(Tombstone(id=draw.id(kind), deleted_at=moment, restricted=number == count))
