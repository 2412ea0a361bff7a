"""Lists that Capsule merges by the ids of their items: e-mail addresses, phone numbers, websites, addresses, tags.

An item without an id is added, one with an id changed, one with ``_delete`` removed; an empty list changes nothing. So
what is sent is the difference to what is there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from consentry.connectors.capsule.choices import ADDRESS_PARTS, COUNTRIES, SERVICES
from consentry.connectors.capsule.draft import Draft
from consentry.connectors.comparing import is_blank, loose, pair, tidy
from consentry.connectors.contract import Record
from consentry.connectors.resolving import Unfit

_ADDRESS: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_PHONE_NOISE: Final = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_WEB_START: Final = re.compile(r"^(?:https?://)?(?:www\.)?", re.IGNORECASE)
_ALSO_CALLED: Final = {
    "uk": "United Kingdom",
    "great britain": "United Kingdom",
    "england": "United Kingdom",
    "scotland": "United Kingdom",
    "wales": "United Kingdom",
    "america": "United States",
    "united states of america": "United States",
}

Parts = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the items of one list look."""

    name: str
    parts: tuple[str, ...]  # in the order in which people read them
    main: str | None  # what a plain text stands for; None: an item is always an object
    told_by: str = "type"  # the part that emailAddresses.Work names
    defaults: Mapping[str, str] = field(default_factory=dict)


_FORMS: Final = (
    Form(name="emailAddresses", parts=("address",), main="address"),
    Form(name="phoneNumbers", parts=("number",), main="number"),
    Form(name="websites", parts=("address",), main="address", told_by="service", defaults={"service": "URL"}),
    Form(name="addresses", parts=ADDRESS_PARTS, main=None),
)


def put_lists(draft: Draft) -> None:
    """Send what makes the record's contact data as the row wants it."""
    for form in _FORMS:
        names = [name for name in draft.row if name == form.name or name.startswith(form.name + ".")]
        if any(draft.says(name) for name in names):
            _put_list(draft, form, names)


def put_tags(draft: Draft) -> None:
    """Add the tags that are missing, by name; with `replace`, remove the others."""
    if not draft.says("tags"):
        return
    wanted = tags_of(draft.row.get("tags"))
    there: list[Record] = draft.now("tags") or []
    names = {loose(tag.get("name")) for tag in there}
    missing = [tag for tag in wanted if loose(tag) not in names]
    kept = {loose(tag) for tag in wanted}
    spare = [tag for tag in there if loose(tag.get("name")) not in kept] if draft.wish.nested == "replace" else []
    send_tags(draft, missing, spare)


def add_tags(draft: Draft) -> None:
    """Add the tags that are missing, whatever the destination does with lists."""
    names = {loose(tag.get("name")) for tag in draft.now("tags") or []}
    send_tags(draft, [tag for tag in tags_of(draft.row.get("tags")) if loose(tag) not in names], [])


def remove_tags(draft: Draft) -> None:
    """Remove the tags that the record carries among those that the row names."""
    unwanted = {loose(tag) for tag in tags_of(draft.row.get("tags"))}
    there: list[Record] = draft.now("tags") or []
    send_tags(draft, [], [tag for tag in there if loose(tag.get("name")) in unwanted])


def send_tags(draft: Draft, missing: Sequence[str], spare: Sequence[Record]) -> None:
    """Send tags to add, and those to remove by their ids."""
    if not missing and not spare:
        return
    there = [str(tag.get("name")) for tag in draft.now("tags") or []]
    gone = {tag.get("id") for tag in spare}
    left = [str(tag.get("name")) for tag in draft.now("tags") or [] if tag.get("id") not in gone]
    items = [{"id": tag["id"], "_delete": True} for tag in spare] + [{"name": name} for name in missing]
    draft.put("tags", items, old=there, new=[*left, *missing])


def tags_of(value: Any) -> list[str]:
    """Return the names of tags that a value holds, each once."""
    several = value if isinstance(value, list) else str(value or "").split(";")
    names = [tidy(tag.get("name") if isinstance(tag, dict) else tag) for tag in several]
    return list({loose(name): name for name in reversed(names) if name}.values())[::-1]


def _put_list(draft: Draft, form: Form, names: Sequence[str]) -> None:
    replacing = draft.wish.nested == "replace"
    wanted: list[Parts] = []
    for name in names:
        if draft.says(name):
            draft.attempt(name, partial(_collect, draft, form, name, wanted))
    there: list[Record] = draft.now(form.name) or []
    likenesses = (_is_alike_and_told, _is_alike, _is_told) if replacing else (_is_alike_and_told, _is_alike)
    partners, spare = pair(wanted, there, *(partial(like, form) for like in likenesses))
    gone = _unwanted(draft, form, names, spare) if replacing else []
    items = [{"id": record["id"], "_delete": True} for record in gone]
    after = {id(record): dict(record) for record in there if not any(record is each for each in gone)}
    for item, partner in zip(wanted, partners, strict=True):
        change = _difference(form, item, partner, replacing=replacing)
        if change:
            items.append(change if partner is None else {"id": partner["id"], **change})
            key = id(item if partner is None else partner)
            after[key] = after.get(key, {}) | change
    if items:
        old, new = [_shown(form, each) for each in there], [_shown(form, each) for each in after.values()]
        draft.put(form.name, items, old=old, new=new)


def _unwanted(draft: Draft, form: Form, names: Sequence[str], spare: Sequence[Record]) -> list[Record]:
    """Return what is to be removed: of a whole list all that is left over, else what a cleared type names."""
    if draft.says(form.name):
        return list(spare)
    cleared = {loose(name.removeprefix(form.name + ".")) for name in names if draft.clears(name)}
    return [record for record in spare if loose(record.get(form.told_by)) in cleared]


def _collect(draft: Draft, form: Form, name: str, wanted: list[Parts]) -> None:
    """Add what a field of the row wants to the list of items; raises Unfit."""
    value = draft.row[name]
    if name == form.name:
        several = value if isinstance(value, list) else [] if is_blank(value) else [value]
        for each in several:
            _join(form, wanted, _checked(draft, form, _item(form, each)))
        return
    kind, dot, part = name.removeprefix(form.name + ".").partition(".")
    if dot:
        if draft.wish.nested == "replace" or not is_blank(value):
            _join_part(form, wanted, _checked(draft, form, {form.told_by: kind, part: value}))
    elif not is_blank(value):
        _join(form, wanted, _checked(draft, form, {form.told_by: kind, form.main or "": value}))


def _item(form: Form, value: Any) -> Parts:
    if isinstance(value, Mapping):
        known = {*form.parts, form.told_by, "type"}
        return {part: each for part, each in value.items() if part in known and not is_blank(each)}
    if form.main is None:
        raise Unfit(f"An address is an object with {', '.join(form.parts)} and type, not a text.")
    return {form.main: value}


def _checked(draft: Draft, form: Form, item: Parts) -> Parts:
    """Return an item as Capsule takes it; raises Unfit."""
    tidied = {part: None if is_blank(value) else tidy(value) for part, value in item.items()}
    if form.main is not None and not tidied.get(form.main):
        raise Unfit(f"An item of this list needs its {form.main}.")
    if form.name == "emailAddresses" and not _ADDRESS.fullmatch(tidied["address"] or ""):
        raise Unfit(f"“{tidied['address']}” isn't an e-mail address.")
    if form.told_by == "service":
        tidied["service"] = _service(tidied.get("service") or form.defaults["service"])
    country = tidied.get("country")
    if country:
        tidied["country"] = country_of(draft, country)
    return tidied


def country_of(draft: Draft, value: str) -> str:
    """Return Capsule's name of a country that is given by name or code; raises Unfit."""
    also = _ALSO_CALLED.get(loose(value))
    known = [each.get("name") for each in draft.known.records.get("countries") or ()]
    return str(draft.look(also if also in known else value, COUNTRIES, title="Country")["name"])


def _service(value: str) -> str:
    found = next((each for each in SERVICES if loose(each) == loose(value).replace(" ", "_")), None)
    if found is None:
        raise Unfit(f"“{value}” is no service that Capsule knows for websites. There are: {', '.join(SERVICES)}.")
    return found


def _join(form: Form, wanted: list[Parts], item: Parts) -> None:
    """Add an item, or give its type to the same one that was named without."""
    twin = next((each for each in wanted if _is_alike(form, item, each) and _agrees(form, item, each)), None)
    if twin is None:
        wanted.append(item)
    else:
        twin.update({part: value for part, value in item.items() if is_blank(twin.get(part))})


def _join_part(form: Form, wanted: list[Parts], item: Parts) -> None:
    same_kind = next((each for each in wanted if _is_told(form, item, each)), None)
    if same_kind is None:
        wanted.append(item)
    else:
        same_kind.update(item)


def _is_alike_and_told(form: Form, wanted: Parts, record: Mapping[str, Any]) -> bool:
    return _is_alike(form, wanted, record) and (is_blank(wanted.get("type")) or _same(wanted, record, "type"))


def _is_told(form: Form, wanted: Parts, record: Mapping[str, Any]) -> bool:
    return not is_blank(wanted.get(form.told_by)) and _same(wanted, record, form.told_by)


def _is_alike(form: Form, wanted: Parts, record: Mapping[str, Any]) -> bool:
    """Tell whether two items are the same to people, whatever their types."""
    if form.name == "addresses":
        return _agrees(form, wanted, record) and _is_same_place(wanted, record)
    if form.name == "websites":
        pages = {_page(record.get("address")), _page(record.get("url"))} - {""}
        return _service_of(wanted) == _service_of(record) and _page(wanted.get("address")) in pages
    if form.name == "phoneNumbers":
        return _digits(wanted.get("number")) == _digits(record.get("number"))
    return _same(wanted, record, "address")


def _is_same_place(wanted: Parts, record: Mapping[str, Any]) -> bool:
    """Tell whether all that is known of two addresses agrees: more than the country, or all that is wanted."""
    both = [part for part in ADDRESS_PARTS if not is_blank(wanted.get(part)) and not is_blank(record.get(part))]
    all_wanted = len(both) == sum(not is_blank(wanted.get(part)) for part in ADDRESS_PARTS)
    enough = bool(both) and (all_wanted or any(part != "country" for part in both))
    return enough and all(_same(wanted, record, part) for part in both)


def _agrees(form: Form, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    kinds = [each.get(form.told_by) for each in (one, other)]
    return any(map(is_blank, kinds)) or _same(one, other, form.told_by)


def _same(one: Mapping[str, Any], other: Mapping[str, Any], part: str) -> bool:
    return loose(one.get(part) or "") == loose(other.get(part) or "")


def _service_of(item: Mapping[str, Any]) -> str:
    return loose(item.get("service") or "URL")


def _page(value: Any) -> str:
    return _WEB_START.sub("", loose(value or "")).rstrip("/")


def _digits(value: Any) -> str:
    return _PHONE_NOISE.sub("", loose(value or ""))


def _difference(form: Form, item: Parts, partner: Record | None, *, replacing: bool) -> Parts:
    """Return what has to be sent of an item: all of a new one, of one that is there what differs or is missing."""
    if partner is None:
        return {part: value for part, value in item.items() if not is_blank(value)}
    if not replacing:
        return {p: value for p, value in item.items() if not is_blank(value) and is_blank(partner.get(p))}
    alike = _is_alike(form, item, partner) and form.name in ("emailAddresses", "websites")
    settled = {form.main, "service"} if alike else set()
    return {part: value for part, value in item.items() if part not in settled and not _is_set(part, value, partner)}


def _is_set(part: str, value: Any, partner: Record) -> bool:
    now = partner.get(part)
    if part in ("type", "service", "country") or is_blank(value):
        return loose(value or "") == loose(now or "")
    return not is_blank(now) and tidy(value) == tidy(now)


def _shown(form: Form, item: Mapping[str, Any]) -> str:
    text = ", ".join(str(item[part]) for part in form.parts if not is_blank(item.get(part)))
    told = item.get(form.told_by)
    return text if is_blank(told) else f"{text} ({told})"
