"""Records of Capsule's, each under a name of its own, made through templates."""

from datetime import date
from typing import Any

from consentry.connectors import Record
from ground.sandbox_writer import Desk


class Numbers:
    """Gives every test names of its own."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, word: str) -> str:
        self.count += 1
        return f"{word} {self.count}"


fresh = Numbers()


async def person(desk: Desk, **row: Any) -> Record:
    name = fresh("Person")
    address = f"{name.replace(' ', '.').lower()}@people.example"
    return await desk.write("create_person", {"lastName": name, "emailAddresses": [address], **row})


async def deal(desk: Desk, **row: Any) -> Record:
    party = row.pop("party", None) or (await person(desk))["id"]
    given = {"name": fresh("Deal"), "party": party, "milestone": "Sales / New", **row}
    return await desk.write("create_opportunity", given)


async def project(desk: Desk, **row: Any) -> Record:
    return await desk.write("create_project", {"name": fresh("Project"), "party": (await person(desk))["id"], **row})


FULL_PERSON: dict[str, Any] = {
    "firstName": "Zoë",
    "lastName": "Müller",
    "title": "dr",
    "jobTitle": "Buyer",
    "organisation": "Nordlicht & Söhne",
    "about": "Line one\r\nline two ",
    "owner": "ben.okafor",
    "team": "sales",
    "tags": ["vip", "Brand new"],
    "emailAddresses": ["zoe@nordlicht.example"],
    "emailAddresses.Home": "Zoe.Home@nordlicht.example",
    "phoneNumbers.Mobile": "+49 (40) 123-456",
    "phoneNumbers": ["+49 40 999"],
    "websites.LINKED_IN": "zoe-mueller",
    "websites": ["www.nordlicht.example"],
    "addresses.Office.street": "Hafenstraße 12",
    "addresses.Office.city": "Hamburg",
    "addresses.Office.country": "DEU",
    "addresses": [{"type": "Home", "street": "Allee 1", "zip": "20095", "country": "uk"}],
    "fields.Customer number": "K-1",
    "fields.Contract ends": date(2027, 1, 31),
    "fields.industry": "retail",
    "fields.Wants the newsletter": False,
    "fields.Languages": ["deutsch", "English"],
}
