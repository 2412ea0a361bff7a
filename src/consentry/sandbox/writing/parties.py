"""Writing people and organisations."""

from typing import Any, Final

from consentry.sandbox.readers import Call
from consentry.sandbox.records import Record
from consentry.sandbox.seed import name_of
from consentry.sandbox.seed.countries import COUNTRIES
from consentry.sandbox.seed.draw import party_reference, picture
from consentry.sandbox.seed.parties import website_url
from consentry.sandbox.writing.draft import Draft
from consentry.sandbox.writing.fields import Fields, Setter, choice, find, known_value, nested, text
from consentry.sandbox.writing.holders import HOLDERS, check_holders, token_user
from consentry.sandbox.writing.marks import field_values, note_missing, tags
from consentry.sandbox.writing.ripple import forget_party, rename
from consentry.sandbox.writing.shape import Shape

_PERSON_ONLY: Final = ("firstName", "lastName", "title", "jobTitle", "organisation")
_COUNTRIES: Final = {str(country["name"]).casefold(): str(country["name"]) for country in COUNTRIES} | {
    "usa": "United States"
}
SERVICES: Final = (
    *("URL", "SKYPE", "TWITTER", "LINKED_IN", "FACEBOOK", "XING", "FEED", "GOOGLE_PLUS", "FLICKR", "GITHUB"),
    *("YOUTUBE", "INSTAGRAM", "PINTEREST", "TIKTOK", "THREADS", "BLUESKY", "SNAPCHAT"),
)


def _country(draft: Draft, name: str) -> None:
    given = draft.given[name]
    if given is None or given == "":
        draft.values[name] = None
        return
    country = _COUNTRIES.get(given.casefold()) if isinstance(given, str) else None
    if country is None:
        draft.refuse(name, "unknown country")
    draft.values[name] = country


def _kind(draft: Draft, name: str) -> None:
    """Take `type`, which is fixed once the party is made."""
    if draft.is_new:
        choice("person", "organisation")(draft, name)
    elif draft.given[name] != draft.values["type"]:
        draft.refuse(name, "type can't be changed")


def _organisation(draft: Draft, name: str) -> None:
    """Take an organisation by id, or by name: then it is linked if there is one, and made if not."""
    given = draft.given[name]
    if given is None:
        draft.values[name] = None
        return
    found = find(draft, "parties", given) if isinstance(given, dict) and "id" in given else None
    if found is None and isinstance(given, dict) and "id" not in given:
        found = _by_name(draft, given.get("name"))
    if found is None or found["type"] != "organisation":
        draft.refuse(name, "organisation not found")
    elif draft.known is not None and found["id"] == draft.known["id"]:
        draft.refuse(name, "organisation can't be the party itself")
    else:
        draft.values[name] = party_reference(found)


def _by_name(draft: Draft, name: Any) -> dict[str, Any] | None:
    if not isinstance(name, str) or not name.strip():
        return None
    there = draft.crm["parties"].by("organisation", name.casefold())
    if there:
        return there[0].decode()
    values = {"id": draft.crm.new_id("parties", "party"), "type": "organisation", "name": name, **_fresh()}
    values |= {"owner": token_user(draft), "createdAt": draft.call.now, "updatedAt": draft.call.now}
    return draft.plan("parties", name, values)


def _fresh() -> dict[str, Any]:
    return {
        "about": None,
        "lastContactedAt": None,
        "owner": None,
        "team": None,
        "addresses": [],
        "phoneNumbers": [],
        "websites": [],
        "emailAddresses": [],
        "pictureURL": picture(),
        "enrichment": None,
        "tags": [],
        "fields": [],
        "missingImportantFields": False,
    }


def _check_names(draft: Draft) -> None:
    match draft.values.get("type"):
        case "person":
            draft.values.pop("name", None)
            for member in _PERSON_ONLY:
                draft.values.setdefault(member, None)
            if not draft.values["firstName"] and not draft.values["lastName"]:
                draft.refuse("firstName", "firstName or lastName is required")
        case "organisation":
            for member in _PERSON_ONLY:
                draft.values.pop(member, None)
            _check_unique(draft)


def _check_unique(draft: Draft) -> None:
    name = draft.values.get("name")
    if not isinstance(name, str) or not name.strip():
        draft.refuse("name", "name is required")
        return
    own = None if draft.known is None else draft.known["id"]
    if any(record.id != own for record in draft.crm["parties"].by("organisation", name.casefold())):
        draft.refuse("name", "name must be unique")


def _check_websites(draft: Draft) -> None:
    for website in draft.values.get("websites", ()):
        if website["address"] and website["service"]:
            website["url"] = website_url(website["service"], website["address"])


def _note_missing(draft: Draft) -> None:
    note_missing("parties", draft)


def _kept(draft: Draft, record: Record) -> None:
    if draft.known is not None and name_of(draft.known) != name_of(draft.values):
        rename(draft.crm, "parties", record.id, party_reference(record.decode()))


def delete_party(call: Call, record: Record) -> None:
    """Delete a party and everything that hangs on it."""
    forget_party(call.crm, record.id, at=call.now)


_ADDRESS: Final[Fields] = {
    "type": choice("Home", "Postal", "Office", "Billing", "Shipping"),
    "street": text,
    "city": text,
    "state": text,
    "country": _country,
    "zip": text,
}
_CONTACTS: Final[dict[str, Setter]] = {
    "addresses": nested("address", _ADDRESS, required=(), fresh=dict.fromkeys(_ADDRESS)),
    "phoneNumbers": nested(
        "phone", {"type": text, "number": text}, required=("number",), fresh={"type": None, "number": None}
    ),
    "websites": nested(
        "website",
        {"type": text, "service": choice(*SERVICES), "address": text},
        required=("address", "service"),
        fresh={"type": None, "service": "URL", "address": None, "url": None},
    ),
    "emailAddresses": nested(
        "email", {"type": text, "address": text}, required=("address",), fresh={"type": None, "address": None}
    ),
}
PARTY: Final = Shape(
    path="parties",
    key="party",
    kind="party",
    fields={
        "type": _kind,
        "firstName": text,
        "lastName": text,
        "title": known_value("titles", "title", "title not found"),
        "jobTitle": text,
        "organisation": _organisation,
        "name": text,
        "about": text,
        **HOLDERS,
        **_CONTACTS,
        "tags": tags("parties"),
        "fields": field_values("parties"),
    },
    fresh={"type": None, **_fresh()},
    required=("type",),
    checks=(_check_names, _check_websites, check_holders(needed=False), _note_missing),
    kept=_kept,
)
