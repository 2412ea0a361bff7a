"""What Capsule's records hold, one declaration for each form of record, as the API spells it.

References name another record by its id and a little more; what else comes is kept all the same.
"""

from collections.abc import Iterator
from typing import Final

from consentry.connectors.contract import Field, FieldKind

Fields = tuple[Field, ...]


def _all(kind: FieldKind, *names: str) -> Iterator[Field]:
    return (Field(name=name, kind=kind) for name in names)


def _text(name: str, meaning: str = "") -> Field:
    return Field(name=name, kind="text", meaning=meaning)


def _time(name: str, meaning: str = "") -> Field:
    return Field(name=name, kind="timestamp", meaning=meaning)


def _day(name: str, meaning: str = "") -> Field:
    return Field(name=name, kind="date", meaning=meaning)


def _flag(name: str, meaning: str = "") -> Field:
    return Field(name=name, kind="boolean", meaning=meaning)


def _number(name: str, meaning: str = "") -> Field:
    return Field(name=name, kind="integer", meaning=meaning)


def _amount(name: str, meaning: str = "") -> Field:
    return Field(name=name, kind="decimal", meaning=meaning)


def _loose(name: str, meaning: str = "") -> Field:
    return Field(name=name, kind="json", meaning=meaning)


def _one(name: str, members: Fields, meaning: str = "") -> Field:
    return Field(name=name, kind="object", members=members, meaning=meaning)


def _many(name: str, members: Fields, meaning: str = "") -> Field:
    return Field(name=name, kind="list", members=members, meaning=meaning)


_ID: Final = _number("id")
_TIMES: Final = (_time("createdAt"), _time("updatedAt"))
_NAMED: Final = (_ID, _text("name"))
_USER: Final = (_ID, _text("username"), _text("name"), _flag("deleted", "Whether the user left."), _text("pictureURL"))
_PARTY: Final = (_ID, *_all("text", "type", "firstName", "lastName", "name", "pictureURL"))
_TASK: Final = (_ID, _text("description"))
_CATEGORY: Final = (_ID, _text("name"), _text("colour"))

_TAGS: Final = _many("tags", (*_NAMED, _flag("dataTag", "Whether the tag brings custom fields of its own.")))
_FIELDS: Final = _many(
    "fields",
    (
        _ID,
        _loose("value", "Text, or true and false; numbers and dates come as text."),
        _one("definition", _NAMED, "The custom field."),
        _number("tagId", "The data tag that the field belongs to, if to any."),
    ),
)
_EMBEDDED: Final = (_TAGS, _FIELDS, _flag("missingImportantFields"))

CONTACT: Final = (
    _ID,
    _text("type", "person or organisation."),
    *_all("text", "title", "firstName", "lastName", "jobTitle"),
    _text("name", "Of an organisation."),
    _one("organisation", _PARTY, "Where a person works."),
    _text("about"),
    *_TIMES,
    _time("lastContactedAt"),
    _one("owner", _USER),
    _one("team", _NAMED),
    _many("addresses", (_ID, *_all("text", "type", "street", "city", "state", "country", "zip"))),
    _many("phoneNumbers", (_ID, *_all("text", "type", "number"))),
    _many("websites", (_ID, *_all("text", "type", "service", "address", "url"))),
    _many("emailAddresses", (_ID, *_all("text", "type", "address"))),
    _text("pictureURL"),
    _loose("enrichment", "Undocumented."),
)
PARTY: Final = (*CONTACT, *_EMBEDDED)
OPPORTUNITY: Final = (
    _ID,
    _text("name"),
    _text("description"),
    *_TIMES,
    _one("party", _PARTY, "The main contact."),
    _one("owner", _USER),
    _one("team", _NAMED),
    _one("milestone", _NAMED),
    _one("lastOpenMilestone", _NAMED, "The milestone before it was closed."),
    _one("value", (_amount("amount"), _text("currency"))),
    _number("probability", "In percent."),
    _text("durationBasis", "What the value counts for: FIXED, or each HOUR, DAY, WEEK, MONTH, QUARTER, YEAR."),
    _number("duration", "How many of them."),
    _day("expectedCloseOn"),
    _day("closedOn"),
    _one("lostReason", _NAMED),
    _time("lastContactedAt"),
    _time("lastStageChangedAt"),
    *_EMBEDDED,
)
PROJECT: Final = (
    _ID,
    _text("name"),
    _text("description"),
    _text("status", "OPEN or CLOSED."),
    *_TIMES,
    _one("party", _PARTY, "The main contact."),
    _one("owner", _USER),
    _one("team", _NAMED),
    _one("opportunity", _NAMED),
    _one("stage", _NAMED),
    _day("startOn", "Undocumented."),
    _day("expectedCloseOn"),
    _day("closedOn"),
    _time("lastContactedAt"),
    *_EMBEDDED,
)
TASK: Final = (
    _ID,
    _text("description"),
    _text("detail"),
    _text("status", "OPEN, COMPLETED, or PENDING while a track holds it back."),
    _one("category", _CATEGORY),
    _day("dueOn"),
    Field(name="dueTime", kind="time", meaning="In the owner's time zone."),
    _one("party", _PARTY),
    _one("opportunity", _NAMED),
    _one("kase", _NAMED, "The project."),
    _one("owner", _USER),
    *_TIMES,
    _time("completedAt"),
    _text("completedBy"),
    _one("repeat", (_number("interval"), _text("frequency"), _loose("on")), "How often the task comes again."),
    _one("nextTask", _TASK),
    _flag("hasTrack"),
    _number("daysAfter"),
    _text("taskDelayRule"),
    _text("taskDayDelayRule"),
    _flag("active", "Undocumented."),
    _loose("overrideToCurrentUser", "Undocumented."),
)
ENTRY: Final = (
    _ID,
    _text("type", "note, email, or task: a completed one."),
    *_TIMES,
    _time("entryAt"),
    _text("subject", "Of an e-mail."),
    _text("content"),
    _one("activityType", _NAMED),
    _one("creator", _USER),
    _one("party", _PARTY),
    _one("opportunity", _NAMED),
    _one("kase", _NAMED, "The project."),
    _many("attachments", (_ID, _text("filename"), _text("contentType"), _number("size", "In bytes."))),
    _many("parties", _PARTY, "Whom an e-mail is about."),
    _many("participants", (_ID, *_all("text", "name", "address", "role")), "Who wrote an e-mail, and to whom."),
)
USER: Final = (
    _ID,
    *_all("text", "username", "name", "status", "locale", "timezone", "currency"),
    _one("party", _PARTY, "The user as a person in the account."),
    *_all("text", "emailPreference", "clickToCallPreference", "preferredEmailFromAddress"),
    *_all("boolean", "taskReminder", "loggedIn", "deleted"),
    _time("lastLoginAt"),
    _text("pictureURL"),
)
TEAM: Final = (*_NAMED, *_TIMES, _many("memberships", (_one("user", _USER),)))
TAG: Final = (*_NAMED, _text("description"), _flag("dataTag", "Whether the tag brings custom fields of its own."))
DEFINITION: Final = (
    *_NAMED,
    _text("description"),
    _text("type", "text, date, list, boolean, number, link and others."),
    _one("tag", _NAMED, "The data tag that the field belongs to, if to any."),
    _text("captureRule", "Whether only persons or only organisations have it."),
    _many("options", (_text("value"),), "What a list may hold."),
    _flag("important"),
    _number("displayOrder"),
)
PIPELINE: Final = (*_NAMED, _text("description"), _flag("deleted", "Whether it is archived."), *_TIMES)
MILESTONE: Final = (
    *_NAMED,
    _text("description"),
    _flag("complete", "Whether it closes an opportunity."),
    _number("probability", "In percent."),
    _number("daysUntilStale"),
    _one("pipeline", _NAMED),
    *_TIMES,
)
BOARD: Final = PIPELINE
STAGE: Final = (*_NAMED, _text("description"), _one("board", _NAMED), _number("displayOrder"), *_TIMES)
LOST_REASON: Final = (*_NAMED, _flag("includedForConversion", "Whether it counts in conversion figures."), *_TIMES)
TRACK_DEFINITION: Final = (
    _ID,
    _text("description"),
    _text("tag", "Tags that it puts on a record."),
    _text("captureRule", "What it runs on: PARTY, OPPORTUNITY or CASEFILE."),
    _text("direction", "START_DATE or END_DATE: where days are counted from."),
    *_TIMES,
    _many(
        "taskDefinitions",
        (
            _ID,
            _text("description"),
            _text("daysAfterRule"),
            _number("daysAfter"),
            _text("dayDelayRule"),
            _number("displayOrder"),
            _one("category", _CATEGORY),
            _one("trackTaskAssignee", (_text("assigneeType"), _one("owner", _USER))),
            *_TIMES,
        ),
    ),
)
TRACK: Final = (_ID, _text("description"), _day("trackDateOn"), _text("direction"), _many("tasks", _TASK))
CATEGORY: Final = _CATEGORY
ACTIVITY_TYPE: Final = (
    *_NAMED,
    _one("icon", (_ID, *_all("text", "displayName", "iconName"), _flag("isSystem"), _number("order"))),
    _flag("updateLastContacted"),
)
GOAL: Final = (
    *_NAMED,
    _text("type", "What is counted, as one of Capsule's five fixed ids."),
    _text("frequency"),
    _text("status"),
    _day("startOn"),
    _day("endOn"),
    _amount("value", "Money, or how many."),
    _text("currency"),
    _one("user", _USER),
    _one("pipeline", _NAMED),
    _one("milestone", _NAMED),
    *_TIMES,
)
GOAL_PERIOD: Final = (
    _ID,
    _one("goal", (_ID,)),
    _day("startOn"),
    _day("endOn"),
    _day("completedOn"),
    _amount("targetValue"),
    _amount("currentValue"),
)
TITLE: Final = (_ID, _text("title"))
COUNTRY: Final = (*_all("text", "name", "alpha2Code", "alpha3Code"), _number("numericCode"), _loose("dialCode"))
CURRENCY: Final = tuple(_all("text", "code", "symbol", "name", "pluralName"))
SITE: Final = tuple(_all("text", "subdomain", "name", "url"))
REST_HOOK: Final = (
    _ID,
    _one("user", _USER),
    _number("clientId", "The application that set it up."),
    *_all("text", "description", "event", "targetUrl", "embed"),
    _flag("batched"),
    *_TIMES,
)


def parent_id(name: str) -> Field:
    """Return the field that names a record's parent, which Consentry adds."""
    return _number(name, "The record whose list this one stood in.")
