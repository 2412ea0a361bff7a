"""What templates take of people and organisations."""

from typing import Final

from consentry.connectors.capsule.choices import (
    ADDRESS_PARTS,
    ADDRESS_TYPES,
    COUNTRIES,
    EMAIL_TYPES,
    PHONE_TYPES,
    SERVICES,
    TITLES,
)
from consentry.connectors.capsule.shared_fields import ID, OWNER, TAGS, TEAM
from consentry.connectors.writing import TemplateField


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
PERSON_FIELDS: Final = (
    ID,
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
    OWNER,
    TEAM,
    TAGS,
    *_CONTACT_DATA,
)
ORGANISATION_FIELDS: Final = (
    ID,
    TemplateField(
        name="name",
        title="Name",
        meaning="Capsule has one organisation of a name only.",
        required=True,
        synonyms=("organisation", "organization", "company", "company name", "account name"),
    ),
    _ABOUT,
    OWNER,
    TEAM,
    TAGS,
    *_CONTACT_DATA,
)
